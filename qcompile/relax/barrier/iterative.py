"""The Newton system by conjugate gradients, for problems whose matrix would not fit or take too long.

The operator costs two products with the data, 4 n D^2 operations, and is never formed. What
makes it converge is the preconditioner: with x_i the scaled rows and g_k the rows of G, the
matrix is a sum over both cones of all products of two coordinates,

    M = sum_cones F F' + diag(curvature) (+) diag(inverse),
    F[i, (a, b)] = s x_ia x_ib (samples),   F[k, (a, b)] = g_ka g_kb (diagonal entries),

and a few dozen principal coordinates of the scaled rows carry nearly all of it (near the
optimum the range of A and of B, far from it the strong directions of the data).
Those pairs are kept exactly; of the rest the samples keep the diagonal and the diagonal
entries their whole block. Woodbury's identity applies the inverse.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, eigh

from qcompile.relax.barrier.linearise import Linear
from qcompile.relax.barrier.model import SIGNS, Model

LEADING = 32  # coordinates per cone whose products are kept: 528 columns of F
RIDGE = 1e-6  # keeps the block of the diagonal entries definite where the leading pairs explain it
ROUNDS = 80
EXACT = 1e-2  # residual asked for, relative to the right-hand side in the preconditioner's norm


class IterativeSystem:
    """Preconditioned conjugate gradients; data products in single precision while the gap is large."""

    REFINED = False  # EXACT is the accuracy it was asked for

    def __init__(self, model: Model) -> None:
        """Keep a single-precision copy of the rows."""
        self.model = model
        self.rows = model.rows.astype(np.float32)
        self.linear: Linear | None = None
        self.rounds = 0

    def factor(self, model: Model, linear: Linear, jitter: float) -> bool:
        """Prepare the operator and its preconditioner at a point.

        Args:
            model: the one given at construction.
            linear: the point.
            jitter: relative increase of the diagonals.
        """
        n, size, k = model.n, model.size, model.k
        self.linear = linear
        self.scaled_w = [one.g @ one.g.T for one in linear.scalings]
        features, rest = [], linear.curvature.copy()
        low = np.zeros((k * size, k * size))
        lead_count = max(1, min(LEADING, size // 2))
        for side, (one, x) in enumerate(zip(linear.scalings, linear.scaled, strict=True)):
            _, turn = eigh(x.T @ x, subset_by_index=[size - lead_count, size - 1], check_finite=False)
            lead, leading_g = x @ turn, one.g @ turn
            i, j = np.triu_indices(turn.shape[1])
            weight = np.where(i == j, 1.0, np.sqrt(2.0))
            sample = (weight * SIGNS[side]) * lead[:, i] * lead[:, j]
            diagonal = weight * leading_g[:, i] * leading_g[:, j]
            rest += np.maximum(
                np.square(np.einsum("na,na->n", x, x)) - np.einsum("nm,nm->n", sample, sample), 0
            )
            here = slice(side % k * size, (side % k + 1) * size)
            square = one.w * one.w
            low[here, here] += square - diagonal @ diagonal.T
            low[here, here][np.diag_indices(size)] += RIDGE * np.diag(square)
            block = np.zeros((n + k * size, sample.shape[1]))
            block[:n] = sample
            block[n + side % k * size : n + (side % k + 1) * size] = diagonal
            features.append(block)
        for update in linear.updates:
            column = np.zeros((n + k * size, 1))
            column[:n, 0] = np.sqrt(update.tau) * update.lean * model.problem.weight
            column[n + update.side * size : n + (update.side + 1) * size, 0] = (
                np.sqrt(update.tau) * update.share
            )
            features.append(column)
        low[np.diag_indices(k * size)] += linear.inverse.ravel()
        low[np.diag_indices(k * size)] *= 1 + max(jitter, 1e-10)
        f = np.hstack(features)
        self.rest = rest * (1 + jitter)
        try:
            self.low = cho_factor(low, lower=True)
            inner = f.T @ self._coarse(f)
            inner[np.diag_indices(len(inner))] += 1.0
            self.inner = cho_factor(inner, lower=True)
        except np.linalg.LinAlgError:
            return False
        self.features = f
        return True

    def _coarse(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        """Inverse of the part beside the leading products."""
        n = len(self.rest)
        top = right[:n] / (self.rest[:, None] if right.ndim == 2 else self.rest)
        return np.concatenate([top, cho_solve(self.low, right[n:])])

    def _precondition(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        coarse = self._coarse(right)
        inner = cho_solve(self.inner, self.features.T @ coarse)
        return coarse - self._coarse(self.features @ inner)

    def _times(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The Newton matrix times (dl, dL)."""
        linear, model = self.linear, self.model
        assert linear is not None
        n, size, k = model.n, model.size, model.k
        dual, diagonal = x[:n], x[n:].reshape(k, size)
        h = (self.rows.T * dual.astype(np.float32)) @ self.rows
        total: Any = np.zeros((size, size))
        out = np.empty_like(x)
        rows = linear.inverse * diagonal
        for side, w in enumerate(self.scaled_w):
            s = SIGNS[side] * h.astype(np.float64)
            s[np.diag_indices(size)] += diagonal[side % k]
            y = w @ s @ w
            total += SIGNS[side] * y
            rows[side % k] += np.diag(y)
        product = self.rows @ total.astype(np.float32)
        out[:n] = np.einsum("nk,nk->n", product, self.rows) + linear.curvature * dual
        weight = model.problem.weight
        for update in linear.updates:
            along = update.tau * (
                update.lean * float(weight @ dual) + float(update.share @ diagonal[update.side])
            )
            out[:n] += along * update.lean * weight
            rows[update.side] += along * update.share
        out[n:] = rows.ravel()
        return out

    def solve(
        self, dual: NDArray[np.float64], diagonal: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Solve for the right-hand sides (n,) and (k, D); returns dl and dL."""
        r = np.concatenate([dual, diagonal.ravel()])
        z = self._precondition(r)
        x, p, old = np.zeros_like(r), z.copy(), float(r @ z)
        enough = EXACT**2 * old
        for _ in range(ROUNDS):
            if old <= enough:
                break
            self.rounds += 1
            q = self._times(p)
            bend = float(p @ q)
            if bend <= 0:  # single precision has nothing more to say about this direction
                break
            x += (old / bend) * p
            r = r - (old / bend) * q
            z = self._precondition(r)
            new = float(r @ z)
            p = z + (new / old) * p
            old = new
        n = len(dual)
        return x[:n], x[n:].reshape(diagonal.shape)
