"""cost: every figure of a model on a target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qcompile.cost.total import costs_of, how_found
from qcompile.importers.open import open_model
from qcompile.targets.schema import load_target

__all__ = ["cost"]


def cost(model: str | Path, target: str | Path) -> dict[str, Any]:
    """Cost rows of a model on a target, as plain values."""
    goal = load_target(target)
    opened = open_model(Path(model))
    report = costs_of(opened, goal, files=False)
    return {"model": str(opened.path), "how": how_found(report, goal), **report.to_json()}
