"""The flash map: what fills a microcontroller's flash, constants and code, by operation."""

from __future__ import annotations

from collections.abc import Sequence

from qcompile.cost.every_target import FlashPart
from qcompile.report.plots import svg

WIDTH, HIGH, LETTER = 880.0, 46.0, 7.0
NAMES = {"rodata": "constants", "text": "code"}


def flash_map(parts: Sequence[FlashPart]) -> str:
    """One bar from the first byte to the last: constants, then code, the largest part of each first.

    Args:
        parts: bytes by operation and section.
    """
    total = sum(p.bytes for p in parts) or 1.0
    order = sorted(parts, key=lambda p: (p.section != "rodata", -p.bytes))
    body, start = [], 0.0
    for k, p in enumerate(order):
        width = p.bytes / total * WIDTH
        kind = f"flash {p.section} {'even' if k % 2 else 'odd'}"
        name = p.operation
        hint = f"{NAMES[p.section]} of {name}: {p.bytes:,.0f} B, {100 * p.bytes / total:.1f} %"
        body.append(svg.rect(start, 0, max(0.5, width - 1.5), HIGH, kind, hint, rounded=3))
        if width > LETTER * len(name) + 12:
            body.append(svg.text(start + width / 2, HIGH / 2 - 2, name, "inside", "middle"))
            body.append(svg.text(start + width / 2, HIGH / 2 + 14, f"{p.bytes:,.0f} B", "inside", "middle"))
        start += width
    return svg.document(WIDTH, HIGH + 2, body, "flash by operation")
