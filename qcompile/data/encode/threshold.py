"""Threshold: one bit per feature, whether it exceeds the median of the training values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.data.assemble import Code, assemble, greater
from qcompile.data.encode._cuts import cuts
from qcompile.data.table import Table
from qcompile.model.encoder import Encoder


def fit(table: Table, constants: int = 1) -> Encoder:
    """Fit on training rows: the threshold nearest to the median with rows on both sides.

    Args:
        table: training rows.
        constants: copies of the constant, see ``assemble``.

    Returns:
        An encoder of 1-bit codes, the smallest of all: at most one per numeric feature.

    Raises:
        DataError: see ``assemble``.

    >>> from qcompile.model.encoder import encode
    >>> from qcompile.model.schema import Column, Schema
    >>> schema = Schema((Column("a", "numeric"),), "y", "regression")
    >>> x = np.array([[1.0], [2.0], [3.0], [40.0]])
    >>> e = fit(Table(x, x[:, 0], schema, "doc"))
    >>> encode(e, [[2.0], [3.0], [np.nan]]).tolist()
    [[0, 1], [1, 1], [0, 1]]
    """

    def numeric(feature: int, values: NDArray[np.float32]) -> list[Code]:
        return greater(feature, cuts(values, 1))

    return assemble("threshold", 1, table, numeric, constants)
