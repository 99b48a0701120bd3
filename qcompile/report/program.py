"""The compiled program in a report: operations with their proved ranges, the passes, the kernel here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qcompile.ir.bounds import bounds
from qcompile.ir.ops import Dot, Mul, Poly
from qcompile.ir.ops.dot import weight_bits

if TYPE_CHECKING:
    from qcompile.ir.program import Program
    from qcompile.passes.pipeline import PassRecord


@dataclass(frozen=True)
class OperationPart:
    """One operation of the compiled program, with the range that is proved for its value."""

    value: str
    operation: str
    type: str
    low: int | None
    high: int | None
    weights: tuple[int, ...] | None
    kernel: str | None


@dataclass(frozen=True)
class PassPart:
    """A pass, and whether it changed the program."""

    name: str
    changed: bool


@dataclass(frozen=True)
class ProgramPart:
    """The compiled program."""

    operations: tuple[OperationPart, ...]
    passes: tuple[PassPart, ...]
    sentence: str
    host_kernel: str


def program_part(program: Program, passes: Iterable[PassRecord] = ()) -> ProgramPart:
    """The compiled operations with the range that is proved for every value."""
    ranges = bounds(program)
    operations = []
    for op in program.ops:
        low, high = ranges.get(op.result, (None, None))
        operations.append(
            OperationPart(
                value=op.result,
                operation=type(op).__name__.lower(),
                type=str(op.type),
                low=low,
                high=high,
                weights=tuple(op.weight.shape) if isinstance(op, Dot) else None,
                kernel=op.notes.get("kernel"),
            )
        )
    return ProgramPart(
        operations=tuple(operations),
        passes=tuple(PassPart(p.name, p.changed) for p in passes),
        sentence=_program_sentence(program),
        host_kernel=_host_kernel(program),
    )


def _host_kernel(program: Program) -> str:
    """The kernel that runs the program in this process, and why."""
    from qcompile.run.host import open_program

    runner = open_program(program)
    return f"{runner.kernel}: {runner.reason}"


def _program_sentence(program: Program) -> str:
    """Size, and the widths that the static bounds prove to be wide enough."""
    low, high = bounds(program)[program.outputs["scores"]]
    dots = [op for op in program.ops if isinstance(op, Dot)]
    size = sum(op.weight.size for op in dots)
    bits = sum(op.weight.size * weight_bits(op.weight) for op in dots)
    sums = {op.type.bits for op in program.ops if isinstance(op, Dot | Mul | Poly) and op.type.kind == "i"}
    widths = [str(width) for width in sorted(sums)]
    told = " and ".join([", ".join(widths[:-1]), widths[-1]] if len(widths) > 1 else widths)
    return (
        f"{size:,} weights in {bits / 8000:.3g} kB; accumulators of {told} bits are proved wide enough "
        f"(scores lie in {low:,} .. {high:,})."
    )
