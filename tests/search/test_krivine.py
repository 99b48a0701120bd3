"""Krivine rounding as a statement about expectations [BP21]."""

from __future__ import annotations

import numpy as np
import pytest
from support.problems import random_problem

from qcompile import registry
from qcompile.errors import UnsupportedError
from qcompile.problem.objective import objective
from qcompile.relax.choose import solve
from qcompile.relax.solution import Solution, Status
from qcompile.search.krivine import GAMMA, sample, sample_signs

DRAWS = 200_000


def _solution(positive, negative, rho: float) -> Solution:
    return Solution(positive, negative, rho, np.zeros(1), None, 0.0, Status.SOLVED, "test", 0, 0.0)


@pytest.mark.parametrize("d", [1, 2, 7])
@pytest.mark.parametrize("full", [True, False])
def test_the_expectation_of_uv_is_z_over_rho(d, full):
    rng = np.random.default_rng(d)
    p, n = rng.standard_normal((d, 3)), rng.standard_normal((d, 2))
    rho = float((p * p).sum(axis=1).max() + (n * n).sum(axis=1).max())
    if full:
        # Rows on the boundary of the diagonal rule, the rest strictly inside.
        rho = float(((p * p).sum(axis=1) + (n * n).sum(axis=1)).max())
    solution = _solution(p, n, rho)
    u, v = sample_signs(solution, DRAWS, seed=5)
    mean = (u.T.astype(float) @ v) / DRAWS
    # A mean of N signs deviates by more than 6 / sqrt(N) with probability below 2 exp(-18) (Hoeffding).
    assert np.abs(mean - 2 * GAMMA / np.pi * solution.z / rho).max() <= 6 / np.sqrt(DRAWS)
    # The two halves have the same distribution of signs, each symmetric about 0.
    assert np.abs(u.mean(axis=0)).max() <= 6 / np.sqrt(DRAWS)


def test_the_sampled_network_tends_to_the_relaxed_one():
    problem = random_problem(0, 40, 6, 0.02, "squared", "bilinear-binary")
    solution = solve(problem)
    atoms = sample(problem, solution, 40_000, seed=1)
    phi = registry.load("qcompile.problem.families", "bilinear").features(problem, atoms.u, atoms.v)
    relaxed = np.einsum("ni,ij,nj->n", problem.x, solution.z, problem.x)
    # Every term alpha * atom lies in [-b, b] with b = alpha * d^2: Hoeffding over 40,000 terms.
    b = atoms.alpha[0] * problem.d**2
    assert np.abs(phi @ atoms.alpha - relaxed).max() <= 6 * b * np.sqrt(40_000)
    assert np.isclose(np.abs(atoms.alpha).sum(), np.pi / (2 * GAMMA) * solution.rho, rtol=1e-12)
    assert atoms.objective == objective(problem, atoms.u, atoms.v, atoms.alpha)


def test_a_radius_of_zero_gives_a_network_that_is_zero():
    problem = random_problem(0, 10, 3, 0.1, "squared", "bilinear-2bit")
    atoms = sample(problem, _solution(np.zeros((3, 1)), np.zeros((3, 1)), 0.0), 8, seed=0)
    assert (np.abs(atoms.u) == 3).all() and (atoms.alpha == 0).all()


def test_one_vector_families_are_refused_by_name():
    problem = random_problem(0, 10, 3, 0.1, "squared", "quadratic-binary")
    with pytest.raises(UnsupportedError, match=r"'quadratic' has one; use column generation"):
        sample(problem, _solution(np.eye(3), np.eye(3), 2.0), 8, seed=0)


def test_equal_seeds_give_equal_samples():
    solution = _solution(np.eye(4), np.zeros((4, 1)), 1.0)
    a, b, c = (sample_signs(solution, 50, seed)[0].tobytes() for seed in (1, 1, 2))
    assert a == b != c
