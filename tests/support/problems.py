"""Small problems of every kind, and what brute force knows about them."""

from __future__ import annotations

import itertools
from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from qcompile import registry
from qcompile.bound.prove import optimum
from qcompile.certificate import make as certificates
from qcompile.model.grid import top, values
from qcompile.problem.problem import Problem, pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.search.atoms import Atoms
from qcompile.search.canonical import canonical, keys

KINDS: dict[str, dict[str, Any]] = {
    "bilinear-binary": {},
    "bilinear-2bit": {"weights": "2bit"},
    "quadratic-binary": {"family": "quadratic"},
    "quadratic-ternary": {"family": "quadratic", "weights": "ternary"},
    "polynomial-binary": {"family": "polynomial", "activation": (0.5, 0.5, 0.25)},
    "polynomial-ternary": {"family": "polynomial", "weights": "ternary", "activation": (0.09, 0.5, 0.47)},
    "polynomial-even": {"family": "polynomial", "weights": "2bit", "activation": (1.0, 0.0, -0.5)},
}


def random_problem(
    seed: int,
    n: int,
    d: int,
    beta: float,
    loss: str,
    kind: str = "bilinear-binary",
    bits: int = 2,
    noise: float = 0.3,
) -> Problem:
    """A noisy product of two linear functions of the inputs; its sign for losses of labels."""
    rng = np.random.default_rng(seed)
    unit = (1 << bits) - 1
    q = 2 * rng.integers(0, unit + 1, (n, d)) - unit
    q[:, -1] = unit
    f = (q @ rng.standard_normal(d)) * (q @ rng.standard_normal(d)) / unit**2
    y = f / max(f.std(), 1e-9) + noise * rng.standard_normal(n)
    if "regression" not in registry.load("qcompile.problem.losses", loss).TASKS:
        y = np.where(y > np.median(y), 1.0, -1.0)
    return pose(q, unit, y, beta, loss=loss, **KINDS[kind])


def sign_problem(seed: int, d: int, loss: str = "logistic", beta: float = 0.02, n: int = 40) -> Problem:
    """A bilinear problem on 1-bit inputs, as much noise as signal: bounds are loose, and signs decide."""
    return random_problem(seed, n, d, beta, loss, bits=1, noise=1.0)


def all_atoms(problem: Problem) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Every distinct extreme atom of a problem's family."""
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


def true_optimum(problem: Problem) -> float:
    """The l1 optimum over all atoms, by cvxpy: shares nothing with the code under test."""
    u, v = all_atoms(problem)
    phi = registry.load("qcompile.problem.families", problem.family).features(problem, u, v)
    loss = registry.load("qcompile.problem.losses", problem.loss)
    alpha = cp.Variable(phi.shape[1])
    risk = problem.weight @ loss.cvxpy_atom(phi @ alpha, problem.y)
    full = cp.Problem(cp.Minimize(risk + problem.penalty * cp.norm1(alpha)))
    return float(full.solve(solver="CLARABEL"))


def signs(d: int) -> np.ndarray:
    return np.array(list(itertools.product([1, -1], repeat=d)), dtype=np.float64)


def symmetric(seed: int, d: int) -> np.ndarray:
    g = np.random.default_rng(seed).standard_normal((d, d))
    return 0.5 * (g + g.T)


def start_of(problem: Problem) -> Atoms:
    none = np.empty((0, problem.d), dtype=np.int8)
    return optimum(problem, Atoms(none, none, np.empty(0), 0.0, 0.0))


def fast_of(problem: Problem) -> certificates.Certificate:
    return certify(problem, solve(problem))
