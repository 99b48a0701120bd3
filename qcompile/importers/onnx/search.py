"""Exact thresholds of a monotone function: bisection over all integers, or over all float32 numbers.

    levels(c) is the code that a quantizer gives to the integer c;  it is monotone, so
    code >= j  <=>  c >= t_j  (rising)   or   c <= t_j  (falling)

The function is evaluated in the arithmetic of the source graph, so the thresholds are those of the
graph as it runs, its rounding included.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def thresholds(
    levels: Callable[[Array], Array], low: NDArray[np.int64], high: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Where a monotone function of an integer reaches each level.

    Args:
        levels: (L, K) integers -> (L, K) codes 0..count, monotone in each row.
        low: (L,) smallest integer of each row.
        high: (L,) largest.
        count: number of levels above 0.

    Returns:
        (L, count) thresholds t_1 .. t_count of each row and (L,) signs: +1 for code >= j where
        c >= t_j, -1 where c <= t_j. A level that is always reached has the threshold ``low`` (rising) or
        ``high``; one that is never reached ``high + 1`` or ``low - 1``.

    >>> t, s = thresholds(lambda c: c // 10, np.array([0]), np.array([25]), 3)
    >>> t.tolist(), s.tolist()
    ([[10, 20, 26]], [1])
    """
    ends = levels(np.stack([low, high], axis=1))
    sign = np.where(ends[:, 1] >= ends[:, 0], 1, -1).astype(np.int64)[:, None]
    wanted = np.arange(1, count + 1)
    # Mirrored where falling, so that below every search the code rises.
    first, last = (
        np.where(sign > 0, low[:, None], -high[:, None]),
        np.where(sign > 0, high[:, None], -low[:, None]),
    )
    below = np.repeat(first - 1, count, axis=1)
    above = np.repeat(last + 1, count, axis=1)
    while (gap := above - below).max(initial=0) > 1:
        middle = below + gap // 2
        inside = np.clip(middle, first, last)
        reached = (levels(sign * inside) >= wanted) & (gap > 1)
        above = np.where(reached, middle, above)
        below = np.where(reached | (gap <= 1), below, middle)
    return sign * above, sign[:, 0].astype(np.int8)
