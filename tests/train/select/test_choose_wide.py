"""Choosing on wide inputs: fewer folds, one finalist, or the default, and always said."""

from __future__ import annotations

import numpy as np
import pytest

from qcompile.data.table import Table
from qcompile.model.schema import Column, Schema
from qcompile.train.choices import Choices
from qcompile.train.select import choose as module


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 8)).astype(np.float32)
    columns = tuple(Column(f"c{i}", "numeric") for i in range(8))
    return Table(x, (x[:, 0] > 0).astype(np.int64), Schema(columns, "y", "classification", ("a", "b")), "t")


def chosen(table):
    return module.choose(table, Choices(jobs=1))


def test_two_folds_are_what_a_small_budget_buys(table, monkeypatch):
    monkeypatch.setattr(module, "WORK", 2.5 * (81 + module.OVERHEAD))  # 8 inputs and the constant
    found = chosen(table)
    assert "2 folds" in found.reason
    assert len({row.encoder for row in found.validation}) == 1
    assert all(np.isfinite(row.error) for row in found.validation)


def test_inputs_too_wide_take_the_default_and_say_so(table, monkeypatch):
    monkeypatch.setattr(module, "MOST_WORK", 10)
    found = chosen(table)
    assert found.beta == 0.01 and not found.validation
    assert "takes too long" in found.reason


def test_many_classes_validate_one_encoder_and_no_width(table, monkeypatch):
    monkeypatch.setattr(module, "MANY", 2)
    schema = Schema(table.schema.columns, "y", "classification", ("a", "b", "c"))
    found = chosen(Table(table.x, np.digitize(table.x[:, 0], (-0.5, 0.5)), schema, "t"))
    assert {row.encoder for row in found.validation} == {str(found.candidate)}
    assert found.candidate.encoder == "uniform" and found.neurons == module.WIDTH
    assert {ranked.candidate.encoder for ranked in found.ranking} == {"uniform"}
