"""The page's target section: time by operation, the latency-energy plane, the flash map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import resources

from qcompile.cost.every_target import FlashMap, FlashPart, Point, TargetPart
from qcompile.cost.rows import Interval
from qcompile.numerals import number
from qcompile.report.plots.bars import Bar, bars
from qcompile.report.plots.flash import flash_map
from qcompile.report.plots.plane import plane, with_unit
from qcompile.report.record import Report


def target_css() -> str:
    """The section's part of the style sheet."""
    return _file("target.css")


def target_section(record: Report) -> str:
    """The section as HTML."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    part = record.targets
    flash, points = part.flash, part.points
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_file("target.html")).render(
        plane=Markup(plane(points)) if points else "",
        points=[_in_words(p) for p in sorted(points, key=lambda p: p.latency.expected)],
        origin=_origin(part),
        has_host=any(p.kind == "host" for p in points),
        operations=Markup(operations(record)),
        built_for=part.built_for,
        flash=flash,
        map=Markup(flash_map(flash.parts)),
        constants=_kilobytes(_sum(flash.parts, "rodata")),
        code=_kilobytes(_sum(flash.parts, "text")),
        used=_used(flash),
    )


def operations(record: Report) -> str:
    """Bars of each operation's time, slowest first; empty where the target has no model.

    Counted C has the second layer inside the entry function, so the two are one bar there.
    """
    rows = [
        r
        for r in record.costs.rows
        if r.quantity == "latency" and r.operation != "total" and math.isfinite(r.expected)
    ]
    rows.sort(key=lambda r: -r.expected)
    whole = any(r.operation == "scores" for r in rows)
    found = [
        Bar(
            r.operation if whole or r.operation != "call" else "second layer, call",
            r.expected,
            with_unit(r.expected, "s"),
            "proof",
            r.low,
            r.high,
            f"{r.low:.4g} to {r.high:.4g} µs, {r.origin}: {r.source}",
        )
        for r in rows
    ]
    return bars(found, "time by operation") if found else ""


def _origin(part: TargetPart) -> str:
    chosen = next((p for p in part.points if p.built_for), None)
    told = "All are estimated from the counted operations and the sourced figures of each target's file"
    if chosen is None:
        return f"{told}."
    if chosen.latency.origin == "measured":
        return f"{told}, except for {chosen.target}, which was measured."
    if _all_measured(part.flash.parts):
        return f"{told}; for {chosen.target} the compiled instructions were counted in its emulator."
    return f"{told}."


def _in_words(p: Point) -> dict[str, str]:
    def interval(figure: Interval, unit: str) -> str:
        low, mid, high = (with_unit(f, unit) for f in (figure.low, figure.expected, figure.high))
        return mid if low == high else f"{mid} ({low} – {high})"

    return {
        "target": p.target,
        "title": p.title,
        "latency": interval(p.latency, "s"),
        "energy": interval(p.energy, "J"),
        "flash": _kilobytes(p.flash.expected) if p.flash else "–",
        "ram": _kilobytes(p.ram.expected) if p.ram else "–",
        "origin": p.latency.origin,
    }


def _kilobytes(value: float) -> str:
    return f"{value:,.0f} B" if value < 1000 else f"{number(value / 1000)} kB"


def _sum(parts: Sequence[FlashPart], section: str) -> float:
    return float(sum(p.bytes for p in parts if p.section == section))


def _used(flash: FlashMap) -> str:
    total = float(sum(p.bytes for p in flash.parts))
    how = "read from the linked image" if _all_measured(flash.parts) else "estimated"
    if not flash.available_kb:
        return f"{_kilobytes(total)}, {how}"
    share = 100 * total / (1000 * flash.available_kb)
    return f"{_kilobytes(total)} of {flash.available_kb:,.0f} kB ({share:.2g} %), {how}"


def _all_measured(parts: Sequence[FlashPart]) -> bool:
    return bool(parts) and all(p.origin == "measured" for p in parts)


def _file(name: str) -> str:
    return resources.files("qcompile.report.page").joinpath(name).read_text(encoding="utf-8")
