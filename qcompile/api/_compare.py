"""compare: several models on several targets, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qcompile.cost.rows import CostReport
from qcompile.cost.total import costs_of, how_found, total_of
from qcompile.importers.open import open_model
from qcompile.targets.schema import Target, load_target

__all__ = ["compare"]

QUANTITIES = ("instructions", "cycles", "latency", "energy", "flash", "ram")


def compare(models: Sequence[str | Path], targets: Sequence[str | Path]) -> dict[str, Any]:
    """Totals of every model on every target, one record each, in the given order."""
    goals = [load_target(target) for target in targets]
    opened = [open_model(Path(model)) for model in models]
    return {
        "rows": [
            _side(str(name), costs_of(model, goal, batches=(1,), files=False), goal)
            for name, model in zip(models, opened, strict=True)
            for goal in goals
        ]
    }


def _side(model: str, report: CostReport, goal: Target) -> dict[str, Any]:
    found: dict[str, Any] = {"model": model, "target": goal.name, "how": how_found(report, goal)}
    for quantity in QUANTITIES:
        r = total_of(report, quantity)
        if r is not None:
            found[quantity] = {
                "unit": r.unit,
                "low": r.low,
                "expected": r.expected,
                "high": r.high,
                "origin": r.origin,
            }
    return found
