"""Is a program well formed? Lengths, kinds and ranges of every operation, from first principles.

A back-end may rely on this: every constant has the length of its value, operands are integers
where integers are needed, and no value can leave its declared type.
"""

from __future__ import annotations

import numpy as np

from qcompile.errors import CompileError
from qcompile.ir.bounds import element_bounds
from qcompile.ir.ops import Add, Affine, Argmax, Dot, Encode, Input, Mul, Op, Poly, Scale, Sign, Threshold
from qcompile.ir.program import Program

__all__ = ["verify"]


def verify(program: Program) -> None:
    r"""Raise unless the program is well formed.

    Raises:
        CompileError: names the operation and what is wrong with it.

    >>> from qcompile.ir.text import parse
    >>> verify(parse("qcompile-ir 1\n%x : u4[2] = input\noutput scores = %x"))
    >>> verify(parse("qcompile-ir 1\n%x : u4[2] = input\n%s : i4[2] = add %x %x\noutput scores = %s"))
    Traceback (most recent call last):
    ...
    qcompile.errors.CompileError: %s is declared i4[2] but reaches [0, 30].
    """
    made: dict[str, Op] = {}
    for op in program.ops:
        if isinstance(op, Input) and made:
            raise CompileError(f"%{op.result} is a second input.")
        wrong = _shape(op, [made[a] for a in op.operands])
        if wrong:
            raise CompileError(f"%{op.result} : {op.type} is malformed: {wrong}.")
        made[op.result] = op
    for role, value in program.outputs.items():
        if (made[value].type.kind == "f") != (role == "values"):
            raise CompileError(f"output {role} must be {'float' if role == 'values' else 'integers'}.")
    for name, ranges in element_bounds(program).items():
        low, high = min((r[0] for r in ranges), default=0), max((r[1] for r in ranges), default=0)
        kind = made[name].type
        if low < kind.low or high > kind.high:
            raise CompileError(f"%{name} is declared {kind} but reaches [{low}, {high}].")


def _shape(op: Op, operands: list[Op]) -> str:
    """What is wrong with an operation, or nothing."""
    n = op.type.length
    lengths = [o.type.length for o in operands]
    floats = [o.type.kind == "f" for o in operands]
    if (op.type.kind == "f") != isinstance(op, Scale) and not isinstance(op, Input):
        return "only the input and scale are floats"
    match op:
        case Input():
            return ""
        case Encode():
            if not isinstance(operands[0], Input) or not floats[0]:
                return "it encodes something that is not the float input"
            return _expect((lengths[0], op.encoder.features), (n, op.encoder.width))
    if any(floats):
        return f"it reads the float %{operands[floats.index(True)].result} as integers"
    match op:
        case Affine():
            allowed = (1, n)
            if len(op.scale) not in allowed or len(op.shift) not in allowed:
                return f"scale has {len(op.scale)} and shift {len(op.shift)} entries, allowed 1 or {n}"
            return _expect((lengths[0], n))
        case Dot():
            return _expect((n, len(op.weight)), (lengths[0], op.weight.shape[1]))
        case Mul() | Add():
            return _expect((lengths[0], n), (lengths[1], n))
        case Poly():
            whole = len(op.coefficients) == 3 and all(isinstance(c, int) for c in op.coefficients)
            return _expect((lengths[0], n)) if whole else "a poly has three integer coefficients"
        case Threshold():
            if (np.diff(op.levels, axis=1) < 0).any():
                return "a row of levels is not sorted"
            if (np.abs(op.sign) != 1).any():
                return "sign must be -1 or +1"
            return _expect((lengths[0], n), (len(op.levels), n), (len(op.sign), n))
        case Argmax() | Sign():
            return _expect((n, 1)) or ("" if lengths[0] else "it reads an empty value")
        case Scale():
            if not (np.isfinite(op.scale).all() and np.isfinite(op.offset).all()):
                return "scale and offset must be finite"
            return _expect((lengths[0], n), (len(op.scale), n), (len(op.offset), n))
    return "no such operation"


def _expect(*pairs: tuple[int, int]) -> str:
    wrong = [f"length {given} where {wanted} is needed" for given, wanted in pairs if given != wanted]
    return "; ".join(wrong)
