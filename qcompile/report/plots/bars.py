"""Bars: accuracy next to the baselines, latency by back-end, cost by operation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qcompile.report.plots import svg

ROW, NAME, VALUE = 34.0, 170.0, 205.0


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        name: at its left.
        value: its length.
        shown: at its right.
        kind: class: "ours" or "other", or a back-end's.
        low: start of a whisker, or None.
        high: end of the whisker, or None.
        hint: tooltip.
    """

    name: str
    value: float
    shown: str
    kind: str = "other"
    low: float | None = None
    high: float | None = None
    hint: str = ""


def bars(
    rows: Sequence[Bar],
    label: str,
    start: float | None = 0.0,
    end: float | None = None,
    log: bool = False,
    width: float = 880,
) -> str:
    """Horizontal bars.

    Args:
        rows: from top to bottom.
        label: read aloud.
        start: value at the left edge; None takes a decade below the smallest (with ``log``).
        end: value at the right edge; None takes the largest.
        log: lengths by logarithm, for values over several decades.
        width: of the picture.
    """
    finite = [v for r in rows for v in (r.value, r.high) if v is not None and math.isfinite(v)]
    top = end if end is not None else max(finite, default=1.0)
    height = ROW * len(rows) + 6
    if log:
        positive = [v for v in finite if v > 0] or [1.0]
        bottom = start or 10 ** math.floor(math.log10(min(positive)) - 0.3)
        x = svg.logarithmic(bottom, max(top, bottom * 10), NAME, width - VALUE)
    else:
        bottom = start or 0.0
        x = svg.linear(bottom, top if top > bottom else bottom + 1.0, NAME, width - VALUE)
    body = []
    for i, row in enumerate(rows):
        y = 4 + i * ROW
        body.append(svg.text(NAME - 12, y + 18, row.name, f"name {row.kind}", "end"))
        body.append(svg.rect(NAME, y + 4, width - VALUE - NAME, 20, "track", rounded=4))
        value = row.value if math.isfinite(row.value) else bottom
        length = max(2.0, x(max(value, bottom)) - NAME)
        body.append(svg.rect(NAME, y + 4, length, 20, f"bar {row.kind}", row.hint, rounded=4))
        if row.high is not None and row.low is not None:
            left, right = (min(x(max(v, bottom)), width - VALUE) for v in (row.low, row.high))
            body.append(svg.line(left, y + 14, right, y + 14, "whisker"))
            body += [svg.line(end_, y + 9, end_, y + 19, "whisker") for end_ in (left, right)]
        body.append(svg.text(width - VALUE + 12, y + 18, row.shown, f"value {row.kind}"))
    return svg.document(width, height, body, label)
