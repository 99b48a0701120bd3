"""Value types from static bounds: every integer value gets the narrowest type that holds it.

    encode, threshold      u<bits>, exactly as many bits as the codes need
    label (argmax, sign)   i64, the type of label outputs everywhere
    all other integers     i8, i16, i32 or i64, the narrowest that holds the bound
    scale                  f64

A value whose bound does not fit int64 is refused, so an overflow is impossible in every program
that exists. Only the type of the input is the caller's: it is a promise, not a consequence.
"""

from __future__ import annotations

from dataclasses import replace

from qcompile.errors import CompileError
from qcompile.ir.bounds import bounds
from qcompile.ir.ops import Argmax, Encode, Input, Op, Scale, Sign, Threshold
from qcompile.ir.program import Program
from qcompile.ir.types import F64, ValueType, smallest_signed

__all__ = ["fit_types"]


def fit_types(program: Program) -> Program:
    """The same program with the narrowest type for every value.

    Raises:
        CompileError: a value may leave int64; the message names it and its bound.

    >>> from qcompile.ir.text import parse
    >>> p = parse('''qcompile-ir 1
    ... %x : u4[2] = input
    ... %s : i64[1] = dot %x
    ...   weight = int(1, 2)
    ...     9 -9
    ... output scores = %s
    ... ''')
    >>> str(fit_types(p)["s"].type)  # 9 * 15 = 135 needs nine bits
    'i16[1]'
    """
    ranges = bounds(program)
    return program.with_ops(tuple(_fit(op, *ranges.get(op.result, (0, 0))) for op in program.ops))


def _fit(op: Op, low: int, high: int) -> Op:
    length = op.type.length
    match op:
        case Input():
            return op
        case Scale():
            return replace(op, type=ValueType(*F64, length))
        case Argmax() | Sign():
            return replace(op, type=ValueType("i", 64, length))
        case Encode():
            return replace(op, type=ValueType("u", op.encoder.bits, length))
        case Threshold():
            return replace(op, type=ValueType("u", max(1, high.bit_length()), length))
    bits = smallest_signed(low, high)
    if bits is None:
        raise CompileError(
            f"%{op.result} may reach [{low}, {high}], which leaves 64-bit integers; "
            "use smaller second-layer integers, fewer input bits or fewer neurons."
        )
    return replace(op, type=ValueType("i", bits, length))
