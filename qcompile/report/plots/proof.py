"""The plot of a proof: what is reached comes down, what is possible comes up, the rest is the gap."""

from __future__ import annotations

from collections.abc import Sequence

from qcompile.numerals import number, percent
from qcompile.report.curves import Curves, Point, curves
from qcompile.report.plots import svg
from qcompile.report.record import ColumnPart

LEFT, RIGHT, TOP, BOTTOM = 58.0, 14.0, 12.0, 34.0


def proof_plot(column: ColumnPart, width: float = 880, height: float = 300, small: bool = False) -> str:
    """One score column: the relaxation's bound and objective, then the integer network's objective.

    Args:
        column: of the report's training part.
        width: of the picture.
        height: of the picture.
        small: leave out what a small multiple has no room for.

    Returns:
        inline SVG.
    """
    drawn = curves(column.solve, column.rounding, column.objective, column.bound)
    floor, right = height - BOTTOM, width - RIGHT
    cut = LEFT + (right - LEFT) * _share(drawn)
    before = svg.linear(0.0, drawn.switch or 1.0, LEFT, cut)
    behind = svg.linear(
        drawn.switch, drawn.end if drawn.end > drawn.switch else drawn.switch + 1.0, cut, right
    )
    y = svg.linear(drawn.low, drawn.high, floor, TOP)

    def place(points: Sequence[Point], end: float) -> list[Point]:
        return [
            (
                (before if t < drawn.switch or cut >= right else behind)(t),
                y(min(max(v, drawn.low), drawn.high)),
            )
            for t, v in _stairs(points, end)
        ]

    relaxed, reached = place(drawn.relaxed, drawn.switch), place(drawn.reached, drawn.end)
    bound = place(drawn.bound, drawn.end)
    body = _axes(y, drawn, floor, right, small)
    for scale, start, end in ((before, 0.0, drawn.switch), (behind, drawn.switch, drawn.end)):
        for value in svg.nice_ticks(0.0, end - start, 2 if small else 4)[start > 0 :]:
            told = f"{'+' if start else ''}{value:g} s"
            body.append(svg.text(scale(start + value), floor + 18, told, "tick", "middle"))
    if bound and (relaxed or reached):
        body.append(svg.path([*relaxed, *reached, *reversed(bound)], "gap", close=True))
    body += [
        svg.path(bound, "curve bound"),
        svg.path(relaxed, "curve relaxed"),
        svg.path(reached, "curve reached"),
    ]
    if drawn.reached and drawn.switch and not small:
        body.append(svg.line(cut, TOP, cut, floor, "phase"))
        body.append(svg.text(cut - 6, floor - 8, "relaxation", "label", "end"))
        body.append(svg.text(cut + 6, floor - 8, "integer network"))
    for value, kind in ((column.objective, "reached"), (column.bound, "bound")):
        body.append(f'<circle cx="{right:.1f}" cy="{y(value):.1f}" r="4" class="dot {kind}"/>')
    told = f"reaches {number(column.objective)}, bound {number(column.bound, down=True)}"
    return svg.document(width, height, body, f"{column.name}: {told}, gap {percent(column.gap)}")


def _stairs(points: Sequence[Point], end: float) -> list[Point]:
    """A value holds until the next one is known, and the last one until ``end``."""
    out: list[Point] = []
    for i, (time, value) in enumerate(points):
        following = points[i + 1][0] if i + 1 < len(points) else end
        out += [(time, value), (max(time, following), value)]
    return out


def _share(drawn: Curves) -> float:
    """Part of the time axis that the relaxation gets: each phase has room, whatever it lasted."""
    if not drawn.reached or drawn.end <= drawn.switch:
        return 1.0
    if drawn.switch <= 0:
        return 0.0
    return min(0.65, max(0.35, drawn.switch / drawn.end))


def _axes(y: svg.Scale, drawn: Curves, floor: float, right: float, small: bool) -> list[str]:
    body = []
    for value in svg.nice_ticks(drawn.low, drawn.high, 3 if small else 5):
        body.append(svg.line(LEFT, y(value), right, y(value), "grid"))
        body.append(svg.text(LEFT - 8, y(value) + 4, f"{value:.4g}", "tick", "end"))
    body.append(svg.line(LEFT, floor, right, floor, "axis"))
    return body
