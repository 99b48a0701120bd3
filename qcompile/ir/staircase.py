"""A staircase of thresholds as one line, rounded down: count of levels reached = (m a + b) >> s.

For inputs a in [low, high] and levels t_1 <= t_2 <= .. the count reaches k exactly at a = t_k:

    m t_k + b >= k 2^s     and     m (t_k - 1) + b <= k 2^s - 1

for every k that the range reaches; a clamp does the rest. With r = m / 2^s and b / 2^s between, a line
exists where r (x - y) > k - j for every corner (x, k) that must be reached and every corner (y, j) that
must not; so r lies in an open interval, and the smallest s is the one for which a fraction m / 2^s
does. The two conditions are then checked in integers, so the answer is exact whatever was rounded on
the way. Where no line exists, the best one is taken and the inputs at which it errs are listed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST_SHIFT = 40
MOST_EXCEPTIONS = 16  # inputs of one staircase at which the line may err
QUICK = 4  # exceptions that are few enough not to look for a better line
MARGIN = 2.0**-15  # of a count: room for rounding the slope and the offset
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """(multiplier a + offset) >> shift, except (input, result) for a few inputs."""

    multiplier: int
    offset: int
    shift: int
    exceptions: tuple[tuple[int, int], ...] = ()


def line_of(levels: Whole, sign: int, low: int, high: int, limits: tuple[int, int]) -> Line | None:
    """The line of one channel of a threshold, or None where too many inputs would be exceptions.

    Args:
        levels: (k,) sorted.
        sign: +1 counts a >= level, -1 counts a <= level.
        low: smallest input there can be.
        high: largest.
        limits: what the result is clamped to afterwards; no count lies outside.

    >>> line_of(np.array([2, 5, 8]), 1, -100, 100, (0, 3))
    Line(multiplier=3, offset=2, shift=3, exceptions=())
    """
    if sign < 0:
        line = line_of(-levels[::-1], 1, -high, -low, limits)
        if line is None:
            return None
        mirrored = tuple((-value, result) for value, result in line.exceptions)
        return replace(line, multiplier=-line.multiplier, exceptions=mirrored)
    first, last = (int(np.searchsorted(levels, end, side="right")) for end in (low, high))
    if first == last:
        return Line(0, first, 0)
    reach = max(abs(low), abs(high)) + 1
    if reach >= 2**40 or last >= 2**20:
        return None
    corners = _Corners.of(levels, first, last, low, high, limits)
    return _exact(corners, reach) or _nearly(corners, levels, low, high, limits, reach)


@dataclass(frozen=True)
class _Corners:
    """(x, k): the result at x is at least k;  (y, j): the result at y is below j."""

    x: Whole
    k: Whole
    y: Whole
    j: Whole

    @classmethod
    def of(
        cls, levels: Whole, first: int, last: int, low: int, high: int, limits: tuple[int, int]
    ) -> _Corners:
        at, count = levels[first:last], np.arange(first + 1, last + 1)
        x, k, y, j = at, count, at - 1, count
        if first > limits[0]:
            x, k = np.append(x, low), np.append(k, first)
        if last < limits[1]:
            y, j = np.append(y, high), np.append(j, last + 1)
        return cls(x, k, y, j)

    def slopes(self) -> tuple[float, float]:
        """The open interval in which the slope must lie; empty where no line exists."""
        dx, dk = (np.subtract.outer(a, b).astype(float) for a, b in ((self.x, self.y), (self.k, self.j)))
        if (dk[dx == 0] >= 0).any():
            return math.inf, -math.inf
        least = (dk[dx > 0] / dx[dx > 0]).max(initial=-math.inf)
        return float(least), float((dk[dx < 0] / dx[dx < 0]).min(initial=math.inf))

    def offsets(self, m: int, s: int) -> tuple[int, int]:
        """Smallest and largest offset that every corner allows."""
        return int(((self.k << s) - m * self.x).max()), int(((self.j << s) - 1 - m * self.y).min())


def _exact(corners: _Corners, reach: int) -> Line | None:
    """The line with the smallest shift, checked in integers."""
    least, most = corners.slopes()
    if not least < most:
        return None
    for s in range(LARGEST_SHIFT + 1):
        m = math.floor(least * 2.0**s) + 1
        if m * reach >= 2**61 or int(corners.k.max()) << s >= 2**61:
            return None
        if m < most * 2.0**s:
            lowest, highest = corners.offsets(m, s)
            if lowest <= highest:
                return Line(m, lowest, s)
    return None


def _nearly(
    corners: _Corners, levels: Whole, low: int, high: int, limits: tuple[int, int], reach: int
) -> Line | None:
    """A line that misses few corners, with the inputs where it errs."""

    def line(r: float, offset: float) -> Line | None:
        s = 0
        while 0 < r * 2.0 ** (s + 1) < 2**30 and r * 2.0 ** (s + 1) * reach < 2.0**60 and s < LARGEST_SHIFT:
            s += 1
        made = Line(round(r * 2.0**s), round(offset * 2.0**s), s)
        errors = _errors(made, levels, low, high, limits)
        return None if errors is None else replace(made, exceptions=errors)

    best = line(*_least_miss(corners))
    if best is None or len(best.exceptions) > QUICK:
        other = line(*_least_sum(corners))
        if best is None or (other is not None and len(other.exceptions) < len(best.exceptions)):
            return other
    return best


def _least_miss(corners: _Corners) -> tuple[float, float]:
    """Slope and offset whose largest miss of a corner is least; it is convex in the slope."""

    def ends(r: float) -> tuple[float, float]:
        return float((corners.k - r * corners.x).max()), float((corners.j - r * corners.y).min())

    lower, upper = 0.0, 2.0 * float(corners.k.max() - corners.k.min() + 1)
    for _ in range(100):
        a, b = (2 * lower + upper) / 3, (lower + 2 * upper) / 3
        if np.subtract(*ends(a)) < np.subtract(*ends(b)):
            upper = b
        else:
            lower = a
    r = (lower + upper) / 2
    return r, sum(ends(r)) / 2


def _least_sum(corners: _Corners) -> tuple[float, float]:
    """Slope and offset whose misses have the least sum, so that most corners are met: a linear program."""
    from scipy.optimize import linprog  # takes a while to import
    from scipy.sparse import csr_array, eye_array, hstack

    place = np.concatenate([corners.x, -corners.y]).astype(float)
    count = np.concatenate([corners.k, -corners.j]).astype(float)
    side = np.concatenate([np.ones(len(corners.x)), -np.ones(len(corners.y))])
    size = max(float(np.abs(place).max()), 1.0)  # r size x / size + offset >= k + margin - miss
    lines = hstack([csr_array(np.column_stack([-place / size, -side])), -eye_array(len(place))]).tocsr()
    cost = np.concatenate([[0.0, 0.0], np.ones(len(place))])
    ranges = [(0, None), (None, None), *[(0, None)] * len(place)]
    found = linprog(cost, A_ub=lines, b_ub=-count - MARGIN, bounds=ranges, method="highs")
    return (float(found.x[0]) / size, float(found.x[1])) if found.x is not None else (0.0, 0.0)


def _errors(
    line: Line, levels: Whole, low: int, high: int, limits: tuple[int, int]
) -> tuple[tuple[int, int], ...] | None:
    """Inputs and true results wherever the line errs; None where those are too many."""
    m, b, s = line.multiplier, line.offset, line.shift
    if m <= 0:
        return None
    found: dict[int, int] = {}
    for k in range(limits[0] + 1, limits[1] + 1):
        true = int(levels[k - 1]) if k <= len(levels) else high + 1
        made = -((b - (k << s)) // m)  # the first input at which the line reaches k
        true, made = (min(max(v, low), high + 1) for v in (true, made))
        if abs(true - made) > MOST_EXCEPTIONS:
            return None
        for value in range(min(true, made), max(true, made)):
            found[value] = int(np.searchsorted(levels, value, side="right"))
        if len(found) > MOST_EXCEPTIONS:
            return None
    return tuple(sorted(found.items()))


def evaluate(line: Line, inputs: NDArray[Any], limits: tuple[int, int]) -> NDArray[Any]:
    """The results of a line, clamped; the definition that ``Requantize`` has too.

    >>> evaluate(Line(3, 2, 3), np.arange(1, 10), (0, 3)).tolist()
    [0, 1, 1, 1, 2, 2, 2, 3, 3]
    """
    made: NDArray[Any] = np.clip((line.multiplier * inputs + line.offset) >> line.shift, *limits)
    for value, result in line.exceptions:
        made[inputs == value] = result
    return made
