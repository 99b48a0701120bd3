"""Inputs that say nothing are found and left out; every row the encoder reads stays the same width."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import table_of

from qcompile.data.encode import thermometer, uniform
from qcompile.data.table import Table
from qcompile.model.encoder import ColumnKind, encode
from qcompile.model.schema import Column, Schema
from qcompile.train.choices import Choices
from qcompile.train.select.candidates import Candidate
from qcompile.train.select.choose import choose
from qcompile.train.select.relevance import influence, most_relevant

COLUMNS = tuple(Column(f"c{i}", "numeric") for i in range(16))


def rows(n: int = 120) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, 16)).astype(np.float32)


def test_the_influence_is_the_row_norm_of_the_ridge_solution():
    rng = np.random.default_rng(0)
    z, y = rng.uniform(-1, 1, (30, 4)), rng.standard_normal((30, 2))
    pairs = np.einsum("ni,nj->nij", z, z).reshape(30, 16) / 4  # the kernel's own features
    ridge = (pairs**2).sum() / 30
    target = y - y.mean(axis=0)
    solution = np.linalg.solve(pairs.T @ pairs + ridge * np.eye(16), pairs.T @ target)
    norms = np.sqrt((solution.reshape(4, 4, 2) ** 2).sum(axis=(1, 2)))
    np.testing.assert_allclose(influence(z, y), norms / norms.max(), atol=1e-8)


def table(x, y, task: str = "regression") -> Table:
    return Table(x, y, Schema(COLUMNS, "y", task, ("a", "b") if task == "classification" else ()), "t")


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("made", [uniform, thermometer])
def test_a_product_of_two_features_puts_those_two_first(task, made):
    x = rows(600)
    y = x[:, 3] * x[:, 11]
    target = (y > 0).astype(int) if task == "classification" else y
    share = 0.125 if made is uniform else 0.0625  # the outermost thresholds say little, and may fall behind
    encoder = most_relevant(made.fit(table(x, target, task)), table(x, target, task), share)
    kept = encoder.feature[encoder.kind != ColumnKind.CONSTANT]
    assert set(kept) == {3, 11}
    assert encoder.features == 16 and (encoder.kind == ColumnKind.CONSTANT).sum() == 1


def test_what_is_kept_has_the_codes_it_had():
    x = rows()
    whole = uniform.fit(table_of(x, COLUMNS), constants=8)
    part = most_relevant(whole, table(x, x[:, 5]), 0.25)
    assert part.width == 4 + 8
    at = [int(np.flatnonzero(whole.feature[:16] == f)[0]) for f in part.feature[:4]]
    np.testing.assert_array_equal(encode(part, x)[:, :4], encode(whole, x)[:, at])


def test_two_inputs_are_always_kept_and_all_are_the_encoder_itself():
    x = rows()
    whole = uniform.fit(table_of(x, COLUMNS))
    assert most_relevant(whole, table(x, x[:, 0]), 1e-6).width == 3
    assert most_relevant(whole, table(x, x[:, 0]), 1.0) is whole


def test_a_target_that_never_changes_keeps_the_first_inputs():
    x = rows()
    encoder = most_relevant(uniform.fit(table_of(x, COLUMNS)), table(x, np.zeros(len(x))), 0.25)
    assert encoder.feature[:4].tolist() == [0, 1, 2, 3]


def test_validation_leaves_noise_out():
    x = rows(200)
    y = (x[:, 3] * x[:, 11] + 0.1 * x[:, 0] > 0).astype(np.int64)
    labelled = table(x, y, "classification")
    found = choose(labelled, Choices(encoder="uniform", beta=0.01))
    assert found.candidate.share < 1
    assert {3, 11} <= set(found.candidate.fit(labelled).feature)


def test_the_share_is_said():
    assert str(Candidate("uniform", {"bits": 4}, 0.25)) == "uniform 4 bit, 25 % of the inputs"
