"""The two curves of a training run, as the terminal and the page both draw them.

While the relaxation is solved its objective falls and the proved bound rises; then the integer
network's objective falls towards that bound. What is left between them is the certified gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Point = tuple[float, float]
# [seconds, objective, bound]; a number that is not known is None or NaN
Step = Sequence[float | None]


@dataclass(frozen=True)
class Curves:
    """Step curves over time in seconds.

    Attributes:
        relaxed: objective of the relaxation.
        reached: best objective of the network so far; its time goes on where the relaxation's ended.
        bound: best proved bound so far, held to the end.
        switch: when the network's part began.
        end: when it ended.
        low: lower end of the window in which the two meet.
        high: upper end.
    """

    relaxed: tuple[Point, ...]
    reached: tuple[Point, ...]
    bound: tuple[Point, ...]
    switch: float
    end: float
    low: float
    high: float


def curves(solve: Sequence[Step], rounding: Sequence[Step], objective: float, bound: float) -> Curves:
    """Put the two phases on one axis.

    Args:
        solve: steps of the relaxation.
        rounding: steps of the network, with their own clock.
        objective: reached in the end.
        bound: proved in the end.

    >>> c = curves([[0, 3.0, 0.0], [1, 2.0, 1.5]], [[0.5, 2.5, None], [1, 1.8, None]], 1.8, 1.5)
    >>> c.reached, c.bound[-1], c.end
    (((1.5, 2.5), (2.0, 1.8)), (2.0, 1.5), 2.0)
    >>> curves([[0, 3.0, 0.0], [1, 2.0, 1.5]], [[1, 1.8, None]], 1.8, 1.79).bound[-1]
    (2.0, 1.79)
    """
    switch = float(solve[-1][0] or 0.0) if solve else 0.0
    end = switch + (float(rounding[-1][0] or 0.0) if rounding else 0.0)
    relaxed = _known(solve, 1)
    reached = [(switch + t, v) for t, v in _best(_known(rounding, 1), min)]
    proved = _best(_known(solve, 2), max)
    if proved:
        proved.append((end, max(proved[-1][1], bound)))  # an exact proof comes last
    values = [v for curve in (relaxed, reached, proved) for _, v in curve]
    gap = max(objective - bound, 0.02 * abs(objective), 1e-12)
    low = max(min([*values, bound]), bound - 4 * gap)
    high = min(max([*values, objective]), objective + 4 * gap)
    margin = 0.06 * (high - low)
    return Curves(tuple(relaxed), tuple(reached), tuple(proved), switch, end, low - margin, high + margin)


def _known(steps: Sequence[Step], which: int) -> list[Point]:
    pairs = ((step[0], step[which]) for step in steps)
    return [(float(t), float(v)) for t, v in pairs if t is not None and v is not None and math.isfinite(v)]


def _best(points: Sequence[Point], better: Callable[[float, float], float]) -> list[Point]:
    """Best value so far, at each time."""
    out: list[Point] = []
    for time, value in points:
        out.append((time, better(out[-1][1], value) if out else value))
    return out
