"""Predicted against actual values of the test rows: a regression's answer to the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

from qcompile.report.plots import svg

LEFT, RIGHT, TOP, BOTTOM = 70.0, 16.0, 12.0, 44.0


def points_plot(
    points: Sequence[Sequence[float]], label: str, width: float = 520, height: float = 420
) -> str:
    """A dot per row; on the diagonal a prediction is exact.

    Args:
        points: [actual, predicted] pairs.
        label: name of the target.
        width: of the picture.
        height: of the picture.

    Returns:
        inline SVG.

    >>> points_plot([[1.0, 1.5], [2.0, 1.8]], "price").count("<circle")
    2
    """
    values = [value for pair in points for value in pair]
    low, high = min(values), max(values)
    edge = 0.04 * ((high - low) or 1.0)
    low, high = low - edge, high + edge
    x = svg.linear(low, high, LEFT, width - RIGHT)
    y = svg.linear(low, high, height - BOTTOM, TOP)
    body = []
    for value in svg.nice_ticks(low, high, 5):
        body.append(svg.line(LEFT, y(value), width - RIGHT, y(value), "grid"))
        body.append(svg.text(LEFT - 8, y(value) + 4, f"{value:,g}", "tick", "end"))
        body.append(svg.text(x(value), height - BOTTOM + 18, f"{value:,g}", "tick", "middle"))
    body.append(svg.line(x(low), y(low), x(high), y(high), "phase"))
    body += [
        svg.dot(x(actual), y(predicted), "point", f"actual {actual:.4g}, predicted {predicted:.4g}")
        for actual, predicted in points
    ]
    body.append(svg.text((LEFT + width - RIGHT) / 2, height - 6, f"actual {label}", "label", "middle"))
    body.append(svg.text(LEFT + 8, TOP + 12, "predicted", "label"))
    return svg.document(width, height, body, f"predicted against actual {label}")
