"""The barrier method: against Clarabel, on awkward shapes, on real data, and how it stops."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

from qcompile import registry
from qcompile.certificate.make import check
from qcompile.model.grid import GRIDS
from qcompile.problem.problem import Problem, pose
from qcompile.relax.barrier.linearise import linearise
from qcompile.relax.barrier.model import model_of
from qcompile.relax.barrier.moments import MomentSystem
from qcompile.relax.barrier.point import cold_start
from qcompile.relax.barrier.refine import apply, refined
from qcompile.relax.barrier.samples import SampleSystem
from qcompile.relax.barrier.system import cheapest
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.relax.methods import cvxpy_sdp, dual_barrier
from qcompile.relax.solution import Settings, Status

FAMILIES = registry.names("qcompile.problem.families")


def problem_of(n=30, d=6, family="bilinear", weights="binary", loss="squared", beta=0.02, seed=0):
    rng = np.random.default_rng(seed)
    q = rng.choice([-3, -1, 1, 3], size=(n, d))
    y = np.where(rng.normal(size=n) > 0, 1.0, -1.0)
    activation = (-1.0, 0.5, 0.25) if family == "polynomial" else None
    return pose(q, 3, y, beta, loss=loss, family=family, weights=weights, activation=activation)


def proved_gap(problem, solution):
    certificate = certify(problem, solution)
    assert check(problem, certificate).valid
    return certificate.gap(solution.objective)


@pytest.mark.parametrize("weights", GRIDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_it_reaches_the_optimum_that_clarabel_reaches(family, weights):
    problem = problem_of(family=family, weights=weights)
    ours = dual_barrier.solve(problem, Settings(gap=1e-9))
    theirs = cvxpy_sdp.solve(problem, Settings(gap=1e-6), solver="CLARABEL")
    assert ours.status is Status.SOLVED and ours.iterations <= 20
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-6)
    assert proved_gap(problem, ours) <= 1e-9


@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 8), (2, 12), (5, 40), (300, 2), (800, 4)])
@pytest.mark.parametrize("loss", registry.names("qcompile.problem.losses"))
def test_shapes_from_a_single_row_to_many_more_rows_than_columns(n, d, loss):
    problem = problem_of(n=n, d=d, loss=loss)
    solution = dual_barrier.solve(problem, Settings(gap=1e-6))
    assert solution.status is Status.SOLVED
    assert proved_gap(problem, solution) <= 1e-6


def test_both_spaces_give_the_same_newton_step():
    for family in FAMILIES:
        problem = problem_of(n=60, d=4, family=family, weights="2bit", loss="logistic")
        model = model_of(problem)
        linear = linearise(model, cold_start(model))
        rng = np.random.default_rng(1)
        right, rows = rng.normal(size=model.n), rng.normal(size=(model.k, model.size))
        steps = []
        for system in (SampleSystem(model), MomentSystem(model)):
            assert system.factor(model, linear, 1e-15)
            steps.append(system.solve(right, rows))
            out, diagonal = apply(model, linear, *steps[-1])
            np.testing.assert_allclose(out, right, atol=1e-8)
            np.testing.assert_allclose(diagonal, rows, atol=1e-8)
        for a, b in zip(*steps, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-7 * np.abs(a).max())


def test_refinement_repairs_a_system_that_was_regularised_heavily():
    problem = problem_of(n=40, d=5)
    model = model_of(problem)
    linear = linearise(model, cold_start(model))
    system = SampleSystem(model)
    assert system.factor(model, linear, 1e-3)
    right, rows = np.ones(model.n), np.ones((1, model.size))

    def error(step):
        pairs = zip(apply(model, linear, *step), (right, rows), strict=True)
        return max(float(np.abs(a - b).max()) for a, b in pairs)

    assert error(refined(model, linear, system, right, rows)) < 1e-6 * error(system.solve(right, rows))


def test_the_cheaper_space_depends_on_the_shape():
    assert cheapest(1000, 150, 1)[0] == "samples"
    assert cheapest(20_000, 30, 1)[0] == "moments"


def test_duplicates_change_nothing_but_the_time():
    rng = np.random.default_rng(4)
    q = rng.choice([-1, 1], size=(200, 4))
    y = rng.choice([-1.0, 1.0], size=200)
    merged = pose(q, 1, y, 0.05, loss="logistic")
    plain = Problem(q, 1, y, np.full(200, 1 / 200), 0.05, loss="logistic")
    a, b = (dual_barrier.solve(p, Settings(gap=1e-7)) for p in (merged, plain))
    assert merged.n <= 32
    assert a.objective == pytest.approx(b.objective, rel=1e-7)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("loss", registry.names("qcompile.problem.losses"))
def test_a_warm_start_along_the_beta_path_reaches_the_same_optimum(family, loss):
    before = None
    for beta in (0.1, 0.05, 0.02, 0.03):
        problem = problem_of(family=family, weights="2bit", loss=loss, beta=beta)
        warm = dual_barrier.solve(problem, Settings(gap=1e-6, warm=before))
        cold = dual_barrier.solve(problem, Settings(gap=1e-6))
        assert warm.status is Status.SOLVED
        assert warm.objective == pytest.approx(cold.objective, rel=1e-6)
        before = warm


def test_a_warm_start_that_does_not_fit_is_ignored():
    other = dual_barrier.solve(problem_of(n=12, d=3), Settings())
    solution = dual_barrier.solve(problem_of(), Settings(warm=other))
    assert solution.status is Status.SOLVED


def test_it_stops_at_its_limits_with_a_certificate_that_holds():
    problem = problem_of(n=100, d=20)
    few = dual_barrier.solve(problem, Settings(gap=1e-9, max_iterations=3))
    late = dual_barrier.solve(problem, Settings(gap=1e-9, max_seconds=0.0))
    assert few.status is Status.ITERATION_LIMIT and few.iterations == 3
    assert late.status is Status.TIME_LIMIT and late.iterations == 1
    for solution in (few, late):
        assert certify(problem, solution).bound <= solution.objective


def test_an_accuracy_beyond_float64_ends_as_stalled_not_in_an_error():
    problem = problem_of(loss="logistic")
    solution = dual_barrier.solve(problem, Settings(gap=1e-17))
    assert solution.status in (Status.STALLED, Status.ITERATION_LIMIT)
    assert proved_gap(problem, solution) <= 1e-8


def test_ctrl_c_keeps_the_last_iterate():
    def interrupt(progress):
        if progress.iteration == 4:
            raise KeyboardInterrupt

    problem = problem_of()
    solution = dual_barrier.solve(problem, Settings(gap=1e-9, on_progress=interrupt))
    assert solution.status is Status.INTERRUPTED
    assert proved_gap(problem, solution) < 1


def encoded(raw, bits):
    """Odd levels of a table with a constant column, as training's uniform encoder makes them."""
    top = (1 << bits) - 1
    low, high = raw.min(axis=0), raw.max(axis=0)
    share = (raw - low) / np.where(high > low, high - low, 1.0)
    if bits == 1:
        share = (raw > np.median(raw, axis=0)).astype(float)
    codes = np.floor(share * top + 0.5).astype(int)
    return np.column_stack([2 * codes - top, np.full(len(raw), top)]), top


TABLES = {
    "breast_cancer": (load_breast_cancer, 1),
    "wine": (load_wine, 0),
    "digits": (load_digits, 3),
}


def certify_path(name, bits, loss, betas):
    """All betas of one table, warm-started, certified to 1e-4."""
    read, label = TABLES[name]
    raw, y = read(return_X_y=True)
    rows, top = encoded(raw, bits)
    before = None
    for beta in betas:
        problem = pose(rows, top, np.where(y == label, 1.0, -1.0), beta, loss=loss)
        before = solve(problem, "dual_barrier", Settings(gap=1e-4, warm=before))
        assert before.status is Status.SOLVED, (name, bits, loss, beta, before.status)
        assert proved_gap(problem, before) <= 1e-4
        assert before.iterations <= 30


@pytest.mark.parametrize("bits", [1, 4])
@pytest.mark.parametrize("loss", ["squared", "logistic", "squared_hinge"])
@pytest.mark.parametrize("name", ["breast_cancer", "wine"])
def test_real_tables_are_certified_over_four_decades_of_beta(name, loss, bits):
    certify_path(name, bits, loss, (1e-1, 1e-2, 1e-3, 1e-4, 1e-5))


@pytest.mark.parametrize("bits", [1, 4])
def test_a_digit_is_certified(bits):
    certify_path("digits", bits, "logistic", (1e-2,))


@pytest.mark.slow
@pytest.mark.parametrize("bits", [1, 4])
@pytest.mark.parametrize("loss", ["squared", "logistic", "squared_hinge"])
def test_a_digit_is_certified_over_four_decades_of_beta(loss, bits):
    certify_path("digits", bits, loss, (1e-1, 1e-2, 1e-3, 1e-4, 1e-5))
