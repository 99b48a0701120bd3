"""dot(affine(a)) becomes affine(dot(a)): kernels see unsigned codes, never odd levels.

W (s a + t) = s (W a) + W t, for one scale s over all inputs; scales +s and -s go into the columns
of W. Two affines in a row become one: s2 (s1 a + t1) + t2 = s2 s1 a + (s2 t1 + t2).

Before:
    %c : u4[2] = input
    %q : i8[2] = affine %c
      scale = int(1)
        2
      shift = int(1)
        -15
    %s : i8[1] = dot %q
      weight = sign(1, 2)
        02
    output scores = %s
After:
    %c : u4[2] = input
    %s_dot : i8[1] = dot %c
      weight = sign(1, 2)
        02
    %s : i8[1] = affine %s_dot
      scale = int(1)
        2
      shift = int(1)
        0
    output scores = %s
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.fit import fit_types
from qcompile.ir.ops import Affine, Dot, Op
from qcompile.ir.program import Program
from qcompile.targets.schema import Target

AFTER = ("drop_constant_inputs",)
INT64 = np.iinfo(np.int64)


def run(program: Program, target: Target | None = None) -> Program:
    """Move affine operations behind the dot products that read them, and join neighbours."""
    made: dict[str, Op] = {}
    for op in program.ops:
        before = made.get(op.operands[0]) if op.operands else None
        new: tuple[Op, ...] = (op,)
        if isinstance(before, Affine) and isinstance(op, Dot):
            new = _behind(op, before, program.fresh(op.result.removesuffix("_dot") + "_dot"))
        if isinstance(last := new[-1], Affine) and isinstance(inner := made.get(last.a), Affine):
            new = (*new[:-1], _joined(last, inner))
        made |= {o.result: o for o in new}
    return fit_types(program.with_ops(tuple(made.values())).pruned())


def _behind(op: Dot, before: Affine, name: str) -> tuple[Op, ...]:
    """The dot of what the affine reads, then an affine with the dot's old name."""
    scale = np.broadcast_to(before.scale, before.type.channels)
    size = np.abs(scale[:1])
    if not len(size) or size[0] <= 0 or (np.abs(scale) != size[0]).any():
        return (op,)
    shift = op.weight.astype(object) @ np.broadcast_to(before.shift, before.type.channels).astype(object)
    if not _fits(shift):
        return (op,)
    signs = np.where(scale < 0, -1, 1)
    dot = Dot(name, op.type, before.a, op.weight * signs, notes=op.notes)
    return dot, Affine(op.result, op.type, name, size, _shortest(shift))


def _joined(last: Affine, inner: Affine) -> Affine:
    scale = last.scale.astype(object) * inner.scale.astype(object)
    shift = last.scale.astype(object) * inner.shift.astype(object) + last.shift.astype(object)
    if not (_fits(scale) and _fits(shift)):
        return last
    return replace(last, a=inner.a, scale=_shortest(scale), shift=_shortest(shift))


def _fits(values: NDArray[Any]) -> bool:
    return all(INT64.min <= int(v) <= INT64.max for v in values)


def _shortest(values: NDArray[Any]) -> NDArray[np.int64]:
    """As int64; one entry where all are equal."""
    whole = values.astype(np.int64)
    return whole[:1] if len(whole) and (whole == whole[0]).all() else whole
