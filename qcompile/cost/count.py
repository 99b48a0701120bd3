"""Operations and bytes of a program, counted from the program itself.

A count is exact for the program as written: a dot of an (m, d) matrix is m*d multiply-
accumulates, whatever instructions a kernel makes of them.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from qcompile.data.encoder import Encoder
from qcompile.data.step_encoder import StepEncoder
from qcompile.ir.bounds import bounds
from qcompile.ir.ops import Add, Affine, Argmax, Dot, Encode, Input, Mul, Op, Poly, Scale, Sign, Threshold
from qcompile.ir.program import Program

__all__ = ["OperationCount", "count", "weight_bits"]


@dataclass(frozen=True)
class OperationCount:
    """Work of one operation for one row.

    Attributes:
        operation: name of the value it makes.
        kind: "dot", "mul", ..: the operation's class in lower case.
        macs: integer multiply-accumulates.
        adds: integer additions and subtractions.
        muls: integer multiplications outside the macs.
        compares: integer or float comparisons.
        float_ops: float32 or float64 arithmetic operations.
        rows: dot products of a dot, else 0.
        weight_bits: bits that hold one weight of a dot, packed; 0 elsewhere.
        input_bits: bits that hold one element read.
        code_bits: of an encoder, and of a dot on unsigned codes up to 8 bits, an affine in between
            or not; else 0.
        sharing: dots of the same codes and weight bits, this one included; they share tables.
        level_keys: of an encoder, thresholds that tell all its LEVEL codes apart.
        constant_bytes: constants, packed, rounded up to bytes.
        read_bytes: bytes of values read at their smallest whole-byte width.
        write_bytes: bytes of the value made.
    """

    operation: str
    kind: str
    macs: int = 0
    adds: int = 0
    muls: int = 0
    compares: int = 0
    float_ops: int = 0
    rows: int = 0
    weight_bits: int = 0
    input_bits: int = 0
    code_bits: int = 0
    sharing: int = 0
    level_keys: int = 0
    constant_bytes: int = 0
    read_bytes: int = 0
    write_bytes: int = 0


def weight_bits(op: Dot) -> int:
    """Bits that store one weight of a dot: 1 for signs, 2 for trits, else two's complement.

    Odd k-bit levels -(2^k - 1) .. 2^k - 1 take k bits.

    >>> from qcompile.ir.types import ValueType
    >>> [weight_bits(Dot("t", ValueType("i", 8, 1), "q", [w])) for w in ([1, -1], [0, 1], [3, -1], [5, 4])]
    [1, 2, 2, 4]
    """
    w = op.weight
    if not w.size:
        return 1
    top = int(np.abs(w).max())
    if (w % 2 != 0).all() and (top + 1) & top == 0:
        return max(1, top.bit_length())
    return max(2, top.bit_length() + 1)


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
        made_of_codes = isinstance(made[name], Encode | Threshold | Input)
        return max(1, high.bit_length()) if made_of_codes and low >= 0 and high <= 255 else 0

    def family(op: Op) -> tuple[str, int]:
        if not isinstance(op, Dot) or not codes(op):
            return "", 0
        source = made[op.a]
        return source.a if isinstance(source, Affine) else op.a, weight_bits(op)

    families = Counter(map(family, program.ops))
    return tuple(
        OperationCount(
            operation=op.result,
            kind=type(op).__name__.lower(),
            input_bits=max((bits(a) for a in op.operands), default=0),
            code_bits=codes(op),
            sharing=families[family(op)] if family(op)[1] else 0,
            read_bytes=sum(size(a) for a in op.operands),
            write_bytes=size(op.result),
            **_work(op, made[op.operands[0]].type.length),
        )
        for op in program.ops
        if not isinstance(op, Input)
    )


def _work(op: Op, reads: int) -> dict[str, int]:
    n = op.type.length
    match op:
        case Encode(encoder=StepEncoder() as e):
            # NaN test per feature, then one binary search per column.
            return {
                "compares": e.features + n * math.ceil(math.log2(e.top + 1)),
                "constant_bytes": 4 * (e.features + e.steps.size) + 2 * n,
            }
        case Encode(encoder=Encoder() as e):
            # NaN test and fill per feature; level: subtract, multiply, clip, add; others: one compare.
            by_kind = np.bincount(e.kind, minlength=5)
            return {
                "float_ops": int(3 * by_kind[0]),
                "level_keys": e.level_keys,
                "compares": int(e.features + 2 * by_kind[0] + by_kind[1] + by_kind[2] + by_kind[3]),
                "constant_bytes": 4 * (e.features + int(2 * by_kind[0] + by_kind[1] + by_kind[2])) + 2 * n,
            }
        case Affine():
            return {"muls": n, "adds": n, "constant_bytes": 8 * (len(op.scale) + len(op.shift))}
        case Dot():
            m, d = op.weight.shape
            b = weight_bits(op)
            return {"macs": m * d, "rows": m, "weight_bits": b, "constant_bytes": math.ceil(m * d * b / 8)}
        case Mul():
            return {"muls": n}
        case Add():
            return {"adds": n}
        case Poly():
            return {"muls": 2 * n, "adds": 2 * n, "constant_bytes": 24}
        case Threshold():
            k = op.levels.shape[1]
            return {"compares": n * math.ceil(math.log2(k + 1)), "constant_bytes": 8 * n * k + n}
        case Argmax():
            return {"compares": max(0, reads - 1)}
        case Sign():
            return {"compares": 1}
        case Scale():
            return {"float_ops": 2 * n, "constant_bytes": 16 * n}
        case _:
            raise TypeError(f"no count is defined for {type(op).__name__}.")
