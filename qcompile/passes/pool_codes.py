"""threshold(maxpool(a)) becomes maxpool(threshold(a)): pools compare codes of few bits, not sums.

A rising count is monotone, so that it may be taken before the maximum or behind it. On 1-bit codes a
maximum is an OR of words, and a kernel that makes sums can compare them while it has them.

Before:
    %x : i8[2x2x1] = input
    %p : i8[1] = maxpool %x
      kernel = int(2)
        2*2
      stride = int(2)
        2*2
      pad = int(4)
        0*4
      dilation = int(2)
        1*2
    %q : u1[1] = threshold %p
      levels = int(1, 1)
        3
      sign = int(1)
        1
    output scores = %q
After:
    %x : i8[2x2x1] = input
    %q_each : u1[2x2x1] = threshold %x
      levels = int(1, 1)
        3
      sign = int(1)
        1
    %q : u1[1] = maxpool %q_each
      kernel = int(2)
        2*2
      stride = int(2)
        2*2
      pad = int(4)
        0*4
      dilation = int(2)
        1*2
    output scores = %q
"""

from __future__ import annotations

from dataclasses import replace

from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops.maxpool import MaxPool
from qcompile.ir.ops.requantize import Requantize
from qcompile.ir.ops.threshold import Threshold
from qcompile.ir.program import Program
from qcompile.targets.schema import Target

AFTER = ("raise_thresholds",)


def run(program: Program, target: Target | None = None) -> Program:
    """Exchange rising quantizers with the pools that they alone read."""
    made: dict[str, Op] = {}
    for op in program.ops:
        made |= {new.result: new for new in _exchanged(program, made, op)}
    return fit_types(program.with_ops(tuple(made.values())).pruned())


def _exchanged(program: Program, made: dict[str, Op], op: Op) -> list[Op]:
    """The operation, or the same of what its pools read and then the pools."""
    quantizer = _rising(op)
    pool = made[quantizer.a] if quantizer else None
    if not quantizer or not isinstance(pool, MaxPool) or len(program.users(pool.result)) > 1:
        return [op]
    if pool.result in program.outputs.values():
        return [op]
    wish = f"{op.result}_each"
    name = program.fresh(wish if wish not in made else f"{wish}_of_{pool.result}")
    kind = replace(op.type, positions=made[pool.a].type.positions)
    each = replace(quantizer, result=name, a=pool.a, type=kind)
    return [*_exchanged(program, made, each), replace(pool, result=op.result, a=name, type=op.type)]


def _rising(op: Op) -> Threshold | Requantize | None:
    if isinstance(op, Threshold):
        return op if (op.sign > 0).all() else None
    rises = isinstance(op, Requantize) and (op.multiplier >= 0).all() and not len(op.exceptions)
    return op if isinstance(op, Requantize) and rises else None
