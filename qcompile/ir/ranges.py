"""Ranges: (low, high) of exact Python integers, and what arithmetic makes of them."""

from __future__ import annotations

from collections.abc import Iterable

Range = tuple[int, int]
Ranges = list[Range]  # one per channel, over all positions


def span(*values: int) -> Range:
    """From the smallest to the largest of some values."""
    return min(values), max(values)


def square(r: Range) -> Range:
    """Of the squares of the values in a range.

    >>> square((-3, 2)), square((2, 3))
    ((0, 9), (4, 9))
    """
    low, high = r
    return (0 if low <= 0 <= high else min(low * low, high * high)), max(low * low, high * high)


def hull(ranges: Iterable[Range]) -> Range:
    """The range over all channels; (0, 0) where there is none."""
    found = list(ranges)
    return min((lo for lo, _ in found), default=0), max((hi for _, hi in found), default=0)


def reach(r: Range) -> int:
    """Largest absolute value of a range."""
    return max(-r[0], r[1])
