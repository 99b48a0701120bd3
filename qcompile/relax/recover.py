"""From a pair of PSD matrices to a Solution: feasible exactly, its objective recomputed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from qcompile.problem.objective import objective_of_outputs
from qcompile.problem.problem import Problem
from qcompile.problem.relaxation import Relaxation
from qcompile.relax.solution import Solution


def feasible(
    problem: Problem, relaxation: Relaxation, a: NDArray[Any], b: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """Repair the diagonals and evaluate: (A, B, rho, objective) of a point that is feasible.

    The radius becomes the largest diagonal entry, and a diagonal below its floor is raised:
    a PSD matrix stays PSD. The objective is therefore an upper bound on the SDP's optimum.
    """
    da, db = np.diag(a), np.diag(b)
    z = relaxation.factors
    f = np.einsum("nk,nk->n", z @ (a - b), z)
    if relaxation.shared:
        rho = float((da + db).max())
        return a, b, rho, objective_of_outputs(problem, f, rho)
    radii = (float(da.max()), float(db.max()))
    lifts = [np.maximum(0.0, relaxation.floor * r - x) for r, x in zip(radii, (da, db), strict=True)]
    f += (z * z) @ (lifts[0] - lifts[1]) + relaxation.constant * (radii[0] - radii[1])
    rho = radii[0] + radii[1]
    return a + np.diag(lifts[0]), b + np.diag(lifts[1]), rho, objective_of_outputs(problem, f, rho)


def natural_multiplier(
    problem: Problem, relaxation: Relaxation, dual: NDArray[Any], diagonals: NDArray[Any]
) -> NDArray[np.float64]:
    """The diagonals for the price matrix G of the family, from those for H of the relaxation."""
    if relaxation.shared:
        return np.atleast_2d(diagonals)
    moved = np.array(diagonals, dtype=np.float64)
    g = relaxation.constant * float(problem.weight @ dual)
    moved[0, -1] -= g
    moved[1, -1] += g
    return moved[::-1] if relaxation.swapped else moved


def recover(
    problem: Problem,
    relaxation: Relaxation,
    a: NDArray[Any],
    b: NDArray[Any],
    dual: NDArray[Any],
    diagonals: NDArray[Any] | None,
    **record: Any,
) -> Solution:
    """A Solution from A, B, the dual vector and the diagonals of the relaxation.

    Args:
        problem: the training problem.
        relaxation: of its family.
        a: (D, D) PSD up to rounding.
        b: (D, D) PSD up to rounding.
        dual: (n,) dual vector.
        diagonals: (1, D) or (2, D), or None.
        **record: status, method, iterations, seconds, history.
    """
    a, b, rho, objective = feasible(problem, relaxation, a, b)
    positive, negative = _factor(a), _factor(b)
    if relaxation.swapped:
        positive, negative = negative, positive
    multiplier = None if diagonals is None else natural_multiplier(problem, relaxation, dual, diagonals)
    return Solution(positive, negative, rho, dual, multiplier, objective, **record)


def _factor(a: NDArray[Any]) -> NDArray[np.float64]:
    """(D, r) with F F' = a, eigenvalues below rounding left out."""
    values, vectors = eigh(0.5 * (a + a.T))
    keep = values > 1e-15 * max(values[-1], 0.0)
    return np.asarray(vectors[:, keep] * np.sqrt(values[keep]))
