"""Which row of a validation table is taken, with few rows and with many, and the lean one."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import table_of

from qcompile.facts import Tried
from qcompile.model.schema import Column
from qcompile.train.choices import Choices
from qcompile.train.select.choose import choose
from qcompile.train.select.folds import Folds, folds_of
from qcompile.train.select.pick import leanest, pick


def row(encoder: str, *scores: float, size: int = 100) -> Tried:
    error = float(np.std(scores, ddof=1) / np.sqrt(len(scores)))
    return Tried(encoder, 0.01, float(np.mean(scores)), error, 0.5, 20, 16, size, scores)


@pytest.fixture
def folds() -> Folds:
    return folds_of(table_of(np.zeros((300, 1)), (Column("a", "numeric"),)), 0)


def test_above_a_thousand_rows_the_higher_mean_wins(folds: Folds) -> None:
    rows = [row("uniform 4 bit", 0.80, 0.82, 0.81), row("splits 25", 0.84, 0.78, 0.82)]
    assert pick(rows, ["uniform 4 bit"], folds, 1001) == 1


def test_below_it_chosen_bits_must_win_by_a_standard_error_of_the_difference(folds: Folds) -> None:
    fixed = row("uniform 4 bit", 0.80, 0.82, 0.81)
    lucky, better = row("splits 25", 0.84, 0.78, 0.82), row("splits 25", 0.83, 0.85, 0.84)
    assert pick([fixed, lucky], ["uniform 4 bit"], folds, 999) == 0
    assert pick([fixed, better], ["uniform 4 bit"], folds, 999) == 1


def test_the_error_of_a_difference_counts_shared_rows(folds: Folds) -> None:
    fitted, held = folds.parts[0]
    d = np.array([0.0, 1.0, 2.0])
    assert folds.paired_error(d) == pytest.approx(np.sqrt(1 / 3 + len(held) / len(fitted)))


def test_lean_is_the_smallest_within_half_an_error() -> None:
    best = row("a", 0.80, 0.90, 0.85, size=900)
    rows = [best, row("b", 0.84, 0.84, 0.84, size=300), row("c", 0.80, 0.80, 0.80, size=10)]
    assert leanest(rows, best).encoder == "b"


def test_chosen_bits_win_where_the_target_is_a_step_far_from_any_quantile() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((1200, 6)).astype(np.float32)
    y = ((x[:, 0] > 1.9) ^ (x[:, 1] > 0.1)).astype(int)
    found = choose(table_of(x, tuple(Column(f"c{i}", "numeric") for i in range(6)), y), Choices(jobs=1))
    assert found.candidate.encoder == "splits" and found.neurons <= 32
    assert max(row.score for row in found.validation) > 0.97


def test_lean_takes_the_network_that_the_sentence_names() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((300, 5)).astype(np.float32)
    table = table_of(x, tuple(Column(f"c{i}", "numeric") for i in range(5)), (x[:, 0] > 0).astype(int))
    best, lean = (choose(table, Choices(jobs=1, lean=lean, encoder="uniform")) for lean in (False, True))
    _, _, said = best.reason.partition("--lean would take ")
    assert said.startswith(str(lean.candidate if said else ""))
    assert said or (lean.candidate, lean.beta) == (best.candidate, best.beta)
    assert "--lean" not in lean.reason


def test_no_held_row_is_a_copy_of_a_fitted_one() -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((60, 2))
    columns = (Column("a", "numeric"), Column("b", "numeric"))
    table = table_of(np.vstack([x, x[:30]]), columns, np.concatenate([x[:, 0], x[:30, 0]]))
    parts = folds_of(table, 0).parts
    assert len(parts) == 15
    for fitted, held in parts:
        assert len(held) and not set(map(bytes, held.x)) & set(map(bytes, fitted.x))
