"""Energy on the host: the processor's own counters where readable, else modelled and so labelled.

Linux publishes the package counter as /sys/class/powercap/intel-rapl:N/energy_uj (AMD too); it
is usually readable by root only and absent in virtual machines. It counts the whole package, so
the idle power measured just before is subtracted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.cost.estimate import energy_uj
from qcompile.cost.latency import Scorer
from qcompile.cost.rows import CostRow
from qcompile.targets.schema import Target

POWERCAP = Path("/sys/class/powercap")


def counters(root: Path = POWERCAP) -> tuple[Path, ...]:
    """Package counters that this process may read; empty where there are none."""
    found = []
    for folder in sorted(root.glob("intel-rapl:*")):
        if folder.name.count(":") == 1:  # packages only: sub-zones are contained in them
            try:
                int((folder / "energy_uj").read_text())
            except (OSError, ValueError):
                continue
            found.append(folder)
    return tuple(found)


def read_uj(zones: Sequence[Path], before: Sequence[int] | None = None) -> list[int]:
    """Counter values; with ``before``, the differences, counter wrap-around undone."""
    now = [int((z / "energy_uj").read_text()) for z in zones]
    if before is None:
        return now
    out = []
    for zone, old, new in zip(zones, before, now, strict=True):
        wrap = int((zone / "max_energy_range_uj").read_text()) if new < old else 0
        out.append(new - old + wrap)
    return out


def energy(
    runners: Sequence[Scorer],
    x: NDArray[Any],
    latency: Sequence[CostRow],
    target: Target,
    seconds_per: float = 0.5,
    root: Path = POWERCAP,
) -> tuple[CostRow, ...]:
    """Energy of one row, batch 1, for every runner: measured if possible, else modelled."""
    zones = counters(root)
    if zones:
        return tuple(measured(r, x, zones, seconds_per) for r in runners)
    return modelled(latency, target)


def measured(runner: Scorer, x: NDArray[Any], zones: Sequence[Path], seconds: float) -> CostRow:
    """Package energy per call above idle, from the counters.

    The interval's low end subtracts the idle power measured before, its high end subtracts nothing.
    """
    row = np.ascontiguousarray(np.asarray(x)[:1])
    runner.scores(row)
    start, before = time.perf_counter(), read_uj(zones)
    time.sleep(seconds)
    idle_w = sum(read_uj(zones, before)) * 1e-6 / (time.perf_counter() - start)
    start, before, calls = time.perf_counter(), read_uj(zones), 0
    while time.perf_counter() - start < seconds:
        runner.scores(row)
        calls += 1
    spent_uj, busy_s = sum(read_uj(zones, before)), time.perf_counter() - start
    above = max(0.0, spent_uj - idle_w * busy_s * 1e6) / calls
    source = f"powercap counters over {calls} calls, idle power {idle_w:.2f} W subtracted"
    return CostRow("energy", "uJ", above, above, spent_uj / calls, "measured", source, runner.name)


def modelled(latency: Sequence[CostRow], target: Target) -> tuple[CostRow, ...]:
    """Measured median time at batch 1 x the target's sourced power; labelled "modelled".

    Empty where the target states no power.
    """
    rows = []
    for r in latency:
        if r.quantity != "latency_p50" or r.batch != 1:
            continue
        time_us = (r.low, r.expected, r.high)
        mhz = target.clock_mhz
        cycles = (r.low * mhz.low, r.expected * mhz.expected, r.high * mhz.high)
        found = energy_uj(cycles, time_us, target)
        if found is not None:
            source = f"measured time x {found[1]}"
            rows.append(CostRow("energy", "uJ", *found[0], "modelled", source, r.backend, r.operation))
    return tuple(rows)
