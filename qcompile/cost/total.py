"""The costs of a model on a target: measured where the target is this machine, else counted or modelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.backends.compile import RUNS_HERE, compile_program, shipped
from qcompile.cost.energy import energy
from qcompile.cost.estimate import estimate
from qcompile.cost.latency import measure
from qcompile.cost.rows import CostReport, CostRow, merge
from qcompile.cost.size import size_row
from qcompile.errors import UnsupportedError
from qcompile.importers.open import Model
from qcompile.ir.probe import seeded_rows
from qcompile.ir.program import Program
from qcompile.passes.pipeline import optimise
from qcompile.run.runner import runner
from qcompile.targets.schema import Target

BATCHES = (1, 16, 256)
KERNELS = "host"  # the runner whose time is shared out over the operations


def costs(
    lowered: Program,
    compiled: Program,
    artifacts: Mapping[str, Artifact],
    runners: Sequence[Any],
    target: Target,
    batches: Sequence[int] = BATCHES,
) -> CostReport:
    """Every figure of a model on a target.

    Args:
        lowered: the model as it came.
        compiled: the same, optimised for this machine.
        artifacts: by back-end, for their sizes.
        runners: what runs it here.
        target: this machine, or another one.
        batches: rows per call, where latency is measured.
    """
    sizes = tuple(size_row(a.files, name, a.entry) for name, a in artifacts.items() if a.kind == "onnx")
    if target.kind == "host":
        return merge(target.name, here(compiled, runners, target, batches), sizes)
    return merge(target.name, elsewhere(lowered, target), sizes)


def here(
    program: Program, runners: Sequence[Any], target: Target, batches: Sequence[int] = BATCHES
) -> tuple[CostRow, ...]:
    """Measured latency and energy, and the target's model of what each operation takes."""
    latency = latency_rows(program, runners, batches)
    x = seeded_rows(program, 1, seed=0)
    return (*latency, *energy(runners, x, latency, target), *_shares(program, latency, target))


def _shares(program: Program, latency: Sequence[CostRow], target: Target) -> tuple[CostRow, ...]:
    """The kernels' measured median of one row, shared out over the operations by the target's model.

    The parts add up to what was measured; how it is divided is modelled. An operation's interval
    is the model's, brought to the same scale, and no part is longer than the whole.
    """
    whole = [r for r in latency if r.quantity == "latency_p50" and r.batch == 1 and r.backend == KERNELS]
    if not whole or not {"cpi", "per_call"} <= set(target.model):
        return ()
    modelled = estimate(program, target, KERNELS).select("latency")
    (total,) = (r for r in modelled if r.operation == "total")
    measured, factor = whole[0].expected, whole[0].expected / total.expected
    source = f"measured median of {measured:.4g} us shared out by [model] of target {target.name}"
    return tuple(
        replace(
            r,
            low=r.low * factor,
            expected=r.expected * factor,
            high=max(r.expected * factor, min(r.high * factor, measured)),
            source=source,
        )
        for r in modelled
        if r.operation != "total"
    )


def elsewhere(lowered: Program, target: Target) -> tuple[CostRow, ...]:
    """Costs of the C code on another core: counted in its emulator where one is installed, else modelled.

    Raises:
        UnsupportedError: neither an emulator nor a model is there for the target.
    """
    from qcompile.backends.c99.build import build

    program, _ = optimise(lowered, target)
    return priced(build(program, target), program, target)


def priced(artifact: Artifact, program: Program, target: Target) -> tuple[CostRow, ...]:
    """Costs of a C artifact: counted where its emulator is installed, else modelled from its program.

    Raises:
        UnsupportedError: neither an emulator nor a model is there for the target.
    """
    from qcompile.cost.counted import counted

    try:
        return counted(artifact, target, seeded_rows(program, 1, seed=0)[0]).rows
    except UnsupportedError:
        return estimate(program, target, "c99").rows


def latency_rows(
    program: Program, runners: Sequence[Any], batches: Sequence[int] = BATCHES, x: NDArray[Any] | None = None
) -> tuple[CostRow, ...]:
    """Percentiles of every runner at every batch size, on given rows or on seeded ones."""
    rows = seeded_rows(program, max(batches), seed=0) if x is None else np.asarray(x, dtype=np.float32)
    return measure(runners, rows, batches)


def costs_of(
    model: Model, target: Target, batches: Sequence[int] = BATCHES, files: bool = True
) -> CostReport:
    """Measured where the target is this machine, else counted in an emulator, else estimated.

    Args:
        model: opened.
        target: this machine, or another core.
        batches: rows per call, where latency is measured.
        files: whether another core's report has the size of the ONNX file as well.
    """
    if target.kind != "host" and not files:
        return CostReport(elsewhere(model.program, target), target.name)
    compiled = compile_program(model.program)
    artifacts = shipped(model, compiled)
    local = RUNS_HERE if target.kind == "host" else ()
    runners = [runner(artifacts[backend], name) for backend, name in local]
    return costs(model.program, compiled.program, artifacts, runners, target, batches=batches)


def how_found(report: CostReport, target: Target) -> str:
    """Measured, counted or estimated, and why not better."""
    if report.select("latency_p50"):
        return "measured here"
    instructions = report.select("instructions", operation="total")
    if instructions and instructions[0].origin == "measured":
        return f"counted by {target.runner}"
    why = f"{target.runner or 'an emulator'} is not available here"
    return f"estimated from counted operations: {why}"
