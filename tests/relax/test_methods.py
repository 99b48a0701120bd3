"""Every method of the folder, on every loss and every family: certified to the gap it claims."""

import numpy as np
import pytest

from qcompile import registry
from qcompile.certificate.make import check
from qcompile.problem.problem import pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.relax.solution import Settings, Status

METHODS = registry.names("qcompile.relax.methods")
FAMILIES = registry.names("qcompile.problem.families")
LOSSES = registry.names("qcompile.problem.losses")
GAP = {"dual_barrier": 1e-7}  # what each is asked for here; others 1e-3


def small(family, loss, weights="binary", n=24, d=5, beta=0.03, seed=0):
    rng = np.random.default_rng(seed)
    q = rng.choice([-3, -1, 1, 3], size=(n, d))
    q[:, -1] = 3
    y = rng.normal(size=n)
    if "regression" not in registry.load("qcompile.problem.losses", loss).TASKS:
        y = np.where(y > 0, 1.0, -1.0)
    activation = (0.5, -0.25, 0.5) if family == "polynomial" else None
    return pose(q, 3, y, beta, loss=loss, family=family, weights=weights, activation=activation)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", METHODS)
def test_the_gap_asked_for_is_the_gap_certified(method, family, loss):
    weights = {"bilinear": "binary", "quadratic": "ternary"}.get(family, "2bit")
    problem = small(family, loss, weights)
    gap = GAP.get(method, 1e-3)
    solution = solve(problem, method, Settings(gap=gap))
    certificate = certify(problem, solution)
    assert check(problem, certificate).valid
    assert solution.status is Status.SOLVED, solution.status.value
    assert certificate.gap(solution.objective) <= gap
    assert solution.method == method and solution.seconds > 0 and solution.history


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_solution_is_feasible_and_its_objective_is_its_own(method, family):
    problem = small(family, "squared", "ternary" if family == "quadratic" else "binary")
    solution = solve(problem, method, Settings(gap=GAP.get(method, 1e-3)))
    unit = registry.load("qcompile.problem.families", family)
    pattern = unit.pattern(problem)
    lifted = np.column_stack([problem.x, np.ones(problem.n)])[:, : len(pattern)]
    f = np.einsum("nk,kl,nl->n", lifted, pattern * solution.z, lifted)
    loss = registry.load("qcompile.problem.losses", problem.loss)
    objective = problem.weight @ loss.value(f, problem.y) + problem.penalty * solution.rho
    assert solution.objective == pytest.approx(objective, rel=1e-9)
    diagonals = [np.square(m).sum(axis=1) for m in (solution.positive, solution.negative)]
    room = 1e-12 * solution.rho
    if unit.VECTORS == 2:
        assert diagonals[0].shape == (problem.d,)
        assert (diagonals[0] + diagonals[1] <= solution.rho + room).all()
    else:
        radii = [x.max(initial=0.0) for x in diagonals]
        assert sum(radii) <= solution.rho + room
        floor = unit.relaxation(problem).floor
        for x, r in zip(diagonals, radii, strict=True):
            assert (x >= floor * r - room).all()


@pytest.mark.parametrize("method", METHODS)
def test_progress_is_reported_while_it_runs(method):
    seen = []
    solution = solve(small("bilinear", "squared"), method, Settings(gap=1e-3, on_progress=seen.append))
    assert seen and tuple(seen) == solution.history
    assert all(p.bound <= solution.objective + 1e-9 for p in seen)
    assert [p.seconds for p in seen] == sorted(p.seconds for p in seen)


@pytest.mark.parametrize("method", METHODS)
def test_an_optimal_network_without_neurons_is_found(method):
    # At this beta no atom pays: Z = 0, and l = loss'(0) certifies it.
    problem = small("bilinear", "squared", beta=50.0)
    solution = solve(problem, method, Settings(gap=1e-3))
    zero = 0.5 * float(problem.weight @ problem.y**2)
    assert solution.objective == pytest.approx(zero, rel=2e-3)
    assert certify(problem, solution).gap(solution.objective) <= 1e-3
