"""requantize becomes threshold, for back-ends that compare only: the first input of every result is a level.

Where the result starts above or below 0 an affine follows. A requantize whose exceptions make it rise
and fall stays, and so does one with more than 255 steps.

Before:
    %x : i8[2] = input
    %q : i8[2] = requantize %x
      multiplier = int(2)
        1 -2
      offset = int(2)
        1 0
      shift = int(1)
        1
      limits = int(2)
        -1 1
      exceptions = int(1, 3)
        0 1 0
    output scores = %q
After:
    %x : i8[2] = input
    %q_steps : u2[2] = threshold %x
      levels = int(2, 2)
        -1 2
        -1 0
      sign = int(2)
        1 -1
    %q : i8[2] = affine %q_steps
      scale = int(1)
        1
      shift = int(1)
        -1
    output scores = %q
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from qcompile.ir.bounds import element_bounds
from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops.affine import Affine
from qcompile.ir.ops.requantize import Requantize
from qcompile.ir.ops.threshold import Threshold
from qcompile.ir.program import Program
from qcompile.ir.ranges import Range, Ranges
from qcompile.targets.schema import Target

AFTER = ("express_reshape",)
REMOVES: tuple[type[Op], ...] = (Requantize,)
MOST_STEPS = 255


def run(program: Program, target: Target | None = None) -> Program:
    """Write monotone requantize operations as thresholds."""
    if not any(isinstance(op, Requantize) for op in program.ops):
        return program
    ranges = element_bounds(program)
    ops: list[Op] = []
    for op in program.ops:
        ops += _steps(program, op, ranges[op.a]) if isinstance(op, Requantize) else [op]
    return fit_types(program.with_ops(tuple(ops)))


def _steps(program: Program, op: Requantize, inputs: Ranges) -> list[Op]:
    low, high = op.limits
    if high - low > MOST_STEPS:
        return [op]
    rows, signs = [], []
    for constants, ends in zip(op.constants_of_channels(), inputs, strict=True):
        m, b, s, _, exceptions = constants
        row = _levels(m, b, s, (low, high), dict(exceptions), ends)
        if row is None:
            return [op]
        rows.append(row)
        signs.append(-1 if m < 0 else 1)
    name = op.result if low == 0 else program.fresh(f"{op.result}_steps")
    levels = np.array(rows, dtype=np.int64).reshape(len(rows), high - low)
    steps = Threshold(name, op.type, op.a, levels, np.array(signs), notes=op.notes)
    return [steps] if low == 0 else [steps, Affine(op.result, op.type, name, np.array([1]), np.array([low]))]


def _levels(
    m: int, b: int, s: int, limits: Range, exceptions: dict[int, int], ends: Range
) -> list[int] | None:
    """Sorted levels of one channel, or None where it is not monotone."""
    low, high = limits

    def result(a: int) -> int:
        return exceptions.get(a, min(max((m * a + b) >> s, low), high))

    steps = range(low + 1, high + 1)
    # The line reaches k at ceil((k 2^s - b) / m) going up, floor of it going down.
    jumps = [-((b - (k << s)) // m) if m > 0 else ((k << s) - b) // m for k in steps] if m else []
    corners = {v + d for v in (*jumps, *exceptions) for d in (-1, 0, 1)} | set(ends)
    order = sorted(v for v in corners if ends[0] <= v <= ends[1])
    if m < 0:
        order.reverse()
    values = [result(v) for v in order]
    if any(after < before for before, after in pairwise(values)):
        return None
    never = ends[1] + 1 if m >= 0 else ends[0] - 1
    return sorted(next((v for v, r in zip(order, values, strict=True) if r >= k), never) for k in steps)
