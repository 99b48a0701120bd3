"""The front door: the default method and its reason, refusals, threads, the reference's limits."""

import logging

import numpy as np
import pytest

from qcompile.errors import SolveError, UnsupportedError
from qcompile.problem.problem import Problem, pose
from qcompile.relax.choose import choose, solve
from qcompile.relax.methods import cvxpy_sdp
from qcompile.relax.solution import Settings


def tiny(**choices):
    return pose([[1, 1], [1, -1], [-1, 1]], 1, [1.0, -1.0, 1.0], 0.1, **choices)


def shaped(n, d):
    q = np.ones((n, d), dtype=np.int16)
    return Problem(q, 1, np.zeros(n), np.full(n, 1 / n), 0.1)


@pytest.mark.parametrize(
    ("n", "d", "method"),
    [(500, 31, "dual_barrier"), (2000, 500, "dual_barrier"), (50_000, 20, "dual_barrier"),
     (14_812, 107, "dual_barrier"), (7000, 785, "burer_monteiro"), (60_000, 785, "burer_monteiro"),
     (30_000, 101, "burer_monteiro"), (750_000, 21, "dual_barrier")],
)  # fmt: skip
def test_the_default_method_follows_the_size_and_says_why(n, d, method):
    name, reason = choose(shaped(n, d))
    assert name == method
    assert f"{n} distinct samples" in reason and f"{d} encoded inputs" in reason


def test_the_choice_is_logged(caplog):
    with caplog.at_level(logging.INFO, logger="qcompile.relax.choose"):
        solution = solve(tiny(), threads=1)
    assert solution.method == "dual_barrier"
    assert "method dual_barrier: 3 distinct samples" in caplog.text


def test_targets_that_a_margin_loss_cannot_take_are_refused():
    problem = pose([[1, 1], [1, -1]], 1, [0.0, 2.0], 0.1, loss="logistic")
    with pytest.raises(SolveError, match=r"takes targets -1 and \+1 only"):
        solve(problem)


def test_an_unknown_method_is_refused_with_the_list():
    with pytest.raises(UnsupportedError, match="Did you mean 'dual_barrier'"):
        solve(tiny(), "dual_barier")


def test_the_reference_refuses_what_it_cannot_serve():
    with pytest.raises(SolveError, match="serves up to 250 encoded inputs, this problem has 300"):
        cvxpy_sdp.solve(shaped(10, 300), Settings())
    with pytest.raises(SolveError, match="CLARABEL serves up to 50"):
        cvxpy_sdp.solve(shaped(10, 60), Settings(), solver="CLARABEL")
    with pytest.raises(SolveError, match=r"'CLARABELL' is not one of the solvers.*Did you mean 'CLARABEL'"):
        cvxpy_sdp.solve(tiny(), Settings(), solver="CLARABELL")
    with pytest.raises(SolveError, match="form 'block' is not available"):
        cvxpy_sdp.solve(tiny(family="quadratic"), Settings(), form="block")


def test_a_solver_that_fails_is_reported_as_a_refusal():
    with pytest.raises(SolveError, match=r"SCS (failed|ended with status)"):
        cvxpy_sdp.solve(tiny(), Settings(max_iterations=-1))


def test_both_forms_of_the_reference_have_the_same_optimum():
    values = [
        cvxpy_sdp.solve(tiny(), Settings(gap=1e-6), form=form, solver="CLARABEL").objective
        for form in ("reduced", "block")
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-6)
