"""Pruning, polishing and swapping: never worse, never wider, always on the grid."""

from __future__ import annotations

import numpy as np
import pytest
from support.problems import KINDS, random_problem

from qcompile import registry
from qcompile.model.grid import values
from qcompile.problem.objective import objective
from qcompile.search import polish as polishing
from qcompile.search.columns import generate
from qcompile.search.polish import merge, polish
from qcompile.search.prune import to_width
from qcompile.search.settings import RoundingSettings
from qcompile.search.swap import swap
from qcompile.search.weight_moves import judge

LOSSES = registry.names("qcompile.problem.losses")


def _random_net(problem, m: int, seed: int):
    rng = np.random.default_rng(seed)
    u = rng.choice(values(problem.weights), (m, problem.d)).astype(np.int8)
    two = registry.load("qcompile.problem.families", problem.family).VECTORS == 2
    v = rng.choice(values(problem.weights), (m, problem.d)).astype(np.int8) if two else u.copy()
    return u, v, 0.3 * rng.standard_normal(m)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", KINDS)
def test_polishing_lowers_the_objective_and_stays_on_the_grid(kind, loss):
    problem = random_problem(3, 60, 7, 0.002, loss, kind)
    net = _random_net(problem, 5, 0)
    fixed = polish(problem, *net, refitted=False)
    assert np.array_equal(fixed[2], net[2])
    refitted = polish(problem, *net)
    before = objective(problem, *net)
    for u, v, alpha in (fixed, refitted):
        assert objective(problem, u, v, alpha) < before
        assert np.isin(u, values(problem.weights)).all() and np.isin(v, values(problem.weights)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_swap_is_never_worse_and_never_wider(kind):
    problem = random_problem(4, 90, 8, 0.002, "logistic", kind)
    full = generate(problem, RoundingSettings())
    net = to_width(problem, (full.u, full.v, full.alpha), 3)
    assert len(net[2]) <= 3
    better = swap(problem, net, 3, seed=0)
    assert len(better[2]) <= 3
    assert objective(problem, *better) <= objective(problem, *net)


def test_pruning_leaves_a_network_that_fits_alone():
    problem = random_problem(4, 90, 8, 0.01, "logistic", "bilinear-binary")
    full = generate(problem, RoundingSettings())
    net = (full.u, full.v, full.alpha)
    assert to_width(problem, net, len(full.alpha)) is net


def test_wider_grids_give_better_narrow_networks():
    # The 2-bit grid scaled by its top contains the binary one, so a good search loses nothing by it.
    worse = 0
    for seed in range(6):
        binary = random_problem(seed, 150, 10, 0.001, "squared", "bilinear-binary")
        wide = random_problem(seed, 150, 10, 0.001, "squared", "bilinear-2bit")
        a, b = (generate(p, RoundingSettings(neurons=2)).objective for p in (binary, wide))
        worse += b > a * 1.0001
    assert worse <= 1


def test_merging_adds_equal_neurons_with_their_signs():
    problem = random_problem(0, 20, 5, 0.1, "squared", "bilinear-binary")
    u, v, alpha = _random_net(problem, 3, 1)
    thrice = np.concatenate([alpha, alpha, 2 * alpha])
    net = merge(problem, np.vstack([u, -v, u]), np.vstack([v, u, v]), thrice)
    assert len(net[2]) == 3
    before = objective(problem, u, v, 2 * alpha)
    assert abs(objective(problem, *net) - before) <= 1e-12 * max(1.0, before)
    gone = merge(problem, np.vstack([u, -u]), np.vstack([v, v]), np.concatenate([alpha, alpha]))
    assert len(gone[2]) == 0


def test_modelled_changes_are_the_true_ones_for_the_squared_loss():
    problem = random_problem(2, 30, 4, 0.1, "squared", "polynomial-ternary")
    family = registry.load("qcompile.problem.families", "polynomial")
    u, _, _ = _random_net(problem, 1, 2)
    f = family.features(problem, u, u)[:, 0] * 0.7
    loss = lambda w: 0.5 * problem.weight @ (family.features(problem, w, w)[:, 0] * 0.7 - problem.y) ** 2  # noqa: E731
    a, b, _ = problem.activation
    grid = np.array(values(problem.weights), dtype=float)
    slope = problem.weight * (f - problem.y)
    xt = np.ascontiguousarray(problem.x.T)
    change = judge(xt, slope, problem.weight, problem.x @ u[0], u[0].astype(float), grid, 0.7, a, b)
    for k in range(problem.d):
        for g, level in enumerate(grid):
            moved = u.copy()
            moved[0, k] = level
            assert abs(change[k, g] - (loss(moved) - loss(u))) <= 1e-12


@pytest.mark.parametrize("kind", ["bilinear-binary", "bilinear-2bit"])
def test_many_inputs_are_polished_by_single_moves_to_a_lower_objective(monkeypatch, kind):
    problem = random_problem(3, 60, 7, 0.002, "logistic", kind)
    net = _random_net(problem, 5, 0)
    monkeypatch.setattr(polishing, "LARGE", 2)
    u, v, alpha = polish(problem, *net, refitted=False)
    assert objective(problem, u, v, alpha) < objective(problem, *net)
    assert np.isin(u, values(problem.weights)).all() and np.isin(v, values(problem.weights)).all()
