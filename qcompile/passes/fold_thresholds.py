"""threshold(affine(a)) and threshold(threshold(a)) become threshold(a): only the last levels are left.

Batch norms, scales and biases vanish into levels. With s > 0:
    s a + t >= L  <=>  a >= ceil((L - t) / s)     and     s a + t <= L  <=>  a <= floor((L - t) / s)
With s < 0 the comparison is reversed; with s = 0 it is always or never true. A quantizer behind a
quantizer compares the count q of inner levels l_1 <= .. <= l_K:
    q >= L  <=>  a >= l_L   if the inner counts upwards,   a <= l_(K + 1 - L)   if downwards
and q <= L is the opposite of q >= L + 1. It folds where nothing else reads q. Levels outside the range
of ``a`` are moved to its edge, so that they fit the type of ``a`` or one beyond.

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

AFTER = ("push_affine", "requantize_thresholds")


def run(program: Program, target: Target | None = None) -> Program:
    """Fold affines and thresholds into the thresholds that read them, and clip levels to the range."""
    program = program.pruned()  # a reader that nobody needs would hide that a value has one reader
    ranges = element_bounds(program)
    made: dict[str, Op] = {}
    for op in program.ops:
        if isinstance(op, Threshold):
            while True:
                before = made.get(op.a)
                if isinstance(before, Affine):
                    op = _folded(op, before)
                elif isinstance(before, Threshold) and _alone(program, before):
                    op = _joined(op, before)
                else:
                    break
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


def _alone(program: Program, op: Op) -> bool:
    """Whether one operation reads a value, or a chain of affines that one operation reads."""
    while len(users := program.users(op.result)) == 1 and op.result not in program.outputs.values():
        if not isinstance(users[0], Affine):
            return True
        op = users[0]
    return False


def _joined(op: Threshold, inner: Threshold) -> Threshold:
    """The outer comparisons, of what the inner one reads."""
    n, width = op.type.channels, op.levels.shape[1]
    made = [
        _behind(levels, sign, inside, direction)
        for levels, sign, inside, direction in zip(
            op.levels.tolist(), op.sign.tolist(), inner.levels.tolist(), inner.sign.tolist(), strict=True
        )
    ]
    rows = np.array([sorted(row) for row, _ in made], dtype=np.int64).reshape(n, width)
    return replace(op, a=inner.a, levels=rows, sign=np.array([sign for _, sign in made], dtype=np.int8))


def _behind(levels: list[int], sign: int, inner: list[int], direction: int) -> tuple[list[int], int]:
    """Levels and sign on ``a`` of one channel."""
    reached = [level if sign > 0 else level + 1 for level in levels]  # q >= L, or the opposite of that
    up = (sign > 0) == (direction > 0)  # whether the comparison on a is >=
    found = []
    for least in reached:
        if least <= 0 or least > len(inner):  # always, or never, q >= least
            met = (least <= 0) == (sign > 0)
            found.append(-(2**62) if met == up else 2**62)
            continue
        at = inner[least - 1] if direction > 0 else inner[len(inner) - least]
        found.append(min(max(at if sign > 0 else at - direction, -(2**62)), 2**62))
    return found, 1 if up else -1


def _clipped(op: Threshold, ranges: list[Range]) -> Threshold:
    low = np.array([lo - (s < 0) for (lo, _), s in zip(ranges, op.sign, strict=True)], dtype=object)
    high = np.array([hi + (s > 0) for (_, hi), s in zip(ranges, op.sign, strict=True)], dtype=object)
    if not op.levels.size:
        return op
    levels = np.minimum(np.maximum(op.levels.astype(object), low[:, None]), high[:, None])
    edge = np.iinfo(np.int64)
    return op if levels.min() < edge.min or levels.max() > edge.max else replace(op, levels=levels)
