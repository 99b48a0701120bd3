"""Two activations element by element: functions of the same integers, and sums of two layers.

Two functions of one integer (x and sigmoid(x)) are a function of it. The sum of two layers is exact in
integers where their scales have a common unit. Of other scales a and b the integers

    A p + B q  with  A = round(a 2^k), B = round(b 2^k)

take the place of a p + b q; where float32 gives the pairs (p, q) their sums in the same order, which is
checked over all pairs, the sum is that function of the integers and nothing is approximated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.affine import common_unit, integers_behind, slopes
from qcompile.importers.onnx.arrange import aligned, on_one_source
from qcompile.importers.onnx.builder import Builder
from qcompile.importers.onnx.codes import FEW
from qcompile.importers.onnx.lanes import Array, Lane, Source, Step, evaluate, start
from qcompile.importers.onnx.walk import Node

__all__ = ["together"]

FUNCTIONS = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}
PAIR_BITS = 20  # of the larger of two scales, where every pair is looked at
GRID_BITS = 50  # of the largest product of a scale and an integer, elsewhere
MAX_PAIRS = 1 << 16


def together(node: Node, first: Lane, second: Lane) -> Lane:
    """Add, Sub, Mul or Div of two activations.

    Raises:
        ValueError: they are of different integers, and it is not a sum in one shape.
    """
    met = on_one_source(first, second)
    if met is not None and not met[0].source.raw and met[0].source.span < FEW:
        return _of_one(node.operator, *met)
    if node.operator != "Add" or first.index.shape != second.index.shape:
        raise ValueError("two activations can only be added, in the same shape")
    a, b = (aligned(node.builder, lane) for lane in (first, second))
    if a.source.positions != b.source.positions:
        raise ValueError("one activation is an image and the other is not")
    return on_common_integers(node.builder, a, b)


def on_common_integers(builder: Builder, a: Lane, b: Lane) -> Lane:
    """The sum of two activations in the same order, on integers of one scale."""
    try:
        return _on_one_scale(builder, a, b)
    except ValueError:
        return _on_a_grid(builder, a, b)


def _of_one(operation: str, a: Lane, b: Lane) -> Lane:
    """A function of the integers that both are functions of."""
    function, steps = FUNCTIONS[operation], (*a.steps, *b.steps)
    ends = np.cumsum([0, *(len(step.constants) for step in steps)])

    def apply(x: Array, dtype: object, *constants: Array) -> Array:
        given = tuple(Step(step.function, constants[ends[k] : ends[k + 1]]) for k, step in enumerate(steps))
        sides = (given[: len(a.steps)], given[len(a.steps) :])
        made: Array = function(*(evaluate(side, x, dtype) for side in sides))
        return made

    constants = tuple(c for step in steps for c in step.constants)
    return Lane(a.source, a.index, (Step(apply, constants, monotone=False),))


def _on_one_scale(builder: Builder, a: Lane, b: Lane) -> Lane:
    """Integers with a common unit, added."""
    (p, scale, shift_p), (q, scale_q, shift_q) = (integers_behind(builder, lane) for lane in (a, b))
    if abs(scale - scale_q) > 1e-6 * scale:
        unit = common_unit(np.array([scale, scale_q]))
        factors = [round(s / unit) for s in (scale, scale_q)]
        p, q = (
            builder.affine(s, np.full(s.rows, f), np.zeros(s.rows, np.int64))
            for s, f in zip((p, q), factors, strict=True)
        )
        shift_p, shift_q, scale = shift_p * factors[0], shift_q * factors[1], unit
    total = builder.add(p, q)
    return Lane(total, a.index, (start((shift_p + shift_q)[:, None], np.full((1, 1), scale)),))


def _on_a_grid(builder: Builder, a: Lane, b: Lane) -> Lane:
    """Integers of two scales on one fine grid, with the float32 sums of their pairs where those are few."""
    line_a, line_b = slopes(a), slopes(b)
    if line_a is None or line_b is None:
        raise ValueError("the two layers have different scales, and one of them is not quantized")
    (slope_a, offset_a), (slope_b, offset_b) = line_a, line_b
    largest = float(max(np.abs(slope_a).max(initial=0), np.abs(slope_b).max(initial=0)))
    if not 0 < largest < np.inf:
        raise ValueError("the scales of the two layers are not positive and finite")
    exponent = int(np.ceil(np.log2(largest)))
    unit = 2.0 ** (exponent - PAIR_BITS)
    pairs = _float_sums(builder, a, b, slope_a / unit, slope_b / unit)
    if pairs is None:  # as fine as 64-bit integers allow: far below the float32 of the source
        reach = max(float(np.abs(e).max(initial=1)) for s in (a, b) for e in (s.source.low, s.source.high))
        unit = 2.0 ** (exponent - GRID_BITS + int(np.ceil(np.log2(max(1.0, reach)))))
    parts: list[Source] = []
    for lane, slope in ((a, slope_a), (b, slope_b)):
        factor = np.round(slope / unit).astype(np.int64)
        parts.append(builder.affine(lane.source, factor, np.zeros_like(factor)))
    total = builder.add(*parts)
    offset = (offset_a + offset_b)[:, None]
    if pairs is None:
        return Lane(total, a.index, (start(offset / unit, np.full((1, 1), unit)),))
    sums, values = pairs

    def apply(x: Array, dtype: object, offset: Array) -> Array:
        if dtype is np.float64:
            return x * unit + offset
        return values[np.clip(np.searchsorted(sums, x, side="right") - 1, 0, None)]

    return Lane(total, a.index, (Step(apply, (offset,)),))


def _float_sums(
    builder: Builder, a: Lane, b: Lane, factor_a: NDArray[np.float64], factor_b: NDArray[np.float64]
) -> tuple[NDArray[np.int64], Array] | None:
    """Every sum on the grid, ascending, with its float32 value; None where rows differ or pairs are many."""
    sides, steps = [], []
    for lane, factor in ((a, factor_a), (b, factor_b)):
        constants = [c for step in lane.steps for c in step.constants] + [factor[:, None]]
        if any(len(c) > 1 and (c != c[:1]).any() for c in constants):
            return None
        low, high = int(lane.source.low.min()), int(lane.source.high.max())
        if high - low >= MAX_PAIRS:
            return None
        sides.append((np.arange(low, high + 1), round(float(factor[0]))))
        steps.append(tuple(step.take(np.zeros(1, np.int64)) for step in lane.steps))
    (p, scale_p), (q, scale_q) = sides
    if len(p) * len(q) > MAX_PAIRS:
        return None
    left, right = (evaluate(s, c[None], np.float32)[0] for s, c in zip(steps, (p, q), strict=True))
    sums = (p[:, None] * scale_p + q[None] * scale_q).reshape(-1)
    values = (left[:, None] + right[None]).reshape(-1)
    if not np.isfinite(values).all():
        return None
    order = np.lexsort((values, sums))
    sums, values = sums[order], values[order]
    rising = np.maximum.accumulate(values)
    last = np.append(sums[1:] != sums[:-1], True)
    wrong = int((rising[last][np.searchsorted(sums[last], sums)] != values).sum())
    if wrong:
        builder.notes.append(
            f"A sum of two layers of different scales: {wrong} of {len(values)} pairs of integers have a "
            "float32 sum that is one rounding below what is taken."
        )
    return sums[last], rising[last]
