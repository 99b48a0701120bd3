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

__all__ = ["FLOAT_HIGH", "FLOAT_LOW", "float_key", "key_float", "thresholds"]

Array = NDArray[Any]

# Finite float32 numbers in order, as integers: key 0 is 0.0, key 1 the smallest positive number.
FLOAT_HIGH = 0x7F7FFFFF
FLOAT_LOW = -FLOAT_HIGH


def key_float(keys: Array) -> NDArray[np.float32]:
    """The float32 number at each place of the order.

    >>> key_float(np.array([0, 0x3F800000, -0x40000000, 1])).tolist()
    [0.0, 1.0, -2.0, 1.401298464324817e-45]
    """
    magnitude = np.abs(keys).astype(np.uint32)
    bits = np.where(keys < 0, magnitude | np.uint32(0x80000000), magnitude).astype(np.uint32)
    return bits.view(np.float32)


def float_key(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Inverse of ``key_float``.

    >>> float_key(np.array([0.0, 1.5, -1.5], dtype=np.float32)).tolist()
    [0, 1069547520, -1069547520]
    """
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32).astype(np.int64)
    return np.where(bits >= 0x80000000, -(bits - 0x80000000), bits)


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
