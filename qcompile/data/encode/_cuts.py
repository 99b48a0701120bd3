"""Cuts: thresholds that divide training values into parts of about equal size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cuts(values: NDArray[Any], k: int) -> NDArray[np.float32]:
    """At most k ascending thresholds t, for comparisons ``x > t``.

    Each lies halfway between two neighbouring training values, so that a small change of a
    value seldom changes its side, and both sides of every threshold hold training rows.
    With at most k + 1 different values every gap gets a threshold; otherwise the j-th
    threshold is the gap whose share of values below is nearest to j / (k + 1), and equal
    choices (many equal values) are made once.

    Args:
        values: (n,) finite; compared as float32.
        k: number of thresholds wanted, at least 1.

    Returns:
        (at most k,) float32, strictly ascending; empty for a constant.

    >>> cuts(np.array([0.0, 1.0, 2.0, 3.0]), 1).tolist()
    [1.5]
    >>> cuts(np.array([0.0, 0.0, 0.0, 7.0]), 3).tolist()
    [3.5]
    >>> cuts(np.array([4.0, 4.0]), 3).tolist()
    []
    """
    distinct, counts = np.unique(np.asarray(values, dtype=np.float32), return_counts=True)
    if len(distinct) < 2:
        return np.empty(0, dtype=np.float32)
    if len(distinct) <= k + 1:
        gaps = np.arange(len(distinct) - 1)
    else:
        below = np.cumsum(counts)[:-1] / counts.sum()
        wanted = np.arange(1, k + 1) / (k + 1)
        after = (
            np.clip(np.searchsorted(below, wanted), 1, len(below) - 1) if len(below) > 1 else np.zeros(k, int)
        )
        before = np.maximum(after - 1, 0)
        gaps = np.unique(np.where(wanted - below[before] <= below[after] - wanted, before, after))
    low, high = distinct[gaps], distinct[gaps + 1]
    middle = (low.astype(np.float64) / 2 + high.astype(np.float64) / 2).astype(np.float32)
    # Between two neighbouring floats the middle rounds to one of them: low keeps both sides apart.
    return np.where((middle >= low) & (middle < high), middle, low).astype(np.float32)
