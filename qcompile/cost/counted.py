"""Counted cost: the C artifact compiled for a target, one row run in its emulator, then priced.

instructions, mix, stack    measured in the emulator (exact)
flash, static RAM           measured in the linked image, by operation too (cost/flash_map.py)
cycles                      mix x the target's cycle table x its calibration factor
latency, energy             cycles / clock,  cycles x pJ per cycle
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.cost.estimate import Interval, energy_uj, times
from qcompile.cost.flash_map import flash_rows
from qcompile.cost.rows import CostReport, CostRow
from qcompile.errors import UnsupportedError
from qcompile.run.runner import EMULATORS, Counting
from qcompile.targets.schema import Target


def cycles_of(classes: Mapping[str, int], target: Target) -> Interval:
    """Cycles of counted instruction classes by the target's table, calibration included.

    >>> from qcompile.targets.schema import load_target
    >>> low, expected, high = cycles_of({"alu": 10, "load": 5}, load_target("cortex-m4"))
    >>> low < expected < high
    True
    """
    low = mid = high = 0.0
    for name, units in classes.items():
        if name not in target.cycles:
            raise UnsupportedError(
                f"target {target.name!r} has no cycles.{name}; add it to its [cycles] table."
            )
        figure = target.cycles[name]
        low += units * figure.low
        mid += units * figure.expected
        high += units * figure.high
    if "scale" in target.cycles:
        # The scale's interval is that of the calibrated total, so it replaces the table's own.
        scale = target.cycles["scale"]
        return mid * scale.low, mid * scale.expected, mid * scale.high
    if target.flash_wait_states is not None:
        # Nothing is known of caches: at worst every load reads the flash and waits.
        loads = classes.get("load", 0) + classes.get("load_multiple", 0)
        high += loads * target.flash_wait_states.high
    return low, mid, high


def counted(artifact: Artifact, target: Target, row: NDArray[Any]) -> CostReport:
    """Costs of one row on an emulated core.

    Args:
        artifact: of kind "c99".
        target: with a runner that is installed here.
        row: (features,) raw row.

    Raises:
        UnsupportedError: no runner here counts for this target, with the reason.
    """
    match target.runner:
        case "unicorn" | "qemu":
            return _on_a_core(artifact, target, row)
        case "wasm":
            return _in_wasm(artifact, target, row)
        case _:
            raise UnsupportedError(
                f"target {target.name!r} is counted by {target.runner or 'nothing'}, which is not available "
                "here; qcompile.cost.estimate.estimate gives figures without running."
            )


def _on_a_core(artifact: Artifact, target: Target, row: NDArray[Any]) -> CostReport:
    runner = EMULATORS[target.runner].open_artifact(artifact, target)
    assert isinstance(runner, Counting)
    trace = runner.count(np.asarray(row))
    rows: list[CostRow] = []
    parts = {**trace.by_operation, "total": trace.classes}
    numbers = {**trace.instructions_by_operation, "total": trace.instructions}
    how = f"{runner.version}, {runner.build}"
    for name, classes in parts.items():
        n = float(numbers[name])
        rows.append(_row("instructions", "instructions", (n, n, n), "measured", how, name))
        rows += _priced(name, cycles_of(classes, target), target)
    image, scratch = runner.image, float(artifact.provenance["scratch_bytes"])
    exact = {
        "flash": float(image.flash_bytes),
        "data": float(image.static_ram_bytes),
        "scratch": scratch,
        "stack": float(trace.stack_bytes),
        "ram": float(image.static_ram_bytes) + scratch + trace.stack_bytes,
    }
    sources = {
        "flash": "sections .text, .rodata, .data of the linked image",
        "data": "sections .data and .bss of the linked image",
        "scratch": "sizeof the scratch structure, which the caller gives",
        "stack": "deepest byte written in the emulator",
        "ram": ".data, .bss, scratch and the stack's high-water mark",
    }
    rows += [_row(q, "B", (v, v, v), "measured", sources[q]) for q, v in exact.items()]
    rows += flash_rows(artifact, image)
    return CostReport(tuple(rows), target.name)


def _in_wasm(artifact: Artifact, target: Target, row: NDArray[Any]) -> CostReport:
    from qcompile.run.wasm import open_artifact

    runner = open_artifact(artifact, target)
    n = float(runner.count(np.asarray(row)))
    cpi = target.model["cpi"]
    cycles = times((n, n, n), (cpi.low, cpi.expected, cpi.high))
    size, scratch = float(len(runner.module)), float(artifact.provenance["scratch_bytes"])
    rows = [
        _row("instructions", "instructions", (n, n, n), "measured", f"{runner.version} fuel, {runner.build}"),
        *_priced("total", cycles, target),
        _row("flash", "B", (size, size, size), "measured", "bytes of the .wasm file"),
        _row("ram", "B", (scratch,) * 3, "measured", "scratch structure; the stack is wasm's own"),
    ]
    return CostReport(tuple(rows), target.name)


def _priced(name: str, cycles: Interval, target: Target) -> list[CostRow]:
    clock = target.clock_mhz
    latency = (cycles[0] / clock.high, cycles[1] / clock.expected, cycles[2] / clock.low)
    source = f"counted instructions x [cycles] of target {target.name}"
    rows = [
        _row("cycles", "cycles", cycles, "modelled", source, name),
        _row("latency", "us", latency, "modelled", source, name),
    ]
    energy = energy_uj(cycles, latency, target)
    if energy is not None:
        rows.append(_row("energy", "uJ", energy[0], "modelled", f"{source}; {energy[1]}", name))
    return rows


def _row(
    quantity: str, unit: str, value: Interval, origin: str, source: str, operation: str = "total"
) -> CostRow:
    return CostRow(quantity, unit, *value, origin, source, "c99", operation)
