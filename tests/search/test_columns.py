"""Column generation reaches the true optimum, which brute force knows at small d."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from support.problems import KINDS, random_problem, true_optimum

from qcompile import registry
from qcompile.problem.objective import objective
from qcompile.problem.problem import pose
from qcompile.search.canonical import canonical, keys
from qcompile.search.columns import generate
from qcompile.search.settings import RoundingSettings

LOSSES = registry.names("qcompile.problem.losses")
# Clarabel's relative accuracy, plus the generation's own tolerance.
SOLVER = 1e-6


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_objective_is_the_optimum_over_all_enumerated_atoms(loss, kind):
    for seed, (n, d, beta) in enumerate(((12, 3, 0.05), (30, 4, 0.01), (25, 4, 0.002))):
        problem = random_problem(seed, n, d, beta, loss, kind)
        settings = RoundingSettings(tolerance=1e-5)
        found, best = generate(problem, settings).objective, true_optimum(problem)
        slack = SOLVER * max(1.0, best)
        assert best - slack <= found <= best * (1 + settings.tolerance) + slack


def test_five_inputs_bilinear_matches_brute_force():
    for seed in range(3):
        problem = random_problem(seed, 40, 5, 0.004, "squared", "bilinear-binary")
        assert generate(problem, RoundingSettings()).objective <= true_optimum(problem) * (1 + 1e-4) + SOLVER


@pytest.mark.parametrize("kind", KINDS)
def test_rounds_never_raise_the_objective_and_atoms_are_distinct_and_used(kind):
    problem = random_problem(5, 60, 8, 0.003, "logistic", kind)
    seen = []
    atoms = generate(problem, RoundingSettings(on_progress=seen.append))
    values = [p.objective for p in atoms.history]
    # A refit is accurate to 1e-7 of the penalty term, which is below the objective.
    assert all(b <= a * (1 + 1e-7) for a, b in pairwise(values))
    assert [p.objective for p in seen] == values
    names = keys(*canonical(problem, atoms.u, atoms.v)[:2])
    assert len(set(names)) == len(names)
    assert (atoms.alpha != 0).all()
    assert atoms.objective == objective(problem, atoms.u, atoms.v, atoms.alpha)


def test_equal_seeds_give_equal_bytes():
    problem = random_problem(1, 80, 12, 0.002, "logistic", "bilinear-binary")
    for neurons in (6, 128):
        a, b = (generate(problem, RoundingSettings(neurons=neurons, seed=3)) for _ in range(2))
        for name in ("u", "v", "alpha"):
            assert getattr(a, name).tobytes() == getattr(b, name).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_width_asked_is_kept_and_narrower_is_never_better(kind):
    problem = random_problem(2, 120, 10, 0.001, "squared", kind)
    full = generate(problem, RoundingSettings(neurons=1000))
    for neurons in (1, 4):
        narrow = generate(problem, RoundingSettings(neurons=neurons))
        assert len(narrow.alpha) <= neurons
        assert narrow.objective >= full.objective * (1 - 1e-4)
        assert narrow.objective == objective(problem, narrow.u, narrow.v, narrow.alpha)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_price_that_no_neuron_is_worth_gives_the_empty_network(loss, kind):
    problem = random_problem(0, 10, 4, 1e4, loss, kind)
    atoms = generate(problem, RoundingSettings())
    assert atoms.u.shape == atoms.v.shape == (0, 4) and atoms.alpha.shape == (0,)
    value = registry.load("qcompile.problem.losses", loss).value(np.zeros(problem.n), problem.y)
    assert atoms.objective == float(problem.weight @ value)
    assert atoms.price <= 1


@pytest.mark.parametrize("loss", LOSSES)
def test_one_sample_one_input_and_equal_targets(loss):
    one = generate(pose([[1]], 1, [1.0], 0.1, loss=loss), RoundingSettings())
    assert len(one.alpha) == 1
    rows = [[1, -1, 1], [1, 1, 1], [-1, 1, 1]]
    equal = generate(pose(rows, 1, [1.0] * 3, 0.01, loss=loss), RoundingSettings())
    assert len(equal.alpha) >= 1 and np.isfinite(equal.objective)


def test_a_time_limit_still_returns_a_valid_network():
    problem = random_problem(4, 200, 20, 1e-4, "squared", "bilinear-binary")
    atoms = generate(problem, RoundingSettings(max_seconds=0.0))
    assert atoms.objective == objective(problem, atoms.u, atoms.v, atoms.alpha)


@pytest.mark.parametrize("kind", KINDS)
def test_a_solution_or_a_neighbour_may_start_it_and_does_not_change_the_optimum(kind):
    from qcompile.relax.choose import solve

    problem = random_problem(6, 60, 8, 0.01, "squared", kind)
    cold = generate(problem, RoundingSettings())
    neighbour = generate(replace(problem, beta=0.02), RoundingSettings())
    for start in (solve(problem), neighbour):
        warm = generate(problem, RoundingSettings(), start)
        assert abs(warm.objective - cold.objective) <= 1e-4 * cold.objective
        assert warm.history[0].objective < cold.history[0].objective


@pytest.mark.parametrize("wrong", [{"neurons": 0}, {"tolerance": 0.0}, {"tolerance": 1.0}])
def test_settings_outside_their_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"allowed"):
        RoundingSettings(**wrong)
