"""Nesterov-Todd scaling [NT97] of a pair of positive definite matrices, and how far a step may go.

G with G' S G = G^-1 A G^-T = diag(d): in these coordinates both matrices are the same
diagonal, W = G G' maps S to A (A = W S W), and the linearised complementarity
A S = target reads dA~ + dS~ = T with dA = G dA~ G', dS~ = G' dS G.
A is only ever held by a factor F, A = F F', so that it cannot lose definiteness to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, lapack


@dataclass(frozen=True, eq=False)
class Scaling:
    """The scaling of one cone.

    Attributes:
        g: (D, D) float64, see the module docstring.
        d: (D,) float64 positive: square roots of the eigenvalues of A S.
        w: (D, D) G G'.
    """

    g: NDArray[np.float64]
    d: NDArray[np.float64]
    w: NDArray[np.float64]


def scale(factor: NDArray[np.float64], s: NDArray[np.float64]) -> Scaling:
    """Scaling of A = factor factor' and S, from the eigenvectors of factor' S factor.

    Their eigenvalues are those of A S, which the method keeps within a few orders of magnitude
    of each other, so squaring loses nothing.
    """
    values, vectors = eigh(factor.T @ s @ factor, driver="evd", check_finite=False)
    d = np.sqrt(np.maximum(values, 1e-300))
    g = (factor @ vectors) / np.sqrt(d)
    return Scaling(g, d, g @ g.T)


def definite(matrix: NDArray[Any]) -> NDArray[np.float64] | None:
    """Lower Cholesky factor, or None where the matrix is not positive definite."""
    lower, info = lapack.dpotrf(matrix, lower=1, clean=1)
    return lower if info == 0 else None


def longest_step(
    scaling: Sequence[Scaling], moves: Sequence[NDArray[np.float64]], limit: float, rounds: int = 7
) -> float:
    """A step t <= limit, near the longest, with every diag(d) + t move positive definite.

    Bisection on Cholesky factorisations: a dozen of them cost less than one eigenvalue solve.

    Args:
        scaling: one per move.
        moves: (D, D) symmetric, in scaled coordinates.
        limit: positive.
        rounds: of bisection; the answer is within limit / 2^rounds of the longest.
    """
    relative = []
    for one, move in zip(scaling, moves, strict=True):
        root = 1.0 / np.sqrt(one.d)
        relative.append(root[:, None] * move * root)

    def inside(t: float) -> bool:
        for move in relative:
            trial = (t * move).T  # column-major, as LAPACK wants it: no copy
            np.einsum("ii->i", trial)[...] += 1.0
            if lapack.dpotrf(trial, lower=1, clean=0, overwrite_a=1)[1] != 0:
                return False
        return True

    if inside(limit):
        return limit
    low, high = 0.0, limit
    for _ in range(rounds):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if inside(middle) else (low, middle)
    while low == 0.0 and high > 1e-12:
        high *= 0.25
        low = high if inside(high) else 0.0
    return low
