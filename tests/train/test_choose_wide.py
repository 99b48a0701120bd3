"""Choosing on wide inputs: fewer folds, one finalist, or the default, and always said."""

from __future__ import annotations

import numpy as np
import pytest

from qcompile.model.schema import Column
from qcompile.train import choose as module
from qcompile.train.choices import Choices


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 8)).astype(np.float32)
    columns = tuple(Column(f"c{i}", "numeric") for i in range(8))
    return x, (x[:, 0] > 0).astype(np.int64), columns


def chosen(table):
    x, y, columns = table
    return module.choose(x, y, columns, "classification", ("a", "b"), "logistic", Choices(jobs=1))


def test_two_folds_are_what_a_small_budget_buys(table, monkeypatch):
    monkeypatch.setattr(module, "WORK", 2.5 * 81)  # 8 inputs and the constant
    found = chosen(table)
    assert "2 folds" in found.reason
    assert len({row["encoder"] for row in found.validation}) == 1
    assert all(np.isfinite(row["error"]) for row in found.validation)


def test_inputs_too_wide_take_the_default_and_say_so(table, monkeypatch):
    monkeypatch.setattr(module, "MOST_WORK", 10)
    found = chosen(table)
    assert found.beta == 0.01 and not found.validation
    assert "takes too long" in found.reason
