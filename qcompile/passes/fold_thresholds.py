"""threshold(affine(a)) becomes threshold(a): batch norms, scales and biases vanish into levels.

With s > 0:  s a + t >= L  <=>  a >= ceil((L - t) / s)    and   s a + t <= L  <=>  a <= floor((L - t) / s)
With s < 0 the comparison turns round; with s = 0 it is always or never true. Levels outside
the range of ``a`` are moved to its edge, so that they fit the type of ``a`` or one beyond.

Before:
    %a : i8[2] = input
    %b : i16[2] = affine %a
      scale = int(2)
        3 -2
      shift = int(2)
        1 5
    %q : u2[2] = threshold %b
      levels = int(2, 2)
        -7 4
        0 9
      sign = int(2)
        1*2
    output scores = %q
After:
    %a : i8[2] = input
    %q : u2[2] = threshold %a
      levels = int(2, 2)
        -2 1
        -2 2
      sign = int(2)
        1 -1
    output scores = %q
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qcompile.ir.bounds import element_bounds
from qcompile.ir.ops import Affine, Op, Threshold
from qcompile.ir.program import Program
from qcompile.ir.ranges import Range
from qcompile.targets.schema import Target

AFTER = ("push_affine",)


def run(program: Program, target: Target | None = None) -> Program:
    """Fold affine operations into the thresholds that read them, and clip levels to the range."""
    ranges = element_bounds(program)
    made: dict[str, Op] = {}
    for op in program.ops:
        if isinstance(op, Threshold):
            while isinstance(before := made.get(op.a), Affine):
                op = _folded(op, before)
            op = _clipped(op, ranges[op.a])
        made[op.result] = op
    return program.with_ops(tuple(made.values())).pruned()


def _folded(op: Threshold, before: Affine) -> Threshold:
    n = op.type.channels
    rows, signs = [], []
    for s, t, levels, sign in zip(
        np.broadcast_to(before.scale, n).tolist(),
        np.broadcast_to(before.shift, n).tolist(),
        op.levels.tolist(),
        op.sign.tolist(),
        strict=True,
    ):
        row, sign = _element(s, t, levels, sign)
        rows.append(sorted(min(max(level, -(2**62)), 2**62) for level in row))
        signs.append(sign)
    return replace(op, a=before.a, levels=np.array(rows).reshape(op.levels.shape), sign=np.array(signs))


def _element(s: int, t: int, levels: list[int], sign: int) -> tuple[list[int], int]:
    """Levels and sign on ``a`` for one element, in Python integers of any size."""
    if s == 0:
        always = [t >= level if sign > 0 else t <= level for level in levels]
        return [-(2**62) if yes else 2**62 for yes in always], 1
    if (sign > 0) == (s > 0):  # a >= (L - t) / s, rounded up
        return [-((t - level) // s) if s > 0 else -((level - t) // -s) for level in levels], 1
    return [(level - t) // s if s > 0 else (t - level) // -s for level in levels], -1


def _clipped(op: Threshold, ranges: list[Range]) -> Threshold:
    low = np.array([lo - (s < 0) for (lo, _), s in zip(ranges, op.sign, strict=True)], dtype=object)
    high = np.array([hi + (s > 0) for (_, hi), s in zip(ranges, op.sign, strict=True)], dtype=object)
    if not op.levels.size:
        return op
    levels = np.minimum(np.maximum(op.levels.astype(object), low[:, None]), high[:, None])
    edge = np.iinfo(np.int64)
    return op if levels.min() < edge.min or levels.max() > edge.max else replace(op, levels=levels)
