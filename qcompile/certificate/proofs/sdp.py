"""docs/theory.md#diagonal-bound: L + G and L - G positive semidefinite.

Two vectors per neuron, one diagonal L: u'Gv = s'Gs - t'Gt with s = (u + v)/2, t = (u - v)/2,
so |u'Gv| <= sum_k L_k (s_k^2 + t_k^2) <= sum_k max(L_k, 0), as s_k^2 + t_k^2 <= 1.
One vector per neuron, a diagonal for each sign: -u'Gu <= u' L_A u <= sigma(L_A) where
L_A + G is PSD, u'Gu <= sigma(L_B) where L_B - G is, and sigma(L) = sum_k max(L_k, floor_k L_k)
because u_k^2 lies in [floor_k, 1].

The multiplier need not be feasible: what an eigenvalue lacks is added to the diagonal first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.certificate.price import Price
from qcompile.certificate.rounding_error import TINY, gamma, least_eigenvalue, weighted_moments
from qcompile.errors import ModelError
from qcompile.model.arrays import UNIT_ROUNDOFF
from qcompile.model.grid import floor
from qcompile.problem.families import FAMILIES
from qcompile.problem.problem import Problem


def price_matrix(problem: Problem, dual: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """G of the family, recomputed from the integers, and a bound on the norm of its error.

    Each entry is pattern_kl times a moment: one more rounding. The spectral norm of a symmetric
    error matrix is at most its largest row sum.
    """
    family = FAMILIES[problem.family]
    pattern = family.pattern(problem)
    size = len(pattern)
    moments, entry = weighted_moments(problem.q, problem.unit, problem.weight, dual)
    g = pattern * moments[:size, :size]
    row = np.abs(pattern).sum(axis=1).max() * (1 + gamma(size))
    rounding = UNIT_ROUNDOFF * np.abs(g).sum(axis=1).max() * (1 + gamma(size))
    return g, float(row * entry + rounding) * (1 + 8 * UNIT_ROUNDOFF) + TINY


def price(problem: Problem, dual: NDArray[np.float64], arrays: Mapping[str, NDArray[Any]]) -> Price:
    """Bound the price of every atom by the diagonals in ``arrays["multiplier"]``.

    Args:
        problem: gives the data, the family and the grid.
        dual: (n,) finite.
        arrays: ``multiplier`` (1, D) for two vectors per neuron, (2, D) for one.

    Raises:
        ModelError: the multiplier is missing, has the wrong shape, or is not finite.
    """
    family = FAMILIES[problem.family]
    g, error = price_matrix(problem, dual)
    size = len(g)
    rows = 1 if family.VECTORS == 2 else 2
    multiplier = arrays.get("multiplier")
    if multiplier is None or multiplier.shape != (rows, size) or not np.isfinite(multiplier).all():
        shape = None if multiplier is None else multiplier.shape
        raise ModelError(
            f"the certificate's multiplier has shape {shape} or is not finite; "
            f"the {problem.family} family over this problem needs ({rows}, {size}) finite numbers."
        )
    floors = np.zeros(size)
    if family.VECTORS == 1:
        floors[:] = 1.0  # the lifted corner is exactly 1
        floors[: problem.d] = floor(problem.weights)
    bounds = [_sigma(multiplier[side % rows], floors, g if side == 0 else -g, error) for side in (0, 1)]
    if rows == 1:  # both cones share one diagonal, so the larger shift serves both
        worst = max(bounds, key=lambda b: b.upper)
        return Price(max(b.value for b in bounds), worst.upper - max(b.value for b in bounds))
    return max(bounds, key=lambda b: b.upper)


def _sigma(diagonal: NDArray[Any], floors: NDArray[Any], g: NDArray[Any], error: float) -> Price:
    """Sigma of the diagonal, raised by what diag(diagonal) + g lacks to be PSD."""
    m = g.copy()
    m[np.diag_indices(len(m))] += diagonal
    added = UNIT_ROUNDOFF * float(np.abs(np.diag(m)).max())
    estimate, proved = least_eigenvalue(m)
    shift = max(0.0, -estimate)
    proved_shift = max(0.0, -proved + (error + added) * (1 + 8 * UNIT_ROUNDOFF))
    value = _support(diagonal + shift, floors)
    raised = np.nextafter(diagonal + proved_shift, np.inf)
    size = np.abs(raised).max() * len(raised)
    upper = _support(raised, floors) + 4 * UNIT_ROUNDOFF * float(size)
    return Price(value, max(0.0, upper - value))


def _support(diagonal: NDArray[Any], floors: NDArray[Any]) -> float:
    return math.fsum(np.maximum(diagonal, floors * diagonal))


def scale(arrays: Mapping[str, NDArray[Any]], factor: float) -> dict[str, NDArray[Any]]:
    """The proof for factor * dual: G, L and their cones scale together."""
    return {"multiplier": arrays["multiplier"] * factor}
