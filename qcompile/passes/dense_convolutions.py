"""Convolutions that are dots become dots: kernels of one place, and kernels as large as their image.

With a kernel of 1x1, stride 1 and no padding a convolution is a dot at every position; where it has one
position only as its result and pads nothing it is a dot of the whole image, in the order of rows,
columns and channels.

Before:
    %x : u1[2x2x1] = input
    %a : i16[2x2x2] = conv %x
      weight = sign(2, 1, 1, 1)
        00
        01
      stride = int(2)
        1*2
      pad = int(4)
        0*4
      dilation = int(2)
        1*2
      groups = int(1)
        1
    %s : i16[1] = conv %a
      weight = sign(1, 2, 2, 2)
        81
      stride = int(2)
        1*2
      pad = int(4)
        0*4
      dilation = int(2)
        1*2
      groups = int(1)
        1
    output scores = %s
After:
    %x : u1[2x2x1] = input
    %a : i8[2x2x2] = dot %x
      weight = sign(2, 1)
        00
        01
    %s_flat : i8[8] = reshape %a
    %s : i8[1] = dot %s_flat
      weight = sign(1, 8)
        81
    output scores = %s
"""

from __future__ import annotations

import math

from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops.conv import Conv
from qcompile.ir.ops.dot import Dot
from qcompile.ir.ops.reshape import Reshape
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.targets.schema import Target

AFTER: tuple[str, ...] = ()


def run(program: Program, target: Target | None = None) -> Program:
    """Write such convolutions as dots."""
    made: dict[str, Op] = {}
    for op in program.ops:
        new = _dot(program, op, made[op.a].type) if isinstance(op, Conv) else [op]
        made |= {o.result: o for o in new}
    return fit_types(program.with_ops(tuple(made.values())))


def _dot(program: Program, op: Conv, image: ValueType) -> list[Op]:
    weight = op.weight.reshape(len(op.weight), math.prod(op.weight.shape[1:]))
    if op.groups > 1 or any(op.pad):
        return [op]
    if op.window.kernel == (1, 1) and op.stride == (1, 1):
        return [Dot(op.result, op.type, op.a, weight, notes=op.notes)]
    if op.window.kernel != image.positions or op.dilation != (1, 1):
        return [op]
    flat = Reshape(program.fresh(f"{op.result}_flat"), ValueType("i", 64, image.length), op.a)
    return [flat, Dot(op.result, op.type, flat.result, weight, notes=op.notes)]
