"""Small problems whose price is known by brute force, for the tests of bounds."""

from __future__ import annotations

import itertools

import numpy as np

from qcompile.bound.prove import optimum
from qcompile.certificate import make as certificates
from qcompile.problem.problem import Problem, pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.search.atoms import Atoms


def random_problem(seed: int, d: int, loss: str = "logistic", beta: float = 0.02, n: int = 40) -> Problem:
    rng = np.random.default_rng(seed)
    q = rng.choice([-1, 1], size=(n, d))
    q[:, -1] = 1
    score = (q @ rng.choice([-1, 1], size=d)) * (q @ rng.choice([-1, 1], size=d)) / d
    y = np.where(score + rng.standard_normal(n) >= 0, 1.0, -1.0)
    return pose(q, 1, y if loss != "squared" else score, beta, loss=loss)


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
