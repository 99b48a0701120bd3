"""Rows of many thresholds become one multiplication: (m a + b) >> s, where that is smaller.

A quantizer of evenly spaced steps is a line, rounded down (ir/staircase.py finds it and proves it over
the static bound of every channel); 255 thresholds of 4 bytes become 13 bytes. Inputs at which a
staircase is not evenly spaced are listed as exceptions while they are few.

Before:
    %x : u8[1] = input
    %q : u3[1] = threshold %x
      levels = int(1, 7)
        8 24 40 56 72 88 104
      sign = int(1)
        1
    output scores = %q
After:
    %x : u8[1] = input
    %q : u3[1] = requantize %x
      multiplier = int(1)
        1
      offset = int(1)
        8
      shift = int(1)
        4
      limits = int(2)
        0 7
      exceptions = int(0, 3)
    output scores = %q
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from qcompile.ir.bounds import element_bounds
from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops.requantize import Requantize
from qcompile.ir.ops.threshold import Threshold
from qcompile.ir.program import Program
from qcompile.ir.ranges import Ranges, hull
from qcompile.ir.staircase import Line, line_of
from qcompile.targets.schema import Target

AFTER = ("push_affine",)  # before quantizers behind quantizers fold: two lines are smaller than no line
MAKES: tuple[type[Op], ...] = (Requantize,)
FEWEST = 7  # levels below which comparisons are cheaper than a multiplication
LEVEL_BYTES, LINE_BYTES, EXCEPTION_BYTES = 4, 13, 6


def run(program: Program, target: Target | None = None, fewest: int = FEWEST) -> Program:
    """Write thresholds of at least ``fewest`` levels as requantize where that takes fewer bytes."""
    ranges = element_bounds(program)
    ops = [
        _line(op, ranges[op.a], hull(ranges[op.result])) or op
        if isinstance(op, Threshold) and op.levels.shape[1] >= fewest
        else op
        for op in program.ops
    ]
    return fit_types(program.with_ops(tuple(ops)))


def _line(op: Threshold, inputs: Ranges, limits: tuple[int, int]) -> Requantize | None:
    room = LEVEL_BYTES * op.levels.size - LINE_BYTES * len(op.levels)
    known: dict[Hashable, Line | None] = {}
    lines: list[Line] = []
    for levels, sign, ends in zip(op.levels, op.sign.tolist(), inputs, strict=True):
        key = (levels.tobytes(), sign, ends)
        if key not in known:
            known[key] = line_of(levels, sign, *ends, limits)
        line = known[key]
        if line is None:
            return None
        room -= EXCEPTION_BYTES * len(line.exceptions)
        if room <= 0:
            return None
        lines.append(line)
    if len(set(lines)) == 1 and not lines[0].exceptions:
        lines = lines[:1]
    exceptions = [(c, *pair) for c, line in enumerate(lines) for pair in line.exceptions]
    return Requantize(
        op.result,
        op.type,
        op.a,
        np.array([line.multiplier for line in lines]),
        np.array([line.offset for line in lines]),
        np.array([line.shift for line in lines]),
        limits,
        np.array(exceptions, dtype=np.int64).reshape(-1, 3),
        notes=op.notes,
    )
