"""Where a model could run: one point per target for the report, and the flash map of one of them."""

from __future__ import annotations

from typing import Any

from qcompile.cost.estimate import estimate
from qcompile.cost.rows import CostReport
from qcompile.ir.program import Program
from qcompile.passes.pipeline import optimise
from qcompile.registry import names
from qcompile.targets.schema import Target, load_target

__all__ = ["SMALL_CORE", "points", "target_part"]

SMALL_CORE = "cortex-m4"  # whose flash is shown where the model was built for this machine
QUANTITIES = ("latency", "energy", "flash", "ram")


def target_part(lowered: Program, report: CostReport, goal: Target) -> dict[str, Any]:
    """What the report page says about targets, as plain values.

    Args:
        lowered: the model as it came.
        report: of the target it was built for.
        goal: that target.
    """
    shown = load_target(SMALL_CORE) if goal.kind == "host" else goal
    program, _ = optimise(lowered, shown)
    rows = estimate(program, shown, "c99").rows if goal.kind == "host" else report.rows
    flash = [
        {"operation": r.operation, "section": r.quantity, "bytes": r.expected, "origin": r.origin}
        for r in rows
        if r.quantity in ("text", "rodata") and (r.operation != "total" or r.quantity == "text")
    ]
    parts = [f for f in flash if f["operation"] != "total"]
    if not any(f["section"] == "text" for f in parts):  # an estimate knows the code as one sum
        parts += [{**f, "operation": "code"} for f in flash if f["operation"] == "total"]
    return {
        "built_for": goal.name,
        "points": points(program, report, goal),
        "flash": {
            "target": shown.name,
            "title": shown.title,
            "available_kb": shown.flash_kb.expected if shown.flash_kb else None,
            "parts": parts,
        },
    }


def points(program: Program, report: CostReport, goal: Target) -> list[dict[str, Any]]:
    """Latency, energy, flash and RAM of every shipped target and of ``goal``.

    ``goal`` is as the report found it; the others are estimated from counted operations, which
    takes no compiler and about a millisecond each.
    """
    found = [_point(goal, report, built_for=True)]
    for name in names("qcompile.targets", ".toml"):
        target = load_target(name)
        if name != goal.name and target.kind != "host":
            found.append(_point(target, estimate(program, target, "c99"), built_for=False))
    return [p for p in found if {"latency", "energy"} <= set(p)]


def _point(target: Target, report: CostReport, built_for: bool) -> dict[str, Any]:
    point: dict[str, Any] = {
        "target": target.name,
        "title": target.title,
        "kind": target.kind,
        "built_for": built_for,
    }
    for quantity in QUANTITIES:
        rows = report.select(quantity, operation="total", batch=1)
        if quantity == "latency":
            rows = report.select("latency_p50", batch=1) or rows
        if rows:
            row = min(rows, key=lambda r: r.expected)
            point[quantity] = {
                "low": row.low,
                "expected": row.expected,
                "high": row.high,
                "unit": row.unit,
                "origin": row.origin,
            }
    return point
