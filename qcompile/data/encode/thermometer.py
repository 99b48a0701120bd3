"""Thermometer: one bit per threshold, thresholds at quantiles of the training values.

A value that exceeds j of the k thresholds of its feature has j bits set, so equally many
training rows fall between neighbouring thresholds whatever the scale of the feature.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.data.assemble import Code, assemble, greater
from qcompile.data.encode._cuts import cuts
from qcompile.data.table import Table
from qcompile.errors import DataError
from qcompile.model.encoder import Encoder


def fit(table: Table, k: int = 8, constants: int = 1) -> Encoder:
    """Fit on training rows.

    Args:
        table: training rows.
        k: thresholds per numeric feature, 1 to 64; features with fewer different values get fewer.
        constants: copies of the constant, see ``assemble``.

    Returns:
        An encoder of 1-bit codes.

    Raises:
        DataError: k outside 1..64, or see ``assemble``.

    >>> from qcompile.model.encoder import encode
    >>> from qcompile.model.schema import Column, Schema
    >>> schema = Schema((Column("a", "numeric"),), "y", "regression")
    >>> x = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> e = fit(Table(x, x[:, 0], schema, "doc"), k=3)
    >>> encode(e, [[0.0], [2.0], [2.7], [9.0]]).tolist()
    [[0, 0, 0, 1], [1, 0, 0, 1], [1, 1, 0, 1], [1, 1, 1, 1]]
    """
    if not 1 <= k <= 64:
        raise DataError(f"k is {k}, but the thermometer encoder has 1 to 64 thresholds per feature.")

    def numeric(feature: int, values: NDArray[np.float32]) -> list[Code]:
        return greater(feature, cuts(values, k))

    return assemble("thermometer", 1, table, numeric, constants)
