"""The diagonal of a certificate, from what a training method left behind.

At an optimum (L + G) A = 0 and (L - G) B = 0. With the diagonal rule this reads
L_k rho = -(G Z)_kk for two vectors per neuron, and L_A,k = -(G A)_kk / rho_A,
L_B,k = (G B)_kk / rho_B for one. Away from the optimum the cones are violated; two repairs
are tried, adding a constant to the diagonal and (for positive diagonals) multiplying it,
and the cheaper one is kept: the bound is the better the smaller sigma(L).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh

from qcompile.model.grid import floor
from qcompile.problem.families import FAMILIES
from qcompile.problem.problem import Problem
from qcompile.relax.solution import Solution


def best_multiplier(problem: Problem, solution: Solution, dual: NDArray[Any]) -> NDArray[np.float64]:
    """(1, D) or (2, D) diagonals, feasible up to rounding, with the least cost among those tried."""
    family = FAMILIES[problem.family]
    g = family.gradient(problem, dual)
    size = len(g)
    if family.VECTORS == 2:
        start = _proposed(solution, 1, size)
        if start is None:
            start = _ratio(-np.einsum("kj,jk->k", g, solution.z), solution.rho)[None, :]
        tried = _repairs(np.maximum(start[0], 0.0), (g, -g), np.zeros(size))
        return min(tried, key=lambda pair: pair[0])[1][None, :]
    floors = np.ones(size)
    floors[: problem.d] = floor(problem.weights)
    start = _proposed(solution, 2, size)
    rows = []
    for side, (factor, signed) in enumerate(((solution.positive, g), (solution.negative, -g))):
        if start is None:
            radius = float(np.einsum("kr,kr->k", factor, factor).max(initial=0.0))
            diagonal = _ratio(-np.einsum("kr,kr->k", signed @ factor, factor), radius)
        else:
            diagonal = start[side]
        rows.append(min(_repairs(diagonal, (signed,), floors), key=lambda pair: pair[0])[1])
    return np.stack(rows)


def _proposed(solution: Solution, rows: int, size: int) -> NDArray[np.float64] | None:
    if solution.multiplier is None:
        return None
    given = np.atleast_2d(np.asarray(solution.multiplier, dtype=np.float64))
    return given if given.shape == (rows, size) and np.isfinite(given).all() else None


def _ratio(numerator: NDArray[Any], radius: float) -> NDArray[np.float64]:
    return numerator / radius if radius > 0 else np.zeros_like(numerator)


def _repairs(
    diagonal: NDArray[Any], cones: tuple[NDArray[Any], ...], floors: NDArray[Any]
) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """Feasible diagonals near ``diagonal`` and their costs sigma."""
    least = min(_least(np.diag(diagonal) + g) for g in cones)
    raised = diagonal + max(0.0, -least)
    yield float(np.maximum(raised, floors * raised).sum()), raised
    if least < 0 and (diagonal >= 0).all() and diagonal.any():
        lifted = diagonal + 1e-6 * diagonal.mean()
        root = 1.0 / np.sqrt(lifted)
        factor = max(-_least(root[:, None] * g * root) for g in cones)
        if factor > 0:
            scaled = lifted * factor
            yield float(np.maximum(scaled, floors * scaled).sum()), scaled


def _least(matrix: NDArray[Any]) -> float:
    return float(eigvalsh(matrix, subset_by_index=[0, 0], check_finite=False)[0])
