"""Two curves as text: a small chart for the terminal, two by four dots per character."""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, float]

# Bit of the dot in column c (0, 1) and row r (0 at the top, 3) of a braille cell; Unicode 2800.
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def chart(
    upper: Sequence[Point], lower: Sequence[Point], width: int, height: int
) -> list[list[tuple[str, str]]]:
    """Draw two step curves over one pair of axes.

    Args:
        upper: (time, value) of the curve that comes from above, in order of time.
        lower: the same of the curve that comes from below.
        width: characters per line.
        height: lines.

    Returns:
        per line a list of (character, "upper" | "lower" | ""), ``width`` of them.

    >>> rows = chart([(0, 2.0), (1, 1.0)], [(0, 0.0), (1, 1.0)], 4, 2)
    >>> ["".join(c for c, _ in row) for row in rows]
    ['⠉⠉⠉⠁', '⣀⣀⣀⡈']
    """
    values = [v for curve in (upper, lower) for _, v in curve if math.isfinite(v)]
    blank = [[("⠀", "")] * width for _ in range(height)]
    if not values:
        return blank
    bottom, top = min(values), max(values)
    span = (top - bottom) or 1.0
    end = max((t for curve in (upper, lower) for t, _ in curve), default=0.0) or 1.0
    cells = [[0] * width for _ in range(height)]
    owner = [[""] * width for _ in range(height)]
    for name, curve in (("lower", lower), ("upper", upper)):
        for column in range(2 * width):
            value = _at(curve, end * column / (2 * width - 1))
            if not math.isfinite(value):
                continue
            row = round((top - value) / span * (4 * height - 1))
            cells[row // 4][column // 2] |= DOTS[column % 2][row % 4]
            owner[row // 4][column // 2] = name
    return [
        [(chr(0x2800 + bits), who) for bits, who in zip(line, names, strict=True)]
        for line, names in zip(cells, owner, strict=True)
    ]


def _at(curve: Sequence[Point], time: float) -> float:
    """Value of the last point that is not later than ``time``."""
    value = math.nan
    for t, v in curve:
        if t > time:
            break
        value = v
    return value
