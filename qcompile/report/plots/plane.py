"""The latency-energy plane: every target a point, with its intervals as a cross."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from qcompile.numerals import number
from qcompile.report.plots import svg

if TYPE_CHECKING:
    from qcompile.cost.every_target import Point

WIDTH, HEIGHT = 880.0, 500.0
LEFT, RIGHT, TOP, BOTTOM = 74.0, 30.0, 16.0, 52.0
UNITS = ((1e-3, "n"), (1.0, "µ"), (1e3, "m"), (1e6, ""))  # of a figure in millionths
POWERS_W = (1e-3, 1e-2, 1e-1, 1.0, 1e1)
LETTER, LINE = 6.7, 15.0  # of a label, in the picture's units

Box = tuple[float, float, float, float]


def with_unit(value: float, unit: str) -> str:
    """A figure in millionths of a unit, in the prefix that reads best.

    >>> with_unit(20.5, "s"), with_unit(2050.0, "s"), with_unit(0.0123, "J")
    ('20.5 µs', '2.05 ms', '12.3 nJ')
    """
    size, prefix = next(((s, p) for s, p in reversed(UNITS) if value >= s), UNITS[0])
    return f"{number(value / size)} {prefix}{unit}"


def plane(points: Sequence[Point]) -> str:
    """A picture, both axes logarithmic; lines of equal power run through it.

    Args:
        points: latency in us and energy in uJ, each an interval.
    """
    spans = _span([p.latency.expected for p in points]), _span([p.energy.expected for p in points])
    x = svg.logarithmic(*spans[0], LEFT, WIDTH - RIGHT)
    y = svg.logarithmic(*spans[1], HEIGHT - BOTTOM, TOP)
    body = _axes(spans, x, y) + _powers(spans, x, y)
    taken: list[Box] = []
    marks, labels = [], []
    for p in points:
        at = x(p.latency.expected), y(p.energy.expected)
        taken.append((at[0] - 7, at[1] - 7, at[0] + 7, at[1] + 7))
    for p in sorted(points, key=lambda p: not p.built_for):
        at = x(p.latency.expected), y(p.energy.expected)
        kind = f"{p.kind}{' chosen' if p.built_for else ''}"
        marks += _cross(p, x, y, kind)
        hint = (
            f"{p.title}: {with_unit(p.latency.expected, 's')} and "
            f"{with_unit(p.energy.expected, 'J')} for one row, {p.latency.origin}"
        )
        size = 7 if p.built_for else 5
        marks.append(
            f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{size}" class="point {kind}">'
            f"<title>{escape(hint)}</title></circle>"
        )
        labels.append(_label(p.target, at, kind, taken))
    return svg.document(WIDTH, HEIGHT, body + marks + labels, "latency and energy of one row on every target")


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Whole decades around positive values."""
    positive = [v for v in values if v > 0] or [1.0]
    low, high = math.log10(min(positive)), math.log10(max(positive))
    return 10 ** math.floor(low - 0.15), 10 ** math.ceil(high + 0.15)


def _decades(span: tuple[float, float]) -> list[float]:
    first, last = (round(math.log10(v)) for v in span)
    return [10.0**k for k in range(first, last + 1)]


def _axes(spans: Sequence[tuple[float, float]], x: svg.Scale, y: svg.Scale) -> list[str]:
    body = []
    for v in _decades(spans[0]):
        body.append(svg.line(x(v), TOP, x(v), HEIGHT - BOTTOM, "grid"))
        body.append(svg.text(x(v), HEIGHT - BOTTOM + 18, with_unit(v, "s"), "tick", "middle"))
    for v in _decades(spans[1]):
        body.append(svg.line(LEFT, y(v), WIDTH - RIGHT, y(v), "grid"))
        body.append(svg.text(LEFT - 10, y(v) + 4, with_unit(v, "J"), "tick", "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    body.append(svg.text(middle, HEIGHT - 12, "time of one row", "label", "middle"))
    turned = f"rotate(-90 14 {(TOP + HEIGHT - BOTTOM) / 2:.1f})"
    body.append(
        f'<text x="14" y="{(TOP + HEIGHT - BOTTOM) / 2:.1f}" text-anchor="middle" class="label" '
        f'transform="{turned}">energy of one row</text>'
    )
    return body


def _powers(spans: Sequence[tuple[float, float]], x: svg.Scale, y: svg.Scale) -> list[str]:
    """Energy = power x time: a straight line for each power that crosses the picture."""
    body = []
    (first, last), (least, most) = spans
    for watts in POWERS_W:
        start, end = max(first, least / watts), min(last, most / watts)
        if start * 3 < end:
            body.append(svg.line(x(start), y(start * watts), x(end), y(end * watts), "phase"))
            body.append(svg.text(x(end) - 8, y(end * watts) + 16, with_unit(watts * 1e6, "W"), "tick", "end"))
    return body


def _cross(p: Point, x: svg.Scale, y: svg.Scale, kind: str) -> list[str]:
    def within(value: float, low: float, high: float) -> float:
        return min(max(value, low), high)

    ends = (p.latency.low, p.latency.high), (p.energy.low, p.energy.high)
    across = [within(x(max(e, 1e-12)), LEFT, WIDTH - RIGHT) for e in ends[0]]
    up = [within(y(max(e, 1e-12)), TOP, HEIGHT - BOTTOM) for e in ends[1]]
    at = x(p.latency.expected), y(p.energy.expected)
    return [
        svg.line(across[0], at[1], across[1], at[1], f"reach {kind}"),
        svg.line(at[0], up[0], at[0], up[1], f"reach {kind}"),
    ]


def _label(name: str, at: tuple[float, float], kind: str, taken: list[Box]) -> str:
    """The name beside its point, where it covers least of what is there; nearer places win ties."""
    long = LETTER * len(name)
    best: tuple[float, float, float, str, Box] | None = None
    for far in (0.0, 15.0, 30.0):
        for dx, dy, anchor in (
            (11, 4, "start"), (-11, 4, "end"), (11, -9 - far, "start"), (11, 18 + far, "start"),
            (-11, -9 - far, "end"), (-11, 18 + far, "end"),
        ):  # fmt: skip
            left = at[0] + dx - (long if anchor == "end" else 0)
            box = (left, at[1] + dy - LINE + 4, left + long, at[1] + dy + 3)
            outside = max(0.0, LEFT - box[0]) + max(0.0, box[2] - WIDTH + RIGHT / 2)
            outside += max(0.0, TOP - box[1]) + max(0.0, box[3] - HEIGHT + BOTTOM)
            covered = sum(_overlap(box, other) for other in taken) + 40 * outside + far / 10
            if best is None or covered < best[0]:
                best = covered, at[0] + dx, at[1] + dy, anchor, box
    assert best is not None
    taken.append(best[4])
    return svg.text(best[1], best[2], name, f"mark {kind}", best[3])


def _overlap(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
