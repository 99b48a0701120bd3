"""Small problems of every kind, and the true optimum over all atoms by brute force."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from qcompile import registry
from qcompile.model.grid import top, values
from qcompile.problem.problem import Problem, pose
from qcompile.search.canonical import canonical, keys

KINDS = {
    "bilinear-binary": {},
    "bilinear-2bit": {"weights": "2bit"},
    "quadratic-binary": {"family": "quadratic"},
    "quadratic-ternary": {"family": "quadratic", "weights": "ternary"},
    "polynomial-binary": {"family": "polynomial", "activation": (0.5, 0.5, 0.25)},
    "polynomial-ternary": {"family": "polynomial", "weights": "ternary", "activation": (0.09, 0.5, 0.47)},
    "polynomial-even": {"family": "polynomial", "weights": "2bit", "activation": (1.0, 0.0, -0.5)},
}


def _make(seed: int, n: int, d: int, beta: float, loss: str, kind: str, bits: int = 2) -> Problem:
    rng = np.random.default_rng(seed)
    unit = (1 << bits) - 1
    q = 2 * rng.integers(0, unit + 1, (n, d)) - unit
    q[:, -1] = unit
    f = (q @ rng.standard_normal(d)) * (q @ rng.standard_normal(d)) / unit**2
    y = f / max(f.std(), 1e-9) + 0.3 * rng.standard_normal(n)
    if loss in ("logistic", "squared_hinge"):
        y = np.where(y > np.median(y), 1.0, -1.0)
    return pose(q, unit, y, beta, loss=loss, **KINDS[kind])


@pytest.fixture(scope="session")
def make_problem() -> Callable[..., Problem]:
    """make_problem(seed, n, d, beta, loss, kind) -> Problem."""
    return _make


def _all_atoms(problem: Problem) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    grid = values(problem.weights)
    two = registry.load("qcompile.problem.families", problem.family).VECTORS == 2
    if two:
        grid = (-top(problem.weights), top(problem.weights))
    vectors = np.array(list(itertools.product(grid, repeat=problem.d)), dtype=np.int8)
    if two:
        pairs = list(itertools.product(range(len(vectors)), repeat=2))
        u, v = vectors[[a for a, _ in pairs]], vectors[[b for _, b in pairs]]
    else:
        u = v = vectors
    u, v, _ = canonical(problem, u, v)
    index = sorted({name: j for j, name in enumerate(keys(u, v))}.values())
    return u[index], v[index]


@pytest.fixture(scope="session")
def all_atoms() -> Callable[[Problem], tuple[NDArray[np.int8], NDArray[np.int8]]]:
    """Every distinct extreme atom of a problem's family."""
    return _all_atoms


@pytest.fixture(scope="session")
def true_optimum() -> Callable[[Problem], float]:
    """The l1 optimum over all atoms, by cvxpy: shares nothing with the code under test."""

    def solve(problem: Problem) -> float:
        import cvxpy as cp

        u, v = _all_atoms(problem)
        phi = registry.load("qcompile.problem.families", problem.family).features(problem, u, v)
        loss = registry.load("qcompile.problem.losses", problem.loss)
        alpha = cp.Variable(phi.shape[1])
        risk = problem.weight @ loss.cvxpy_atom(phi @ alpha, problem.y)
        full = cp.Problem(cp.Minimize(risk + problem.penalty * cp.norm1(alpha)))
        return float(full.solve(solver="CLARABEL"))

    return solve
