"""gather(a) becomes a dot with a single one in each row, and dot(gather(a)) a dot of a.

Before:
    %x : u2[3] = input
    %g : u2[2] = gather %x
      channels = int(2)
        2 0
    %s : i8[1] = dot %g
      weight = int(1, 2)
        5 6
    output scores = %s
After:
    %x : u2[3] = input
    %s : i8[1] = dot %x
      weight = int(1, 3)
        6 0 5
    output scores = %s
"""

from __future__ import annotations

import numpy as np

from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops.dot import Dot
from qcompile.ir.ops.gather import Gather
from qcompile.ir.program import Program
from qcompile.targets.schema import Target

AFTER = ("express_concat",)
REMOVES: tuple[type[Op], ...] = (Gather,)


def run(program: Program, target: Target | None = None) -> Program:
    """Write gathers as dots."""
    if not any(isinstance(op, Gather) for op in program.ops):
        return program
    made: dict[str, Op] = {}
    picks: dict[str, Dot] = {}
    for op in program.ops:
        new = op
        if isinstance(op, Gather):
            weight = np.zeros((len(op.channels), made[op.a].type.channels), dtype=np.int64)
            weight[np.arange(len(op.channels)), op.channels] = 1
            new = picks[op.result] = _behind(picks, Dot(op.result, op.type, op.a, weight, notes=op.notes))
        elif isinstance(op, Dot):
            new = _behind(picks, op)
        made[op.result] = new
    return fit_types(program.with_ops(tuple(made.values())).pruned())


def _behind(picks: dict[str, Dot], op: Dot) -> Dot:
    """The dot of what a pick reads: every weight goes to the channel that its column came from."""
    pick = picks.get(op.a)
    if pick is None:
        return op
    weight = op.weight.astype(object) @ pick.weight.astype(object)
    whole = np.iinfo(np.int64)
    if weight.size and not whole.min <= weight.min() <= weight.max() <= whole.max:
        return op
    return Dot(op.result, op.type, pick.a, weight.astype(np.int64), notes=op.notes)
