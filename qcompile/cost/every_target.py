"""Where a model could run: one point per target for the report, and the flash map of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qcompile.cost.estimate import estimate
from qcompile.cost.rows import CostReport, CostRow, Interval
from qcompile.ir.program import Program
from qcompile.passes.pipeline import optimise
from qcompile.registry import names
from qcompile.targets.schema import Target, load_target

SECTIONS = ("text", "rodata")
SMALL_CORE = "cortex-m4"  # whose flash is shown where the model was built for this machine


@dataclass(frozen=True)
class Point:
    """One row on one target; flash and RAM are None where they are not known."""

    target: str
    title: str
    kind: str
    built_for: bool
    latency: Interval
    energy: Interval
    flash: Interval | None
    ram: Interval | None


@dataclass(frozen=True)
class FlashPart:
    """Bytes of one operation in one section, "text" (code) or "rodata" (constants)."""

    operation: str
    section: str
    bytes: float
    origin: str


@dataclass(frozen=True)
class FlashMap:
    """What fills a target's flash, of 1000 * ``available_kb`` bytes."""

    target: str
    title: str
    available_kb: float | None
    parts: tuple[FlashPart, ...]


@dataclass(frozen=True)
class TargetPart:
    """What the report says about targets."""

    built_for: str
    points: tuple[Point, ...]
    flash: FlashMap


def target_part(lowered: Program, report: CostReport, goal: Target) -> TargetPart:
    """Every target's point, and the flash map of the one built for or of a small core.

    Args:
        lowered: the model as it came.
        report: of the target it was built for.
        goal: that target.
    """
    shown = load_target(SMALL_CORE) if goal.kind == "host" else goal
    program, _ = optimise(lowered, shown)
    rows = estimate(program, shown, "c99").rows if goal.kind == "host" else report.rows
    available = shown.flash_kb.expected if shown.flash_kb else None
    flash = FlashMap(shown.name, shown.title, available, _flash(rows))
    return TargetPart(goal.name, points(program, report, goal), flash)


def _flash(rows: Sequence[CostRow]) -> tuple[FlashPart, ...]:
    parts = [FlashPart(r.operation, r.quantity, r.expected, r.origin) for r in rows if r.quantity in SECTIONS]
    found = [p for p in parts if p.operation != "total"]
    if not any(p.section == "text" for p in found):  # an estimate knows the code as one sum
        whole = [p for p in parts if p.operation == "total" and p.section == "text"]
        found += [replace(p, operation="code") for p in whole]
    return tuple(found)


def points(program: Program, report: CostReport, goal: Target) -> tuple[Point, ...]:
    """Latency, energy, flash and RAM of every shipped target and of ``goal``.

    ``goal`` is as the report has it; the others are estimated from counted operations, which
    takes no compiler and about a millisecond each.
    """
    every = [_point(goal, report, built_for=True)]
    for name in names("qcompile.targets", ".toml"):
        target = load_target(name)
        if name != goal.name and target.kind != "host":
            every.append(_point(target, estimate(program, target, "c99"), built_for=False))
    return tuple(p for p in every if p is not None)


def _point(target: Target, report: CostReport, built_for: bool) -> Point | None:
    latency, energy, flash, ram = (report.total(q) for q in ("latency", "energy", "flash", "ram"))
    if latency is None or energy is None:
        return None
    return Point(
        target=target.name,
        title=target.title,
        kind=target.kind,
        built_for=built_for,
        latency=latency.interval,
        energy=energy.interval,
        flash=flash.interval if flash else None,
        ram=ram.interval if ram else None,
    )
