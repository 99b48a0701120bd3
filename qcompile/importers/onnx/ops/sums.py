"""Two activations element by element: functions of the same integers, and sums of two layers.

Two functions of one integer (x and sigmoid(x)) are a function of it. The sum of two layers is exact in
integers where their scales have a common unit. Of other scales a and b the integers

    A p + B q  with  A = round(a / unit), B = round(b / unit)

take the place of a p + b q. Where float32 gives all pairs (p, q) their sums in the same order, which is
looked at pair by pair, the sum is that function of the integers, its roundings included; a note tells
where float32 rounds equal sums differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.affine import common_unit, integers_behind, slopes
from qcompile.importers.onnx.arrange import aligned, on_one_source
from qcompile.importers.onnx.builder import Builder
from qcompile.importers.onnx.codes import FEW
from qcompile.importers.onnx.lanes import Array, Lane, Source, Step, evaluate, start
from qcompile.importers.onnx.walk import Node

FUNCTIONS = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}
PAIR_BITS = (20, 24, 28)  # of the larger of two scales, where every pair is looked at
GRID_BITS = 50  # of the largest product of a scale and an integer, elsewhere
MAX_PAIRS = 1 << 16
Lines = list[tuple[NDArray[np.float64], NDArray[np.float64]]]  # slope and offset of both


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


def on_common_integers(builder: Builder, a: Lane, b: Lane) -> Lane:
    """The sum of two activations in the same order, on integers of one scale."""
    lines = [line for lane in (a, b) if not lane.source.raw and (line := slopes(lane)) is not None]
    if len(lines) < 2:
        return _on_one_scale(builder, a, b)
    slope_a, slope_b = (line[0] for line in lines)
    sides = [_few(lane, slope) for lane, slope in ((a, slope_a), (b, slope_b))]
    if sides[0] is None or sides[1] is None or len(sides[0].codes) * len(sides[1].codes) > MAX_PAIRS:
        try:
            return _on_one_scale(builder, a, b)
        except ValueError:
            reach = max(
                float(np.abs(e).max(initial=1)) for s in (a, b) for e in (s.source.low, s.source.high)
            )
            unit = 2.0 ** (_exponent(slope_a, slope_b) - GRID_BITS + int(np.ceil(np.log2(max(1.0, reach)))))
            return _line(builder, a, b, lines, unit)
    return _of_pairs(builder, a, b, lines, (sides[0], sides[1]))


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


def _exponent(*slopes: NDArray[np.float64]) -> int:
    largest = float(max(np.abs(slope).max(initial=0) for slope in slopes))
    if not 0 < largest < np.inf:
        raise ValueError("the scales of the two layers are not positive and finite")
    return int(np.ceil(np.log2(largest)))


def _line(builder: Builder, a: Lane, b: Lane, lines: Lines, unit: float, step: Step | None = None) -> Lane:
    """The sum as a line of integers of a unit, or as another step of them."""
    parts: list[Source] = []
    for lane, (slope, _) in zip((a, b), lines, strict=True):
        factor = np.round(slope / unit).astype(np.int64)
        parts.append(builder.affine(lane.source, factor, np.zeros_like(factor)))
    offset = (lines[0][1] + lines[1][1])[:, None]
    return Lane(builder.add(*parts), a.index, (step or start(offset / unit, np.full((1, 1), unit)),))


@dataclass(frozen=True, eq=False)
class _Few:
    """Integers that are few, and alike in every row: with their float32 values."""

    codes: NDArray[np.int64]
    values: Array
    slope: float


def _few(lane: Lane, slope: NDArray[np.float64]) -> _Few | None:
    constants = [c for step in lane.steps for c in step.constants] + [slope[:, None]]
    low, high = int(lane.source.low.min()), int(lane.source.high.max())
    if high - low >= MAX_PAIRS or any(len(c) > 1 and (c != c[:1]).any() for c in constants):
        return None
    codes = np.arange(low, high + 1)
    steps = tuple(step.take(np.zeros(1, np.int64)) for step in lane.steps)
    return _Few(codes, evaluate(steps, codes[None], np.float32)[0], float(slope[0]))


def _of_pairs(builder: Builder, a: Lane, b: Lane, lines: Lines, sides: tuple[_Few, _Few]) -> Lane:
    """The sum as the float32 value of every pair, on integers that order the pairs as their sums are."""
    exponent = _exponent(*(line[0] for line in lines))
    units = [2.0 ** (exponent - bits) for bits in PAIR_BITS]
    try:
        units.insert(0, common_unit(np.array([side.slope for side in sides])))
    except ValueError:
        pass
    offset = float(lines[0][1][0] + lines[1][1][0])
    wrong = 0
    for unit in units:
        sums, values, misses = _table(sides, unit)
        if not misses:

            def apply(x: Array, dtype: object, sums: Array = sums, values: Array = values) -> Array:
                if dtype is np.float64:
                    return x * unit + offset  # noqa: B023 - returned at once
                return values[np.clip(np.searchsorted(sums, x, side="right") - 1, 0, None)]

            return _line(builder, a, b, lines, unit, Step(apply))
        wrong = wrong or misses
    if sides[0].slope != sides[1].slope:
        builder.notes.append(
            f"a sum of layers of two scales: {wrong} of {len(sides[0].codes) * len(sides[1].codes)} pairs of "
            "integers have equal sums that float32 rounds differently; the exact sum is taken"
        )
    return _line(builder, a, b, lines, units[0])


def _table(sides: tuple[_Few, _Few], unit: float) -> tuple[NDArray[np.int64], Array, int]:
    """Every sum of integers, ascending, with its float32 value, and how many pairs have another value."""
    whole = [side.codes * round(side.slope / unit) for side in sides]
    sums = (whole[0][:, None] + whole[1][None]).reshape(-1)
    values = (sides[0].values[:, None] + sides[1].values[None]).reshape(-1)
    order = np.lexsort((values, sums))
    sums, values = sums[order], np.nan_to_num(values[order])
    rising = np.maximum.accumulate(values)
    last = np.append(sums[1:] != sums[:-1], True)
    found = rising[last][np.searchsorted(sums[last], sums)]
    return sums[last], rising[last], int((found != values).sum())
