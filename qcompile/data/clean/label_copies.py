"""Copies of the label: columns that say the label itself, or tell it without fail.

A column that equals the label up to renaming (or, among numbers, up to unit and zero) is left out. One
that tells it perfectly by itself, over many rows, is kept and pointed out: it may be known only afterwards.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

COPY, TELLS = "copy", "tells"
LEAST_ROWS = 40  # with fewer, chance does it
MANY_ROWS = 50
ROWS_PER_VALUE = 5  # a value that occurs less often tells its label by being rare


def relation(values: NDArray[np.float64], y: NDArray[Any], regression: bool) -> str:
    """``COPY``, ``TELLS``, or nothing.

    Args:
        values: (n,) cells of one column, NaN where missing.
        y: (n,) class indices or targets.
        regression: what y is.

    >>> y = np.arange(60) % 3
    >>> relation(y * 10.0, y, False), relation(np.arange(60.0) % 6, y, False)
    ('copy', 'tells')
    """
    present = ~np.isnan(values)
    if present.sum() < max(LEAST_ROWS, 0.9 * len(values)):
        return ""
    v, t = values[present], np.asarray(y)[present]
    if v.min() == v.max() or t.min() == t.max():
        return ""
    return _of_numbers(v, t) if regression else _of_classes(v, t)


def _of_classes(v: NDArray[np.float64], y: NDArray[Any]) -> str:
    """By the classes of equal values: one each, and one value per class or one stretch of values."""
    order = np.lexsort((y, v))
    v, y = v[order], y[order]
    new_value = np.flatnonzero(v[1:] != v[:-1])
    new_class = np.flatnonzero(y[1:] != y[:-1])
    if not np.isin(new_class, new_value).all():  # one value, two classes
        return ""
    classes, values = len(np.unique(y)), len(new_value) + 1
    if values == classes:
        return COPY
    stretches = len(new_class) + 1
    often = values * ROWS_PER_VALUE <= len(v)
    return TELLS if len(v) >= MANY_ROWS and (stretches == classes or often) else ""


def _of_numbers(v: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """By a straight line through all points, then by equal targets of equal values."""
    slope, at = (y.max() - y.min()) / (v.max() - v.min()), v.argmin()
    width = float(y.max() - y.min())
    for sign, start in ((1.0, y.min()), (-1.0, y.max())):
        line = start + sign * slope * (v - v[at])
        # A column of float32 or of few digits follows the line to its own rounding.
        if np.abs(line - y).max() <= 1e-6 * width:
            return COPY
    order = np.argsort(v, kind="stable")
    v, y = v[order], y[order]
    first = np.concatenate(([True], v[1:] != v[:-1]))
    group = np.cumsum(first) - 1
    if len(v) < MANY_ROWS or (y != y[first][group]).any():
        return ""
    steps = np.diff(y[first])
    often = first.sum() * ROWS_PER_VALUE <= len(v)
    return TELLS if often or (steps > 0).all() or (steps < 0).all() else ""
