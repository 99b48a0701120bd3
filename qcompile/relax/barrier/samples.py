"""The Newton system in the space of samples: unknowns dl (n) and dL (k D).

Every data matrix has rank one, so with Z^ the rows sqrt(w_i) z_i the system is made of
elementwise squares (s = +1 for the cone of A, -1 for that of B):

    sum (Z^ W Z^')^2 + diag(curvature)     sum s ((Z^ W)^2)
    s ((Z^ W)^2)'                          W^2 + diag(inverse)        + sum tau a a'

One step costs n^2 D multiplications per cone (BLAS 3, one triangle) and one Cholesky
factorisation of order n + k D.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from qcompile.relax.barrier.linearise import Linear
from qcompile.relax.barrier.model import Model

BLOCK = 256  # columns at a time: the squared block stays in the cache


class SampleSystem:
    """Factorised Newton matrix; ``solve`` applies its inverse.

    The memory is allocated once per problem and reused by every factorisation.
    """

    REFINED = True

    def __init__(self, model: Model) -> None:
        """Allocate for a model."""
        self.matrix = np.zeros((model.n + model.k * model.size,) * 2, order="F")

    def factor(self, model: Model, linear: Linear, jitter: float) -> bool:
        """Form and factorise; False where rounding has left the matrix indefinite.

        Args:
            model: the one given at construction.
            linear: the point.
            jitter: relative increase of the diagonal.
        """
        n, size, k, w = model.n, model.size, model.k, model.problem.weight
        h = self.matrix
        for start in range(0, n, BLOCK):
            stop = min(start + BLOCK, n)
            block = h[start:n, start:stop]
            for side, x in enumerate(linear.scaled):
                product = (x[start:stop] @ x[start:].T).T
                if side == 0:
                    np.multiply(product, product, out=block)
                else:
                    np.multiply(product, product, out=product)
                    block += product
        h[n:, :] = 0.0
        for side, one in enumerate(linear.scalings):
            cross = linear.scaled[side] @ one.g.T
            np.multiply(cross, cross, out=cross)
            here = slice(n + side % k * size, n + (side % k + 1) * size)
            if side == 0:
                h[here, :n] += cross.T
            else:
                h[here, :n] -= cross.T
            h[here, here] += one.w * one.w
        diagonal = np.einsum("ii->i", h)
        diagonal[:n] += linear.curvature
        diagonal[n:] += linear.inverse.ravel()
        for update in linear.updates:
            here = slice(n + update.side * size, n + (update.side + 1) * size)
            h[here, here] += update.tau * np.outer(update.share, update.share)
            if update.lean:
                lean = update.tau * update.lean * w
                h[:n, :n] += update.lean * np.outer(lean, w)
                h[here, :n] += np.outer(update.share, lean)
        diagonal *= 1.0 + jitter
        _, info = lapack.dpotrf(h, lower=1, overwrite_a=1, clean=0)
        return bool(info == 0)

    def solve(
        self, dual: NDArray[np.float64], diagonal: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Apply the inverse to the right-hand sides (n,) and (k, D); returns dl and dL."""
        right = np.concatenate([dual, diagonal.ravel()])
        x = lapack.dpotrs(self.matrix, right, lower=1)[0]
        return x[: len(dual)], x[len(dual) :].reshape(diagonal.shape)
