"""Offsets: what is subtracted from a column so that float32 holds what its cells differ by.

float32 keeps 24 bits: of 400,000,003.5 it keeps 400,000,000. Where that makes cells equal which are
not, the column is read as the difference to a round number near its cells, in float64. The encoder,
the graph and the C code then know the differences only; the offset is part of the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.schema import Column

LOST = 0.01  # share of the different values that float32 may merge


def offset_of(values: NDArray[np.float64]) -> float:
    """A multiple of a power of two near the middle of the cells, or 0 where float32 serves.

    It depends on the cells of one feature, as its kind does, and never on labels.

    Args:
        values: (n,) cells, NaN where missing.

    >>> offset_of(400_000_000 + np.arange(8.0)), offset_of(np.arange(8.0) / 7)
    (400000000.0, 0.0)
    """
    different = np.unique(values[~np.isnan(values)])
    if len(different) < 2 or not np.isfinite(different).all():
        return 0.0
    lost = _merged(different, 0.0)
    if lost <= LOST * len(different):
        return 0.0
    middle = float(different[(len(different) - 1) // 2])
    low, high = (float(q) for q in np.quantile(different, (0.05, 0.95)))
    step = 2.0 ** np.ceil(np.log2(max(high - low, float(np.spacing(abs(middle))))))
    offset = float(np.round(middle / step) * step)
    return offset if offset and 2 * _merged(different, offset) <= lost else 0.0


def narrow(x: NDArray[Any], columns: Sequence[Column]) -> NDArray[np.float32]:
    """Rows as the encoder reads them: less the offsets in float64, then float32.

    What is too large saturates to infinity, which encoders clip.

    Args:
        x: (n, f) numbers, NaN where missing.
        columns: f descriptions.

    >>> narrow(np.array([[400000003.5]]), [Column("a", "numeric", offset=4e8)]).tolist()
    [[3.5]]
    """
    offsets = np.array([column.offset for column in columns], dtype=np.float64)
    with np.errstate(over="ignore"):
        if not offsets.any():
            return np.asarray(x, dtype=np.float32)
        return (np.asarray(x, dtype=np.float64) - offsets).astype(np.float32)


def offsets_said(provenance: Mapping[str, Any]) -> tuple[str, ...]:
    """Which inputs of a graph or of C code are differences, for its documentation.

    >>> columns = [{"name": "t", "kind": "numeric", "categories": [], "offset": 4e8}]
    >>> offsets_said({"schema": {"columns": columns}})
    ('x[0] is column t less 400000000, subtracted in double',)
    """
    schema = provenance.get("schema")
    columns = schema.get("columns", ()) if isinstance(schema, Mapping) else ()
    return tuple(
        f"x[{j}] is column {column['name']} less {float(column['offset']):.17g}, subtracted in double"
        for j, column in enumerate(columns)
        if isinstance(column, Mapping) and column.get("offset")
    )


def _merged(different: NDArray[np.float64], offset: float) -> int:
    """How many of the different values become equal to another in float32, less ``offset``."""
    with np.errstate(over="ignore"):
        return len(different) - len(np.unique((different - offset).astype(np.float32)))
