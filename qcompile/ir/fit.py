"""Value types from static bounds: every integer value gets the narrowest type that holds it.

    encode, threshold      u<bits>, exactly as many bits as the codes need
    label (argmax, sign)   i64, the type of label outputs everywhere
    all other integers     i8, i16, i32 or i64, the narrowest that holds the bound
    scale                  f64

Each operation says itself which type it gets (``fitted``). A value whose bound does not fit int64 is
refused, so an overflow is impossible in every program that exists. Only the type of the input is the
caller's: it is a promise, not a consequence.
"""

from __future__ import annotations

from dataclasses import replace

from qcompile.ir.bounds import bounds
from qcompile.ir.operation import Op
from qcompile.ir.program import Program


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
    made: dict[str, Op] = {}
    for op in program.ops:
        low, high = ranges.get(op.result, (0, 0))
        made[op.result] = replace(op, type=op.fitted(low, high, *(made[a].type for a in op.operands)))
    return program.with_ops(tuple(made.values()))
