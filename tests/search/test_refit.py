"""The refit against cvxpy, on atoms that repeat and depend on each other."""

from __future__ import annotations

import numpy as np
import pytest

from qcompile import registry
from qcompile.search.lasso import lasso, violation
from qcompile.search.refit import Target, gram, refit

LOSSES = registry.names("qcompile.problem.losses")


def _case(seed: int, n: int, m: int, loss: str, penalty: float):
    rng = np.random.default_rng(seed)
    phi = rng.standard_normal((n, m)) + 2 * rng.standard_normal((n, 1))
    phi[:, m // 2] = phi[:, 0]
    phi[:, m // 3] = -phi[:, 1]
    y = rng.standard_normal(n) if loss in ("squared", "huber") else rng.choice([-1.0, 1.0], n)
    weight = rng.uniform(0.5, 1.5, n)
    module = registry.load("qcompile.problem.losses", loss)
    return Target(module, y, weight / weight.sum(), penalty, loss == "squared"), phi


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("n", "m"), [(30, 10), (15, 40), (1, 3)])
@pytest.mark.parametrize("penalty", [0.3, 0.03, 0.003])
def test_the_refit_is_optimal_and_says_so(loss, n, m, penalty):
    import cvxpy as cp

    target, phi = _case(n + m, n, m, loss, penalty)
    fit = refit(target, phi)
    a = cp.Variable(m)
    risk = target.weight @ target.loss.cvxpy_atom(phi @ a, target.y)
    best = cp.Problem(cp.Minimize(risk + penalty * cp.norm1(a))).solve(solver="CLARABEL")
    assert fit.objective <= best + 1e-6 * max(1.0, abs(best))
    assert fit.objective - fit.gap <= best + 1e-6 * max(1.0, abs(best))
    # The gap of a point that meets the conditions to 1e-7 of the penalty.
    assert -1e-12 <= fit.gap <= 1e-5 * max(1.0, abs(best))


def test_no_atoms_at_all_is_a_problem_too():
    target, phi = _case(0, 8, 6, "logistic", 0.1)
    fit = refit(target, phi[:, :0])
    assert fit.alpha.shape == (0,) and fit.objective == target.risk(np.zeros(8))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_warm_start_does_not_change_the_optimum(loss):
    target, phi = _case(3, 40, 30, loss, 0.02)
    cold = refit(target, phi)
    warm = refit(target, phi, np.random.default_rng(0).standard_normal(30))
    assert abs(cold.objective - warm.objective) <= max(cold.gap, warm.gap) + 1e-12


@pytest.mark.parametrize("seed", range(8))
def test_lasso_meets_its_conditions_on_singular_gram_matrices(seed):
    rng = np.random.default_rng(seed)
    m, rank = 60, int(rng.integers(3, 50))
    phi = rng.standard_normal((rank, m)) @ np.diag(10.0 ** rng.uniform(-2, 1, m))
    phi[:, 7] = phi[:, 11]
    k = gram(phi, np.full(rank, 1.0 / rank))
    c = phi.T @ rng.standard_normal(rank) / rank
    lam = 10.0 ** rng.uniform(-3, -1) * np.abs(c).max()
    a = rng.standard_normal(m) * (rng.random(m) < 0.3)
    lasso(k, c, a, lam, 1e-8 * lam)
    assert violation(c - k @ a, a, lam) <= 1e-6 * lam


def test_the_damped_model_cannot_be_too_bold():
    # Squared hinge from a start where every sample is on the flat side: curvature 0 everywhere.
    target, phi = _case(1, 20, 10, "squared_hinge", 0.01)
    start = np.zeros(10)
    start[2] = 50.0
    assert refit(target, phi, start).gap <= 1e-6
