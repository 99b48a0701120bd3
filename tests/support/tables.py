"""Tables for tests of what reads a whole one."""

from __future__ import annotations

from typing import Any

import numpy as np

from qcompile.data.table import Table
from qcompile.model.schema import Column, Schema


def table_of(x: Any, columns: tuple[Column, ...], y: Any = None) -> Table:
    """Rows with a target: the one given, or seeded noise. Integers are class indices."""
    x = np.asarray(x, dtype=np.float32)
    y = np.random.default_rng(len(x)).standard_normal(len(x)) if y is None else np.asarray(y)
    classes = tuple(f"class {c}" for c in range(max(2, int(y.max()) + 1))) if y.dtype.kind == "i" else ()
    task = "classification" if classes else "regression"
    return Table(x, y, Schema(columns, "y", task, classes), "a test")
