"""dot(affine(a)) becomes affine(dot(a)): kernels see unsigned codes, never odd levels.

W (s a + t) = s (W a) + W t, for one scale s over all inputs; scales +s and -s go into the columns of W.
Convolutions that pad nothing are such products; outside a padded image is 0, which is not t. Maxima of
rising lines are lines of maxima, and a reshape only moves values. Two affines in a row become one:
s2 (s1 a + t1) + t2 = s2 s1 a + (s2 t1 + t2).

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

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops import Affine, Conv, Dot, MaxPool, Reshape
from qcompile.ir.program import Program
from qcompile.targets.schema import Target

AFTER = ("drop_constant_inputs",)
INT64 = np.iinfo(np.int64)


def run(program: Program, target: Target | None = None) -> Program:
    """Move affine operations behind the products, pools and reshapes that read them, and join neighbours."""
    made: dict[str, Op] = {}
    for op in program.ops:
        before = made.get(op.operands[0]) if op.operands else None
        new: tuple[Op, ...] = (op,)
        if isinstance(before, Affine) and isinstance(op, Dot | Conv) and not _pads(op):
            new = _behind(op, before, program.fresh(op.result.removesuffix("_dot") + "_dot"))
        elif isinstance(before, Affine) and isinstance(op, MaxPool) and (before.scale >= 0).all():
            new = _moved(op, before, program.fresh(f"{op.result}_pool"), 1)
        elif isinstance(before, Affine) and isinstance(op, Reshape) and op.type.is_vector:
            new = _moved(op, before, program.fresh(f"{op.result}_flat"), math.prod(before.type.positions))
        if isinstance(last := new[-1], Affine) and isinstance(inner := made.get(last.a), Affine):
            new = (*new[:-1], _joined(last, inner))
        made |= {o.result: o for o in new}
    return fit_types(program.with_ops(tuple(made.values())).pruned())


def _moved(op: MaxPool | Reshape, before: Affine, name: str, times: int) -> tuple[Op, ...]:
    """The same of what the affine reads, then the affine; its constants are there ``times`` times."""
    first = replace(op, result=name, a=before.a)
    scale, shift = (c if len(c) == 1 else np.tile(c, times) for c in (before.scale, before.shift))
    return first, Affine(op.result, op.type, name, scale, shift)


def _pads(op: Dot | Conv) -> bool:
    return isinstance(op, Conv) and any(op.pad)


def _behind(op: Dot | Conv, before: Affine, name: str) -> tuple[Op, ...]:
    """The product of what the affine reads, then an affine with the product's old name."""
    scale = np.broadcast_to(before.scale, before.type.channels)
    size = np.abs(scale[:1])
    if not len(size) or size[0] <= 0 or (np.abs(scale) != size[0]).any():
        return (op,)
    row = math.prod(op.weight.shape[1:])
    heaviest, farthest = (
        float(np.abs(c.astype(np.float64)).max(initial=0)) for c in (op.weight, before.shift)
    )
    kind: Any = np.int64 if row * heaviest * farthest < 2.0**62 else object  # int64 is exact, and faster
    constant = _columns(op, np.broadcast_to(before.shift, before.type.channels).astype(kind))
    shift = (op.weight.astype(kind) * constant).sum(axis=tuple(range(1, op.weight.ndim)))
    if not _fits(shift):
        return (op,)
    product = replace(
        op, result=name, a=before.a, weight=op.weight * _columns(op, np.where(scale < 0, -1, 1))
    )
    return product, Affine(op.result, op.type, name, size, _shortest(shift))


def _columns(op: Dot | Conv, values: NDArray[Any]) -> NDArray[Any]:
    """Numbers of the channels read, one for every weight of a row: its group's, at every place."""
    if isinstance(op, Dot):
        return values[None]
    groups = values.reshape(op.groups, op.weight.shape[3])
    return np.repeat(groups, len(op.weight) // op.groups, axis=0)[:, None, None]


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
