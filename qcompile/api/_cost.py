"""cost: every figure of a model on a target."""

from __future__ import annotations

from pathlib import Path

from qcompile.cost.total import costs_of, how_found
from qcompile.importers.open import open_model
from qcompile.report.answers import Costs
from qcompile.targets.schema import load_target


def cost(model: str | Path, target: str | Path) -> Costs:
    """Cost rows of a model on a target."""
    goal = load_target(target)
    opened = open_model(Path(model))
    report = costs_of(opened, goal, files=False)
    return Costs(str(opened.path), how_found(report, goal), report.target, report.rows)
