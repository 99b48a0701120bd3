"""Is a program well formed? Shapes, kinds and ranges of every operation, from first principles.

A back-end may rely on this: every constant has the length of its value, operands are integers
where integers are needed, and no value can leave its declared type.
"""

from __future__ import annotations

from qcompile.errors import CompileError
from qcompile.ir.bounds import bounds
from qcompile.ir.operation import Op
from qcompile.ir.program import Program


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
        if made and not op.operands:
            raise CompileError(f"%{op.result} is a second input.")
        wrong = _wrong(op, [made[a] for a in op.operands])
        if wrong:
            raise CompileError(f"%{op.result} : {op.type} is malformed: {wrong}.")
        made[op.result] = op
    for role, value in program.outputs.items():
        if (made[value].type.kind == "f") != (role == "values"):
            raise CompileError(f"output {role} must be {'float' if role == 'values' else 'integers'}.")
    for name, (low, high) in bounds(program).items():
        kind = made[name].type
        if low < kind.low or high > kind.high:
            raise CompileError(f"%{name} is declared {kind} but reaches [{low}, {high}].")


def _wrong(op: Op, operands: list[Op]) -> str:
    """What is wrong with an operation, or nothing."""
    if op.makes_floats is not None and (op.type.kind == "f") != op.makes_floats:
        return "only the input and scale are floats"
    floats = [operand for operand in operands if operand.type.kind == "f"]
    if floats and not op.reads_floats:
        return f"it reads the float %{floats[0].result} as integers"
    return op.wrong(*(operand.type for operand in operands))
