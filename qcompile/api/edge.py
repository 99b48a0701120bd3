"""Models on other cores: generated C, its cost there, and several targets side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qcompile.api.c_folder import c_files
from qcompile.api.equality import Outcome, outcome, test_bench
from qcompile.api.measure import elsewhere
from qcompile.api.model import PROGRAM, network_of, open_model
from qcompile.api.staging import staged_folder
from qcompile.backends.c99 import build
from qcompile.cost.rows import CostReport
from qcompile.cost.target import Target, load_target
from qcompile.errors import UnsupportedError
from qcompile.ir.lower import lower
from qcompile.ir.program import Program
from qcompile.ir.ternary_form import ternary_form
from qcompile.ir.text import dump
from qcompile.passes._pipeline import optimise
from qcompile.registry import load

__all__ = ["compare", "compile_c", "cost", "edge_costs", "on_core"]

RUNNERS = ("unicorn", "wasm", "native")
QUANTITIES = ("instructions", "cycles", "latency", "energy", "flash", "ram")


def compile_c(
    model: str | Path,
    target: str | Path,
    out: str | Path,
    *,
    layout: str = "plain",
    kernel: str = "auto",
    form: str = "trained",
) -> dict[str, Any]:
    """Write a model's C files for a target into a folder.

    The program's text goes with them, so that verify, cost, check and compare take the folder too.

    Args:
        model: file or build folder.
        target: name or file.
        out: folder to write.
        layout: "plain", "arduino" or "zephyr".
        kernel: of the dot products, or "auto".
        form: "trained", or "ternary": bilinear neurons as differences of two ternary squares, the
            same function (ir/ternary_form.py).

    Raises:
        QCompileError: the model or target cannot be read, or the folder cannot be written.
    """
    goal = load_target(target)
    opened = open_model(Path(model))
    source = lower(ternary_form(network_of(opened)), opened.program.name) if form == "ternary" else opened.program
    program, _ = optimise(source, goal)
    artifact = build(program, goal, layout=layout, kernel=kernel)
    with staged_folder(Path(out)) as folder:
        for name, data in artifact.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (folder / PROGRAM).write_text(dump(source), encoding="utf-8")
    return {
        "out": str(out),
        "target": goal.name,
        "files": {name: len(data) for name, data in artifact.files.items()},
        "digest": artifact.digest,
        **artifact.provenance,
    }


def edge_costs(program: Program, target: Target) -> tuple[CostReport, str]:
    """Costs of a program's C on a target, and in words how they were found."""
    report = CostReport(elsewhere(program, target), target.name)
    (instructions,) = report.select("instructions", operation="total")
    if instructions.origin == "measured":
        return report, f"counted by {target.runner}"
    why = f"{target.runner or 'an emulator'} is not available here"
    return report, f"estimated from counted operations: {why}"


def on_core(
    program: Program, target: str | Path, rows: int, seed: int, folder: Path | None = None
) -> Outcome:
    """Compile a program's C for a target, run it in the target's emulator, and compare every bit.

    Args:
        program: the model.
        target: one that an emulator here serves.
        rows: seeded rows, besides the worst-case rows.
        seed: of these rows.
        folder: C files to compile instead of fresh ones, as ``compile`` wrote them.

    Raises:
        UnsupportedError: no emulator here runs the target, with the reason.
    """
    goal = load_target(target)
    fast, _ = optimise(program, goal)
    if goal.runner not in RUNNERS:
        raise UnsupportedError(
            f"target {goal.name!r} is run by {goal.runner or 'nothing'}, which is not part of qcompile; "
            f"targets that can be run here name one of {', '.join(RUNNERS)}."
        )
    artifact = build(fast, goal) if folder is None else c_files(folder, fast, goal)[0]
    if goal.runner == "native":
        core = load("qcompile.run", "native_c").open_artifact(artifact)
    else:
        core = load("qcompile.run", goal.runner).open_artifact(artifact, goal)
    return outcome(f"C on {goal.name}", program, core, test_bench(program, rows, seed))


def cost(model: str | Path, target: str | Path) -> dict[str, Any]:
    """Cost rows of a model on a target, as plain values."""
    goal = load_target(target)
    opened = open_model(Path(model))
    report, how = edge_costs(opened.program, goal)
    return {"model": str(opened.path), "how": how, **report.to_json()}


def compare(models: Sequence[str | Path], targets: Sequence[str | Path]) -> dict[str, Any]:
    """Totals of every model on every target, one record each, in the given order."""
    records = []
    for model in models:
        opened = open_model(Path(model))
        for target in targets:
            goal = load_target(target)
            report, how = edge_costs(opened.program, goal)
            found: dict[str, Any] = {"model": str(model), "target": goal.name, "how": how}
            for quantity in QUANTITIES:
                rows = report.select(quantity, operation="total")
                if rows:
                    r = rows[0]
                    found[quantity] = {
                        "unit": r.unit,
                        "low": r.low,
                        "expected": r.expected,
                        "high": r.high,
                        "origin": r.origin,
                    }
            records.append(found)
    return {"rows": records}
