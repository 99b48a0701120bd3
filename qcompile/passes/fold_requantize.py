"""requantize(affine(a)) becomes requantize(a): m (s a + t) + b = (m s) a + (m t + b).

An exception at the value v moves to the input a with s a + t = v, where there is one.

Before:
    %x : i8[2] = input
    %a : i16[2] = affine %x
      scale = int(2)
        3 -2
      shift = int(1)
        1
    %q : u2[2] = requantize %a
      multiplier = int(1)
        5
      offset = int(1)
        8
      shift = int(1)
        4
      limits = int(2)
        0 3
      exceptions = int(2, 3)
        0 7 2
        1 6 3
    output scores = %q
After:
    %x : i8[2] = input
    %q : u2[2] = requantize %x
      multiplier = int(2)
        15 -10
      offset = int(2)
        13*2
      shift = int(1)
        4
      limits = int(2)
        0 3
      exceptions = int(1, 3)
        0 2 2
    output scores = %q
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qcompile.ir.bounds import element_bounds
from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops.affine import Affine
from qcompile.ir.ops.requantize import Requantize
from qcompile.ir.program import Program
from qcompile.ir.ranges import Ranges, reach
from qcompile.targets.schema import Target

AFTER = ("requantize_thresholds",)
ROOM = 2**62  # products and sums beyond stay as they are


def run(program: Program, target: Target | None = None) -> Program:
    """Fold affines into the requantize operations that read them."""
    ranges = element_bounds(program)
    made: dict[str, Op] = {}
    for op in program.ops:
        while isinstance(op, Requantize) and isinstance(before := made[op.a], Affine):
            folded = _folded(op, before, ranges[before.a])
            if folded is None:
                break
            op = folded
        made[op.result] = op
    return fit_types(program.with_ops(tuple(made.values())).pruned())


def _folded(op: Requantize, before: Affine, inputs: Ranges) -> Requantize | None:
    n = op.type.channels
    m, b, s, t = (
        np.broadcast_to(c, n).astype(object) for c in (op.multiplier, op.offset, before.scale, before.shift)
    )
    multiplier, offset = m * s, m * t + b
    largest = np.array([max(reach(r), 1) for r in inputs], dtype=object)
    if n and (abs(multiplier) * largest + abs(offset)).max() >= ROOM:
        return None
    exceptions = []
    for channel, value, result in op.exceptions.tolist():
        if s[channel] == 0:
            return None
        at, rest = divmod(value - int(t[channel]), int(s[channel]))
        if rest == 0:
            exceptions.append((channel, at, result))
    return replace(
        op,
        a=before.a,
        multiplier=multiplier.astype(np.int64),
        offset=offset.astype(np.int64),
        exceptions=np.array(exceptions, dtype=np.int64).reshape(-1, 3),
    )
