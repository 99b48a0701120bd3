"""Inputs of a dot product that are the same on every row become a shift.

The lifted constant of every encoder goes this way, and so do neurons that cannot change. What is
constant is read off the static bounds (low = high), so it is proved for every row there is:
w'a = (sum over the changing inputs) + (sum over the constant ones), and the latter is a number.

Before:
    %x : u4[3] = input
    %t : i8[2] = dot %x
      weight = int(2, 3)
        1 1 -1
        0 0 0
    %s : i16[1] = dot %t
      weight = int(1, 2)
        5 7
    output scores = %s
After:
    %x : u4[3] = input
    %t : i8[1] = dot %x
      weight = trit(1, 3)
        07:04
    %s : i16[1] = dot %t
      weight = int(1, 1)
        5
    output scores = %s
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qcompile.ir.bounds import element_bounds
from qcompile.ir.fit import fit_types
from qcompile.ir.ops import Affine, Dot, Op
from qcompile.ir.program import Program
from qcompile.passes.bundles import Bundle, at_least_one, bundles, narrow
from qcompile.targets.schema import Target

AFTER = (
    *("dense_convolutions", "express_concat", "express_gather", "express_requantize"),
    *("express_reshape", "express_table"),
)


def run(program: Program, target: Target | None = None) -> Program:
    """Fold constant inputs of dot products into shifts."""
    for bundle in bundles(program):
        if all(isinstance(program[name], Dot) for name in bundle.readers):
            program = _fold(program, bundle)  # around a padded image a constant is not constant
    return fit_types(program)


def _fold(program: Program, bundle: Bundle) -> Program:
    ranges = element_bounds(program)
    readers = {name: program[name] for name in bundle.readers}
    read = {op.operands[0] for op in readers.values()}
    changing = [[lo != hi for lo, hi in ranges[value]] for value in read]
    keep = at_least_one(np.any(changing, axis=0))
    if keep.all():
        return program
    ops: list[Op] = []
    for op in narrow(program, bundle, keep).ops:
        if op.result not in readers:
            ops.append(op)
            continue
        before = readers[op.result]
        assert isinstance(op, Dot) and isinstance(before, Dot)
        constant = np.array([lo for lo, _ in ranges[op.a]], dtype=object)[~keep]
        shift = (before.weight[:, ~keep].astype(object) @ constant).astype(np.int64)
        if op.result in bundle.values:  # a reader that feeds the same bundle has lost rows as well
            shift = shift[keep]
        ops += _shifted(program, op, shift)
    return program.with_ops(tuple(ops))


def _shifted(program: Program, op: Dot, shift: Any) -> list[Op]:
    """The dot followed by its shift, under the dot's old name."""
    if not shift.any():
        return [op]
    bare = Dot(program.fresh(f"{op.result}_dot"), op.type, op.a, op.weight, notes=op.notes)
    return [bare, Affine(op.result, op.type, bare.result, np.array([1]), shift)]
