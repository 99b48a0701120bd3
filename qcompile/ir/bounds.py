"""Static bounds: the range of every integer value, in exact Python integers.

Interval arithmetic; for ``dot`` the bound is per row, sum of the worst terms. A square of one
value is known to be >= 0. These bounds choose accumulators and prove that none overflows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from qcompile.data.encoder import ColumnKind, Encoder
from qcompile.data.step_encoder import StepEncoder
from qcompile.ir.ops import Add, Affine, Argmax, Dot, Encode, Input, Mul, Poly, Scale, Sign, Threshold
from qcompile.ir.program import Program

__all__ = ["bounds", "element_bounds"]

Range = tuple[int, int]
_remembered: WeakKeyDictionary[Program, dict[str, list[Range]]] = WeakKeyDictionary()


def element_bounds(program: Program) -> Mapping[str, list[Range]]:
    """(low, high) of every element of every integer value; float values are left out.

    A dot is exact: low_i = sum_j min(w_ij low_j, w_ij high_j). Programs never change, so the answer
    is remembered for as long as the program lives.
    """
    found = _remembered.get(program)
    if found is None:
        found = _remembered[program] = _element_bounds(program)
    return found


def _element_bounds(program: Program) -> dict[str, list[Range]]:
    known: dict[str, list[Range]] = {}
    for op in program.ops:
        match op:
            case Input():
                if op.type.kind != "f":
                    known[op.result] = [(op.type.low, op.type.high)] * op.type.length
            case Encode(encoder=StepEncoder() as e):
                known[op.result] = [(0, e.top)] * e.width
            case Encode(encoder=Encoder() as encoder):
                top = encoder.top
                constant = encoder.kind == ColumnKind.CONSTANT
                known[op.result] = [(top if c else 0, top) for c in constant.tolist()]
            case Affine():
                known[op.result] = [
                    _span(int(s) * lo + int(t), int(s) * hi + int(t))
                    for (lo, hi), s, t in zip(
                        known[op.a],
                        np.broadcast_to(op.scale, len(known[op.a])),
                        np.broadcast_to(op.shift, len(known[op.a])),
                        strict=True,
                    )
                ]
            case Dot():
                known[op.result] = _dot(op, known[op.a])
            case Mul():
                if op.a == op.b:
                    known[op.result] = [_square(r) for r in known[op.a]]
                else:
                    known[op.result] = [
                        _span(*(p * q for p in r for q in s))
                        for r, s in zip(known[op.a], known[op.b], strict=True)
                    ]
            case Add():
                known[op.result] = [
                    (r[0] + s[0], r[1] + s[1]) for r, s in zip(known[op.a], known[op.b], strict=True)
                ]
            case Poly():
                c2, c1, c0 = op.coefficients
                known[op.result] = []
                for r in known[op.a]:
                    sq = _square(r)
                    t2, t1 = _span(c2 * sq[0], c2 * sq[1]), _span(c1 * r[0], c1 * r[1])
                    known[op.result].append((t2[0] + t1[0] + c0, t2[1] + t1[1] + c0))
            case Threshold():
                known[op.result] = _threshold(op, known[op.a])
            case Argmax():
                known[op.result] = [(0, max(0, len(known[op.a]) - 1))]
            case Sign():
                known[op.result] = [(0, 1)]
            case Scale():
                pass
            case _:
                raise TypeError(f"no bound is defined for {type(op).__name__}.")
    return known


def bounds(program: Program) -> dict[str, Range]:
    """(low, high) over all elements of every integer value."""
    return {
        name: (min((lo for lo, _ in rs), default=0), max((hi for _, hi in rs), default=0))
        for name, rs in element_bounds(program).items()
    }


def _span(*values: int) -> Range:
    return min(values), max(values)


def _square(r: Range) -> Range:
    lo, hi = r
    top = max(lo * lo, hi * hi)
    return (0 if lo <= 0 <= hi else min(lo * lo, hi * hi)), top


def _threshold(op: Threshold, inputs: list[Range]) -> list[Range]:
    # The count is monotone, so its extremes are at the ends of the range.
    counts = []
    for (lo, hi), levels, sign in zip(inputs, op.levels.tolist(), op.sign.tolist(), strict=True):
        at = [sum(x >= v if sign > 0 else x <= v for v in levels) for x in (lo, hi)]
        counts.append(_span(*at))
    return counts


def _dot(op: Dot, inputs: list[Range]) -> list[Range]:
    # With the sum and the width of every range, 2 low = w @ sums - |w| @ widths, likewise 2 high.
    largest = max((max(-lo, hi) for lo, hi in inputs), default=0)
    heaviest = max(-int(op.weight.min(initial=0)), int(op.weight.max(initial=0)))
    fits = 4 * len(inputs) * heaviest * largest < 2**63  # then int64 is exact, and much faster
    kind: Any = np.int64 if fits else object
    sums, widths = (np.array([hi + sign * lo for lo, hi in inputs], dtype=kind) for sign in (1, -1))
    w = op.weight.astype(kind, copy=False)
    middle, spread = w @ sums, np.abs(w) @ widths
    return [(int(m - s) // 2, int(m + s) // 2) for m, s in zip(middle, spread, strict=True)]
