"""The Newton system in the space of moments: unknowns E = H(dl) and dL, for n well above D(D+1)/2.

With F F' = M = sum_i (w_i^2 / curvature_i) m_i m_i', m_i = [svec(z_i z_i'); 1 if there is a
constant], Y = W E W summed over cones as a matrix K on svec, and V the derivative of Y by dL:

    dl = (right - w m'y) / curvature,  y = K E + V dL,  E = e0 - M y,
    e0 = sum_i w_i right_i m_i / curvature_i

and E = F x turns this into a positive definite system in (x, dL), whatever the rank of M:

    [ I + F'K F    F'V ] [x ]   [F^+ e0]
    [ V'F          H_LL] [dL] = [right ]

One step costs n N^2 + 4 N^3 with N = D(D+1)/2, and never forms anything of order n.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from qcompile.relax.barrier.linearise import Linear
from qcompile.relax.barrier.model import SIGNS, Model

ROWS = 2048  # rows of m formed at a time


class MomentSystem:
    """Factorised Newton matrix; ``solve`` applies its inverse."""

    REFINED = True

    def __init__(self, model: Model) -> None:
        """Index svec for a model."""
        self.model = model
        self.first, self.second = np.tril_indices(model.size)
        # svec scales off-diagonal entries by sqrt 2, so that inner products agree.
        self.scale = np.where(self.first == self.second, 1.0, np.sqrt(2.0))
        self.constant = model.relaxation.constant != 0.0
        self.count = len(self.first) + int(self.constant)

    def factor(self, model: Model, linear: Linear, jitter: float) -> bool:
        """Form and factorise; arguments as in ``SampleSystem.factor``."""
        size, k = model.size, model.k
        self.curvature = linear.curvature
        self._moments()
        kernel = np.zeros((self.count, self.count))
        cross = np.zeros((self.count, k * size))
        corner = np.zeros((k * size, k * size))
        i, j, pairs = self.first, self.second, len(self.first)
        for side, one in enumerate(linear.scalings):
            w, here = one.w, slice(side % k * size, (side % k + 1) * size)
            part = w[np.ix_(i, i)] * w[np.ix_(j, j)]
            part += w[np.ix_(i, j)] * w[np.ix_(j, i)]
            kernel[:pairs, :pairs] += part * (0.5 * np.outer(self.scale, self.scale))
            cross[:pairs, here] += SIGNS[side] * self.scale[:, None] * w[i] * w[j]
            corner[here, here] += w * w
        for update in linear.updates:
            here = slice(update.side * size, (update.side + 1) * size)
            corner[here, here] += update.tau * np.outer(update.share, update.share)
            if self.constant:
                kernel[-1, -1] += update.tau * update.lean**2
                cross[-1, here] += update.tau * update.lean * update.share
        corner[np.diag_indices(k * size)] += linear.inverse.ravel()
        self.kernel, self.cross = kernel, cross
        rank = self.basis.shape[1]
        matrix = np.empty((rank + k * size,) * 2, order="F")
        matrix[:rank, :rank] = self.basis.T @ (kernel @ self.basis)
        matrix[np.arange(rank), np.arange(rank)] += 1.0
        matrix[rank:, :rank] = cross.T @ self.basis
        matrix[rank:, rank:] = corner
        matrix[np.diag_indices(len(matrix))] *= 1.0 + jitter
        self.lower, info = lapack.dpotrf(matrix, lower=1, overwrite_a=1, clean=0)
        return bool(info == 0)

    def solve(
        self, dual: NDArray[np.float64], diagonal: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Apply the inverse to the right-hand sides (n,) and (k, D); returns dl and dL."""
        rank = self.basis.shape[1]
        e0 = self._collect(dual / self.curvature)
        x0 = blas.dtrsv(self.triangle, e0[self.pivot[:rank]], lower=1)
        x = lapack.dpotrs(self.lower, np.concatenate([x0, diagonal.ravel()]), lower=1)[0]
        d_diagonal = x[rank:].reshape(diagonal.shape)
        y = self.kernel @ (self.basis @ x[:rank]) + self.cross @ x[rank:]
        return (dual - self._spread(y)) / self.curvature, d_diagonal

    def _moments(self) -> None:
        """M = sum_i (w_i^2 / curvature_i) m_i m_i', and F of its pivoted Cholesky factorisation."""
        m = np.zeros((self.count, self.count), order="F")
        z, w = self.model.relaxation.factors, self.model.problem.weight
        root = w / np.sqrt(self.curvature)
        for start in range(0, len(z), ROWS):
            rows = z[start : start + ROWS]
            block = np.empty((len(rows), self.count))
            block[:, : len(self.first)] = rows[:, self.first] * rows[:, self.second] * self.scale
            if self.constant:
                block[:, -1] = 1.0
            block *= root[start : start + ROWS, None]
            m = blas.dsyrk(1.0, block.T, beta=1.0, c=m, lower=1, overwrite_c=1)
        lower, pivot, rank, _ = lapack.dpstrf(m, lower=1, overwrite_a=1, tol=-1.0)
        self.pivot = pivot - 1
        triangle = np.tril(lower[:, :rank])
        self.triangle = np.asfortranarray(triangle[:rank])
        self.basis = np.empty_like(triangle)
        self.basis[self.pivot] = triangle

    def _collect(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """sum_i w_i x_i m_i."""
        out = np.empty(self.count)
        out[: len(self.first)] = self.model.moment(x)[self.first, self.second] * self.scale
        if self.constant:
            out[-1] = self.model.problem.weight @ x
        return out

    def _spread(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """w_i m_i'y for every sample."""
        z = np.zeros((self.model.size,) * 2)
        z[self.first, self.second] = y[: len(self.first)] / self.scale
        z = z + z.T
        z[np.diag_indices(len(z))] *= 0.5
        f = self.model.forms(z)
        return self.model.problem.weight * (f + y[-1] if self.constant else f)
