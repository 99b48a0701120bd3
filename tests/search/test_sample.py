"""Atoms found on some rows, fitted to all."""

from __future__ import annotations

import numpy as np
import pytest

from qcompile.problem.objective import objective
from qcompile.problem.problem import Problem, pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.relax.solution import Settings
from qcompile.search import sample
from qcompile.search.columns import generate
from qcompile.search.sample import generate_from_sample
from qcompile.search.settings import RoundingSettings


def problem(rows: int, loss: str, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    q = 2 * rng.integers(0, 4, (rows, 7)) - 3
    q[:, -1] = 3
    score = q[:, 0] * q[:, 1] - 3 * q[:, 2] + rng.standard_normal(rows)
    y = np.sign(score) if loss == "logistic" else score / score.std()
    return pose(q, 3, y, 0.01, loss=loss)


@pytest.mark.parametrize("loss", ["logistic", "squared"])
def test_the_network_is_fitted_to_every_row_and_lies_between_bound_and_a_tenth_above_the_whole_search(
    loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "ROWS", 600)
    given = problem(3000, loss)
    assert given.n > 1200
    solution = solve(given, settings=Settings(gap=1e-3))
    settings = RoundingSettings(neurons=24)
    whole, found = generate(given, settings, solution), generate_from_sample(given, settings, solution)
    assert found.objective == objective(given, found.u, found.v, found.alpha)
    assert certify(given, solution).bound <= found.objective <= 1.1 * whole.objective
    assert 0 < len(found.alpha) <= 24 and (found.alpha != 0).all()
    again = generate_from_sample(given, settings, solution)
    assert again.u.tobytes() == found.u.tobytes() and again.alpha.tobytes() == found.alpha.tobytes()


def test_few_rows_are_all_read() -> None:
    given = problem(200, "squared")
    solution = solve(given)
    settings = RoundingSettings(neurons=8)
    found, whole = generate_from_sample(given, settings, solution), generate(given, settings, solution)
    assert found.objective == whole.objective and found.u.tobytes() == whole.u.tobytes()
