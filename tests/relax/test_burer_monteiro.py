"""The factored method where it is meant to be used: single precision, and what ends it."""

import numpy as np
import pytest
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

from qcompile.certificate.make import check
from qcompile.problem.problem import pose
from qcompile.relax.certify import certify
from qcompile.relax.methods import burer_monteiro
from qcompile.relax.solution import Settings, Solution, Status


def thresholded_digits(thresholds=(3, 6, 10), label=8):
    """1797 rows of bits, 8 against the rest: large enough for single precision."""
    raw, y = load_digits(return_X_y=True)
    bits = np.hstack([np.where(raw > t, 1, -1) for t in thresholds])
    bits = bits[:, bits.std(axis=0) > 0]
    rows = np.column_stack([bits, np.ones(len(raw), dtype=int)])
    return pose(rows, 1, np.where(y == label, 1.0, -1.0), 0.01, loss="logistic")


def planted_bilinear(n, d, neurons, beta=0.01):
    """Gaussian rows in 8 bits and a teacher of bilinear neurons: many samples, a few directions count."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, d))
    q = np.clip(2 * np.floor(x * 128 / 3) + 1, -255, 255).astype(np.int16)
    q[:, -1] = 255
    u, v = rng.choice([-1.0, 1.0], size=(2, d, neurons))
    y = ((x @ u) * (x @ v)) @ rng.standard_normal(neurons)
    return pose(q, 255, y / y.std() + 0.1 * rng.standard_normal(n), beta)


def smooth_digits(side=20, label=8):
    """1797 grey pictures of 20 x 20 pixels: f is a small difference of large squares, and rounds."""
    raw, y = load_digits(return_X_y=True)
    pictures = np.stack([zoom(r.reshape(8, 8), side / 8, order=1).ravel() for r in raw])
    q = (2 * np.round(pictures * 255 / 16) - 255).astype(np.int16)
    q = np.column_stack([q[:, q.std(axis=0) > 0], np.full(len(q), 255, dtype=np.int16)])
    return pose(q, 255, np.where(y == label, 1.0, -1.0), 0.01, loss="logistic")


# Budgets of about twice what is needed. Random first columns, four new ones per round and single precision
# throughout took 515 and 1213 iterations, and stalled at 9 % on the pictures.
@pytest.mark.parametrize(
    ("make", "budget"),
    [
        (lambda: planted_bilinear(2000, 300, 5), 450),
        (lambda: planted_bilinear(2000, 300, 40), 560),
        (smooth_digits, 770),
    ],
    ids=["gaussian", "gaussian of high rank", "pictures"],
)
def test_a_large_problem_in_small_is_certified_within_its_iterations(make, budget):
    problem = make()
    solution = burer_monteiro.solve(problem, Settings(gap=0.01, max_iterations=budget))
    assert solution.status is Status.SOLVED, solution.status.value
    certificate = certify(problem, solution)
    assert check(problem, certificate).valid and certificate.gap(solution.objective) <= 0.01


@pytest.mark.filterwarnings("error")
def test_targets_of_zero_and_a_penalty_that_leaves_no_neuron_are_solved():
    rng = np.random.default_rng(1)
    rows = rng.choice([-1, 1], size=(60, 8))
    alone = burer_monteiro.solve(
        pose(rows, 1, rng.normal(size=60), 1e3), Settings(gap=0.01, max_iterations=3000)
    )
    assert alone.status is Status.SOLVED
    assert alone.rho < 1e-9
    nothing = burer_monteiro.solve(pose(rows, 1, np.zeros(60), 0.1), Settings(gap=0.01, max_iterations=100))
    assert nothing.objective < 1e-9


@pytest.mark.filterwarnings("error")
def test_a_bound_that_meets_the_objective_up_to_rounding_ends_quietly():
    problem = planted_bilinear(1000, 200, 5)  # zero is optimal at this beta
    labels = np.where(problem.y > 0, 1.0, -1.0)
    problem = pose(
        problem.q, 255, labels, 0.01, loss="logistic", family="polynomial", activation=(0.09, 0.5, 0.47)
    )
    solution = burer_monteiro.solve(problem, Settings(gap=0.01, max_iterations=600))
    assert solution.status is Status.SOLVED and abs(solution.objective - np.log(2)) < 1e-9


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
    settings = Settings(
        gap=1e-9, **({"max_iterations": 50} if limit == "max_iterations" else {"max_seconds": 0.0})
    )
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


def test_a_zero_network_as_warm_start_is_the_same_as_none():
    problem = thresholded_digits((8,))
    zeros = np.zeros((problem.d, 1))
    nothing = Solution(zeros, zeros, 0.0, np.zeros(problem.n), None, 1.0, Status.SOLVED, "by hand", 0, 0.0)
    warm, cold = (burer_monteiro.solve(problem, Settings(gap=0.05, warm=w)) for w in (nothing, None))
    assert warm.iterations == cold.iterations and np.array_equal(warm.dual, cold.dual)
