"""Models on other cores: generated C, its cost there, and several targets side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qcompile.api.equality import Outcome, outcome, test_bench
from qcompile.api.firmware import read_firmware, with_description, with_digests
from qcompile.api.measure import priced
from qcompile.api.model import network_of, open_model
from qcompile.api.model_costs import costs_of, how_found, total_of
from qcompile.backends.artifact import Artifact
from qcompile.backends.c99.build import build
from qcompile.cost.rows import CostReport
from qcompile.errors import UnsupportedError
from qcompile.files import folder_destination, staged_folder
from qcompile.ir.lower import lower
from qcompile.ir.program import Program
from qcompile.ir.ternary_form import ternary_form
from qcompile.passes.pipeline import optimise
from qcompile.registry import load
from qcompile.report.written import written
from qcompile.targets.schema import Target, load_target

__all__ = ["compare", "compile_c", "cost", "folder_on_core", "on_core"]

RUNNERS = ("unicorn", "wasm", "qemu", "native", "host")
# --layout of a shared library, and the spelling of the vocabulary for each target that can have one.
LIBRARY = "library"
LIBRARY_ISA = {"host": None, "x86-64-v3": "avx2", "x86-64-v2": "scalar"}
QUANTITIES = ("instructions", "cycles", "latency", "energy", "flash", "ram")


def compile_c(
    model: str | Path,
    target: str | Path,
    out: str | Path,
    *,
    layout: str = "plain",
    kernel: str = "auto",
    form: str = "trained",
    force: bool = False,
) -> dict[str, Any]:
    """Write a model's C files, or its shared library and header, for a target into a folder.

    The program's text goes with them, so that verify, cost, check and compare take the folder too.

    Args:
        model: file or build folder.
        target: name or file.
        out: folder to write.
        layout: "plain", "arduino", "zephyr", or "library" (the targets of LIBRARY_ISA only).
        kernel: of the dot products, or "auto".
        form: "trained", or "ternary": bilinear neurons as differences of two ternary squares, the
            same function (ir/ternary_form.py).
        force: replace files there that no earlier run wrote, and keep their content as NAME.bak.

    Raises:
        QCompileError: the model or target cannot be read, or the folder cannot be written.
    """
    goal = load_target(target)
    folder_destination(Path(out))
    opened = open_model(Path(model))
    source = (
        lower(ternary_form(network_of(opened)), opened.program.name) if form == "ternary" else opened.program
    )
    program, _ = optimise(source, goal)
    if layout == LIBRARY:
        artifact, figures = library(program, goal), {}
        files = with_digests(artifact)
    else:
        artifact = build(program, goal, layout=layout, kernel=kernel)
        figures = _figures(artifact, program, goal)
        facts = {"model": hashlib.sha256(opened.content).hexdigest(), "figures": figures}
        files = with_description(artifact, source, facts)
    with staged_folder(Path(out), tuple(files), written, force) as folder:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return {
        "out": str(out),
        "target": goal.name,
        "files": {name: len(data) for name, data in files.items()},
        "digest": artifact.digest,
        "figures": figures,
        **artifact.provenance,
    }


def _figures(artifact: Artifact, program: Program, target: Target) -> dict[str, Any]:
    """Totals of one row on the target, each with its interval and origin; empty where nothing is known."""
    try:
        report = priced(artifact, program, target)
    except UnsupportedError:
        return {}
    return {
        r.quantity: {
            "unit": r.unit,
            "low": r.low,
            "expected": r.expected,
            "high": r.high,
            "origin": r.origin,
            "source": r.source,
        }
        for r in report
        if r.operation == "total"
    }


def library(program: Program, goal: Target) -> Artifact:
    """The fused kernel as a shared library with a C header, for this system's CPUs.

    Raises:
        UnsupportedError: the target is another system, or there is no linker here.
        CompileError: the program is not a two-layer network.
    """
    if goal.name not in LIBRARY_ISA:
        raise UnsupportedError(
            f"a shared library is made for this system's own CPUs, and target {goal.name!r} is not one; "
            f"targets: {', '.join(LIBRARY_ISA)}. For {goal.name!r}, leave out --layout {LIBRARY}: "
            "C99 is written."
        )
    from qcompile.backends.library.shared import build

    return build(program, goal, LIBRARY_ISA[goal.name])


def on_core(program: Program, target: str | Path, rows: int, seed: int) -> Outcome:
    """Compile a program's C for a target, run it in the target's emulator, and compare every bit.

    Args:
        program: the model.
        target: one that an emulator here serves.
        rows: seeded rows, besides the worst-case rows.
        seed: of these rows.

    Raises:
        UnsupportedError: no emulator here runs the target, with the reason.
    """
    goal = load_target(target)
    fast, _ = optimise(program, goal)
    return _compared(program, build(fast, goal), goal, rows, seed)


def folder_on_core(place: Path, target: str | Path, rows: int, seed: int) -> Outcome:
    """The C files in a folder that ``compile`` wrote, as they are on disk, run and compared.

    Raises:
        UnsupportedError: they were made for another target, or no emulator here runs it.
        ModelError: a file is missing or unreadable.
    """
    artifact, _ = read_firmware(place)
    goal, made_for = load_target(target), artifact.provenance.get("target")
    if goal.name != made_for:
        raise UnsupportedError(
            f"{place} holds C for {made_for}, not for {goal.name}; compile the model for {goal.name} first."
        )
    assert artifact.program is not None
    return _compared(artifact.program, artifact, goal, rows, seed)


def _compared(program: Program, artifact: Artifact, goal: Target, rows: int, seed: int) -> Outcome:
    if goal.runner not in RUNNERS:
        raise UnsupportedError(
            f"target {goal.name!r} is run by {goal.runner or 'nothing'}, which is not part of qcompile; "
            f"targets that can be run here name one of {', '.join(RUNNERS)}."
        )
    if goal.runner in ("native", "host"):
        core = load("qcompile.run", "native_c").open_artifact(artifact)
        built = core.build
    else:
        core = load("qcompile.run", goal.runner).open_artifact(artifact, goal)
        built = core.build
    found = outcome(f"C on {goal.name}", program, core, test_bench(program, rows, seed))
    return replace(found, compiler=built)


def cost(model: str | Path, target: str | Path) -> dict[str, Any]:
    """Cost rows of a model on a target, as plain values."""
    goal = load_target(target)
    opened = open_model(Path(model))
    report = costs_of(opened, goal, files=False)
    return {"model": str(opened.path), "how": how_found(report, goal), **report.to_json()}


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
