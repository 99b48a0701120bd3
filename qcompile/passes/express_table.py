"""table becomes threshold and dot: v_0 plus the sum of (v_k - v_(k-1)) [a >= k] over the steps.

A dot copies every channel once for each input at which its table changes, a threshold compares, a
second dot adds the changes. A table with more than 65536 changes in all stays.

Before:
    %x : u2[1] = input
    %t : i8[1] = table %x
      values = int(1, 4)
        3 3 -1 5
      first = int(1)
        0
    output scores = %t
After:
    %x : u2[1] = input
    %t_copies : i8[2] = dot %x
      weight = sign(2, 1)
        00
        00
    %t_steps : u1[2] = threshold %t_copies
      levels = int(2, 1)
        2
        3
      sign = int(2)
        1*2
    %t_sum : i8[1] = dot %t_steps
      weight = int(1, 2)
        -4 6
    %t : i8[1] = affine %t_sum
      scale = int(1)
        1
      shift = int(1)
        3
    output scores = %t
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qcompile.ir.bounds import element_bounds
from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops.affine import Affine
from qcompile.ir.ops.dot import Dot
from qcompile.ir.ops.table import Table
from qcompile.ir.ops.threshold import Threshold
from qcompile.ir.program import Program
from qcompile.ir.ranges import Ranges
from qcompile.targets.schema import Target

AFTER = ("express_requantize",)
REMOVES: tuple[type[Op], ...] = (Table,)
MOST_CHANGES = 1 << 16


def run(program: Program, target: Target | None = None) -> Program:
    """Write tables as counts of steps."""
    if not any(isinstance(op, Table) for op in program.ops):
        return program
    ranges = element_bounds(program)
    ops: list[Op] = []
    for op in program.ops:
        ops += _steps(program, op, ranges[op.a]) if isinstance(op, Table) else [op]
    return fit_types(program.with_ops(tuple(ops)))


def _steps(program: Program, op: Table, inputs: Ranges) -> list[Op]:
    n = op.type.channels
    tables = np.broadcast_to(op.values, (n, op.values.shape[1]))
    changes = [
        (channel, op.first + k, int(row[k]) - int(row[k - 1]))
        for channel, (row, (low, high)) in enumerate(zip(tables, inputs, strict=True))
        for k in range(low - op.first + 1, high - op.first + 1)
        if row[k] != row[k - 1]
    ]
    if len(changes) > MOST_CHANGES:
        return [op]
    changes = changes or [(0, op.first, 0)]  # no value is empty
    names = [program.fresh(f"{op.result}_{part}") for part in ("copies", "steps", "sum")]
    channel, level, rise = (np.array(column, dtype=np.int64) for column in zip(*changes, strict=True))
    place = np.arange(len(changes))
    copies, weight = (np.zeros(shape, dtype=np.int64) for shape in ((len(changes), n), (n, len(changes))))
    copies[place, channel], weight[channel, place] = 1, rise
    wide = replace(op.type, channels=len(changes))
    start = np.array([row[low - op.first] for row, (low, _) in zip(tables, inputs, strict=True)])
    return [
        Dot(names[0], wide, op.a, copies),
        Threshold(names[1], wide, names[0], level[:, None], np.ones(len(changes), dtype=np.int8)),
        Dot(names[2], op.type, names[1], weight),
        Affine(op.result, op.type, names[2], np.array([1]), start, notes=op.notes),
    ]
