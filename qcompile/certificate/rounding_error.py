"""Rigorous error bounds for the few floating-point steps that a certificate rests on.

u = 2^-53, gamma_k = k u / (1 - k u). A sum of k products in any order is wrong by at most
gamma_k times the sum of their absolute values [Hig02, section 3.1];
this covers every BLAS, blocked, vectorised or fused, that multiplies conventionally.
A Cholesky factorisation of a symmetric M that runs to its end proves
lambda_min(M) >= -sum_j phi_j m_jj, phi_j = gamma_{j+1} / (1 - gamma_{j+1})
[Rum06]: no eigenvalue solver is trusted.
Underflow is covered by the absolute term TINY.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh

from qcompile.model.arrays import UNIT_ROUNDOFF

TINY = 1e-280
ROWS = 256  # rows per partial sum: the error grows with ROWS + n / ROWS instead of n


def gamma(k: int) -> float:
    """Higham's k u / (1 - k u), rounded up.

    >>> gamma(1) >= 2.0**-53
    True
    """
    return k * UNIT_ROUNDOFF / (1.0 - k * UNIT_ROUNDOFF) * (1 + 4 * UNIT_ROUNDOFF)


def weighted_moments(
    q: NDArray[np.int16], unit: int, scale: NDArray[np.float64], dual: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """M = sum_i scale_i dual_i z_i z_i' with z_i = [q_i / unit; 1], and an entrywise error bound.

    The integers are exact in float64; what rounds is scale * dual (1), its product with q_i (1),
    each product and sum inside a block of rows (ROWS), the sum over blocks, and the two
    divisions by unit (2). Since |z_ik| <= 1, an entry is wrong by at most
    gamma_{ROWS + blocks + 4} sum_i scale_i |dual_i|.

    Args:
        q: (n, d) integers, at most ``unit`` in absolute value.
        unit: positive.
        scale: (n,) positive.
        dual: (n,) finite.

    Returns:
        (d + 1, d + 1) float64 symmetric, and the bound.
    """
    n, d = q.shape
    total = np.zeros((d + 1, d + 1))
    coefficients = scale * dual
    for start in range(0, n, ROWS):
        rows = np.ones((min(ROWS, n - start), d + 1))
        rows[:, :d] = q[start : start + ROWS]
        total += (rows.T * coefficients[start : start + ROWS]) @ rows
    total[:d, :] /= unit
    total[:, :d] /= unit
    blocks = -(-n // ROWS)
    size = math.fsum(np.abs(coefficients)) * (1 + 4 * UNIT_ROUNDOFF)
    lower = np.tril(total)  # one triangle defines the matrix, so that it is exactly symmetric
    return lower + np.tril(lower, -1).T, gamma(ROWS + blocks + 8) * size + TINY


def least_eigenvalue(matrix: NDArray[Any]) -> tuple[float, float]:
    """An estimate of the least eigenvalue and a rigorous lower bound on it.

    The estimate guides the shift; the proof is a Cholesky factorisation of matrix - shift I.

    Args:
        matrix: (D, D) float64, exactly symmetric, finite.

    Returns:
        (estimate, bound) with bound <= the least eigenvalue, proved.

    >>> estimate, bound = least_eigenvalue(np.diag([1.0, 2.0]))
    >>> bound <= 1.0 <= bound + 1e-12
    True
    """
    size = len(matrix)
    estimate = float(eigvalsh(matrix, subset_by_index=[0, 0], check_finite=False)[0])
    diagonal = np.diag(matrix)
    spread = float(np.abs(diagonal).max()) + abs(estimate) + TINY
    step = 2 * gamma(size + 2) * (math.fsum(diagonal - estimate) + spread)
    for _ in range(60):
        shift = estimate - step
        shifted = matrix.copy()
        shifted[np.diag_indices(size)] -= shift
        try:
            np.linalg.cholesky(shifted)
        except np.linalg.LinAlgError:
            step *= 4
            continue
        phi = gamma(size + 1) / (1 - gamma(size + 1))
        backward = phi * math.fsum(np.diag(shifted)) * (1 + 8 * UNIT_ROUNDOFF)
        subtraction = UNIT_ROUNDOFF * float(np.diag(shifted).max()) * (1 + 8 * UNIT_ROUNDOFF)
        return estimate, math.nextafter(shift - (backward + subtraction + TINY), -math.inf)
    radius = float(np.abs(matrix).sum(axis=1).max()) * (1 + gamma(size + 1))
    return estimate, -radius
