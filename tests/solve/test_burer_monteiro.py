"""The factored method where it is meant to be used: single precision, and what ends it."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from qcompile.problem.problem import pose
from qcompile.solve.certificate import certify, check
from qcompile.solve.methods import burer_monteiro
from qcompile.solve.solution import Settings, Solution, Status


def thresholded_digits(thresholds=(3, 6, 10), label=8):
    """1797 rows of bits, 8 against the rest: large enough for single precision."""
    raw, y = load_digits(return_X_y=True)
    bits = np.hstack([np.where(raw > t, 1, -1) for t in thresholds])
    bits = bits[:, bits.std(axis=0) > 0]
    rows = np.column_stack([bits, np.ones(len(raw), dtype=int)])
    return pose(rows, 1, np.where(y == label, 1.0, -1.0), 0.01, loss="logistic")


def test_single_precision_does_not_end_a_run_before_its_gap(monkeypatch):
    problem = thresholded_digits()
    assert problem.q.size > 200_000
    precisions = []
    evaluator = burer_monteiro._Run.evaluator

    def told(run, dtype):
        precisions.append(np.dtype(dtype).name)
        return evaluator(run, dtype)

    monkeypatch.setattr(burer_monteiro._Run, "evaluator", told)
    solution = burer_monteiro.solve(problem, Settings(gap=1e-3, max_iterations=4000))
    assert precisions[0] == "float32" and precisions[1:] in ([], ["float64"])
    assert solution.status is Status.SOLVED, solution.status.value
    certificate = certify(problem, solution)
    assert check(problem, certificate).valid and certificate.gap(solution.objective) <= 1e-3


def test_a_gap_below_rounding_ends_as_stalled_with_its_certificate():
    rng = np.random.default_rng(0)
    problem = pose(rng.choice([-1, 1], size=(12, 3)), 1, rng.normal(size=12), 0.05)
    solution = burer_monteiro.solve(problem, Settings(gap=1e-18, max_iterations=3000))
    assert solution.status in (Status.STALLED, Status.ITERATION_LIMIT)
    certificate = certify(problem, solution)
    assert check(problem, certificate).valid and certificate.gap(solution.objective) < 1e-4


@pytest.mark.parametrize("limit", ["max_iterations", "max_seconds"])
def test_limits_are_kept_and_named(limit):
    problem = thresholded_digits((8,))
    settings = Settings(gap=1e-9, **({"max_iterations": 50} if limit == "max_iterations" else {"max_seconds": 0.0}))
    solution = burer_monteiro.solve(problem, settings)
    assert solution.status is (Status.ITERATION_LIMIT if limit == "max_iterations" else Status.TIME_LIMIT)
    assert solution.iterations <= 50
    assert check(problem, certify(problem, solution)).valid


def test_the_same_run_twice_is_the_same_to_the_last_bit():
    problem = thresholded_digits((8,))
    first, second = (burer_monteiro.solve(problem, Settings(gap=0.05, seed=3)) for _ in range(2))
    assert first.iterations == second.iterations
    assert np.array_equal(first.dual, second.dual) and np.array_equal(first.positive, second.positive)


def test_a_run_that_has_collapsed_to_the_zero_network_leaves_it_again():
    problem = thresholded_digits((8,))
    flat = np.full((problem.d, 2), 1e-12)
    nothing = Solution(flat, flat, 1e-22, np.zeros(problem.n), None, 1.0, Status.STALLED, "by hand", 0, 0.0)
    solution = burer_monteiro.solve(problem, Settings(gap=0.01, warm=nothing, max_iterations=3000))
    assert solution.status is Status.SOLVED, solution.status.value
