"""compare: several models on several targets, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qcompile.cost.rows import CostReport
from qcompile.cost.total import costs_of, how_found
from qcompile.importers.open import open_model
from qcompile.report.answers import Comparison, Side
from qcompile.targets.schema import Target, load_target

QUANTITIES = ("instructions", "cycles", "latency", "energy", "flash", "ram")


def compare(models: Sequence[str | Path], targets: Sequence[str | Path]) -> Comparison:
    """Totals of every model on every target, one record each, in the given order."""
    goals = [load_target(target) for target in targets]
    opened = [open_model(Path(model)) for model in models]
    return Comparison(
        tuple(
            _side(str(name), costs_of(model, goal, batches=(1,), files=False), goal)
            for name, model in zip(models, opened, strict=True)
            for goal in goals
        )
    )


def _side(model: str, report: CostReport, goal: Target) -> Side:
    totals = [report.total(quantity) for quantity in QUANTITIES]
    return Side(model, goal.name, how_found(report, goal), *(row.interval if row else None for row in totals))
