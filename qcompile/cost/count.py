"""Operations and bytes of a program, counted from the program itself; ir/ops/ has each operation's rule.

A count is exact for the program as written: a dot of an (m, d) matrix is m*d multiply-
accumulates, whatever instructions a kernel makes of them.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass

from qcompile.ir.bounds import bounds
from qcompile.ir.operation import Op
from qcompile.ir.ops.affine import Affine
from qcompile.ir.ops.dot import Dot, weight_bits
from qcompile.ir.ops.encode import Encode
from qcompile.ir.program import Program
from qcompile.ir.work import Work


@dataclass(frozen=True, kw_only=True)
class OperationCount(Work):
    """Work of one operation for one row, and where it stands in the program.

    Attributes:
        operation: name of the value it makes.
        kind: "dot", "mul", ..: the operation's word.
        input_bits: bits that hold one element read.
        code_bits: of an encoder, and of a dot on unsigned codes up to 8 bits, an affine in between
            or not; else 0.
        sharing: dots of the same codes and weight bits, this one included; they share tables.
        read_bytes: bytes of values read at their smallest whole-byte width.
        write_bytes: bytes of the value made.
    """

    operation: str
    kind: str
    input_bits: int = 0
    code_bits: int = 0
    sharing: int = 0
    read_bytes: int = 0
    write_bytes: int = 0


def count(program: Program) -> tuple[OperationCount, ...]:
    """Counts of every operation for one row, in program order, the input left out."""
    ranges = bounds(program)
    made = {op.result: op for op in program.ops}

    def bits(name: str) -> int:
        if name not in ranges:
            return made[name].type.bits
        low, high = ranges[name]
        return max(1, high.bit_length()) if low >= 0 else max(high, -low - 1).bit_length() + 1

    def size(name: str) -> int:
        return made[name].type.length * math.ceil(bits(name) / 8)

    def codes(op: Op) -> int:
        if isinstance(op, Encode):
            return op.encoder.bits
        if not isinstance(op, Dot):
            return 0
        source = made[op.a]
        name = source.a if isinstance(source, Affine) else op.a
        low, high = ranges.get(name, (-1, 0))
        return max(1, high.bit_length()) if made[name].makes_codes and low >= 0 and high <= 255 else 0

    def family(op: Op) -> tuple[str, int]:
        if not isinstance(op, Dot) or not codes(op):
            return "", 0
        source = made[op.a]
        return source.a if isinstance(source, Affine) else op.a, weight_bits(op.weight)

    families = Counter(map(family, program.ops))
    return tuple(
        OperationCount(
            operation=op.result,
            kind=op.word(),
            input_bits=max((bits(a) for a in op.operands), default=0),
            code_bits=codes(op),
            sharing=families[family(op)] if family(op)[1] else 0,
            read_bytes=sum(size(a) for a in op.operands),
            write_bytes=size(op.result),
            **asdict(op.work(*(made[a].type for a in op.operands))),
        )
        for op in program.ops
        if op.operands
    )
