"""The score of held rows: accuracy or R2."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.data.dataset import Dataset
from qcompile.data.table import Table


def score_of(values: NDArray[np.float64], held: Table, fitted: Dataset) -> float:
    """Accuracy or R2 of real scores.

    Args:
        values: (n, C) in training units.
        held: the n rows.
        fitted: what was trained on; its offset and spread give values their unit.
    """
    y = held.y
    if fitted.task == "regression":
        residual = ((values[:, 0] * fitted.spread + fitted.offset - y) ** 2).sum()
        spread = ((y - y.mean()) ** 2).sum()
        return float(1 - residual / spread) if spread > 0 else 0.0
    if values.shape[1] == 1:
        return float(((values[:, 0] >= 0) == (y == 1)).mean())
    return float((values.argmax(axis=1) == y).mean())
