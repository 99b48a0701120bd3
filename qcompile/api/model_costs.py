"""The costs of an opened model on any target, and in words how they were found."""

from __future__ import annotations

from collections.abc import Sequence

from qcompile.api.measure import BATCHES, costs, elsewhere
from qcompile.api.model import RUNS_HERE, Model, compile_program, runner, shipped
from qcompile.cost.rows import CostReport, CostRow
from qcompile.targets.schema import Target

__all__ = ["costs_of", "how_found", "total_of"]


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


def total_of(report: CostReport, quantity: str) -> CostRow | None:
    """The total of one row at batch 1; of several back-ends, the quickest or smallest.

    A measured median stands for the latency.
    """
    rows = report.select(quantity, operation="total", batch=1)
    if quantity == "latency":
        rows = report.select("latency_p50", batch=1) or rows
    return min(rows, key=lambda r: r.expected, default=None)
