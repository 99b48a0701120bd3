"""Falling thresholds become rising ones: the weights they read are negated, and their levels with them.

[a <= t] = [-a >= -t], and -a is the dot, or the convolution, with the negated row. Where every
threshold rises, a kernel compares once and keeps the bits (negative gammas of batch norms are the usual
source of falling ones).
Left alone where somebody else reads the dot too, or negated rows would need more bit planes.

Before:
    %x : u4[2] = input
    %a : i8[2] = dot %x
      weight = sign(2, 2)
        02
        00
    %q : u1[2] = threshold %a
      levels = int(2, 1)
        3
        4
      sign = int(2)
        -1 1
    output scores = %q
After:
    %x : u4[2] = input
    %a : i8[2] = dot %x
      weight = sign(2, 2)
        01
        00
    %q : u1[2] = threshold %a
      levels = int(2, 1)
        -3
        4
      sign = int(2)
        1*2
    output scores = %q
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops import Conv, Dot, Threshold
from qcompile.ir.program import Program
from qcompile.model.bits import levels_of
from qcompile.targets.schema import Target

AFTER = ("fold_thresholds",)
FAR = 2**62  # beyond every level that clipping leaves, so that negation cannot overflow


def run(program: Program, target: Target | None = None) -> Program:
    """Negate the rows of weights whose thresholds fall."""
    made: dict[str, Op] = {}
    outputs = set(program.outputs.values())
    for op in program.ops:
        if isinstance(op, Threshold) and (op.sign < 0).any() and op.a not in outputs:
            dot = made.get(op.a)
            alone = [reader.result for reader in program.users(op.a)] == [op.result]
            if isinstance(dot, Dot | Conv) and alone and (np.abs(op.levels) < FAR).all():
                signs = op.sign.astype(np.int64).reshape(-1, *(1,) * (dot.weight.ndim - 1))
                negated = replace(dot, weight=dot.weight * signs)
                if levels_of(negated.weight).bits <= levels_of(dot.weight).bits:
                    made[op.a] = negated
                    levels = np.sort(op.levels * op.sign[:, None].astype(np.int64), axis=1)
                    op = replace(op, levels=levels, sign=np.ones_like(op.sign))
        made[op.result] = op
    return fit_types(program.with_ops(tuple(made.values())))
