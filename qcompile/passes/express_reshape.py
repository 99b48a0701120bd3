"""A reshape that arranges nothing goes: raw cells or codes become the vector that is made of them.

An image that only reshapes read is the vector of the same elements; a vector stays what it is.

Before:
    %x : u4[2x2x1] = input
    %f : u4[4] = reshape %x
    %s : i8[1] = dot %f
      weight = sign(1, 4)
        00
    output scores = %s
After:
    %x : u4[4] = input
    %s : i8[1] = dot %x
      weight = sign(1, 4)
        00
    output scores = %s
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops.affine import Affine
from qcompile.ir.ops.encode import Encode
from qcompile.ir.ops.input import Input
from qcompile.ir.ops.reshape import Reshape
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.targets.schema import Target

AFTER = ("express_gather",)
REMOVES: tuple[type[Op], ...] = (Reshape,)


def run(program: Program, target: Target | None = None) -> Program:
    """Take out reshapes from vectors to vectors, and those of inputs and codes."""
    if not any(isinstance(op, Reshape) for op in program.ops):
        return program
    outputs = set(program.outputs.values())
    names: dict[str, str] = {}
    made: dict[str, Op] = {}
    for op in program.ops:
        if isinstance(op, Input | Encode) and not op.type.is_vector and _flat(program, op):
            kind = ValueType(op.type.kind, op.type.bits, op.type.length)
            op = replace(op, type=kind)
        op = op.renamed(names)
        if isinstance(op, Reshape) and op.type.shape == made[op.a].type.shape:
            if op.result not in outputs:
                names[op.result] = op.a
                continue
            op = Affine(op.result, op.type, op.a, np.array([1]), np.array([0]))  # an output keeps its name
        made[op.result] = op
    return fit_types(program.with_ops(tuple(made.values())))


def _flat(program: Program, op: Op) -> bool:
    """Whether a value is only read as a vector."""
    if op.result in program.outputs.values():
        return False
    users = program.users(op.result)
    vectors = [isinstance(u, Encode) or (isinstance(u, Reshape) and u.type.is_vector) for u in users]
    return bool(users) and all(vectors)
