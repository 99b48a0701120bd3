"""The float models fit on every kind of table, also where one-hot columns are nearly all zero."""

from __future__ import annotations

import numpy as np
import pytest

from qcompile.data.table import Table
from qcompile.model.schema import Column, Schema
from qcompile.train.baselines import baselines


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_many_rare_categories_are_no_obstacle(task: str) -> None:
    """scikit-learn switches to sparse matrices below 30 % of non-zeros, which boosting refuses."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 20, (200, 3)).astype(np.float32)
    x[::7, 1] = np.nan
    words = tuple(f"w{k}" for k in range(20))
    columns = tuple(Column(f"c{k}", "categorical", words) for k in range(3))
    y = (x[:, 0] > 9).astype(int) if task == "classification" else x[:, 0].astype(float)
    table = Table(x, y, Schema(columns, "y", task, ("a", "b") if task == "classification" else ()), "t")
    found = baselines(table.rows(np.arange(150)), table.rows(np.arange(150, 200)))
    assert len(found) == 2 and all(p.shape == (50,) and np.isfinite(p).all() for p in found.values())
