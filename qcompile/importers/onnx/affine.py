"""Integers behind a tensor: tensor = scale * (a c + b) with whole a and b, where that is so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.builder import Builder
from qcompile.importers.onnx.codes import quantize
from qcompile.importers.onnx.lanes import Lane, Source, evaluate
from qcompile.importers.onnx.quantizers import Quantizer

Array = NDArray[Any]
TABLE = 512  # codes of a source that is looked at point by point
# float64 arithmetic on float32 constants: far above its rounding, far below half a unit.
NEAR = 1e-6


def slopes(lane: Lane) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """(slope, offset) of every row, tensor = slope * c + offset, or None where it is not a line.

    Rows that the tensor does not have (a slice left them out) get those of one that it has.
    """
    source = lane.source
    span = source.high - source.low
    points = np.unique(np.linspace(0, 1, TABLE if span.max(initial=0) < TABLE else 9))
    c = source.low[:, None] + np.round(span[:, None] * points).astype(np.int64)
    value = np.broadcast_to(evaluate(lane.steps, c, np.float64), c.shape)
    width = np.maximum(span, 1)
    slope = (value[:, -1] - value[:, 0]) / width
    offset = value[:, 0] - slope * source.low
    line = slope[:, None] * c + offset[:, None]
    size = np.abs(value).max(axis=1, initial=0)[:, None] + np.abs(slope[:, None])
    straight = np.isfinite(value).all(axis=1) & (np.abs(value - line) <= 1e-9 * size).all(axis=1)
    used = np.unique(lane.order % source.rows)
    if not straight[used].all():
        return None
    if 0 < len(used) < source.rows:
        left_out = np.setdiff1d(np.arange(source.rows), used)
        slope[left_out], offset[left_out] = slope[used[0]], offset[used[0]]
    return slope, offset


def integers_behind(builder: Builder, lane: Lane) -> tuple[Source, float, NDArray[np.int64]]:
    """(source, scale, shift) with tensor = scale * (source + shift), appending operations as needed.

    Raises:
        ValueError: the tensor is not on one integer grid, or is the raw input.
    """
    if lane.source.raw:
        lane = builder.integer_input(lane)
    line = slopes(lane)
    if line is None:
        return _table(builder, lane)
    slope, offset = line
    scale = common_unit(np.concatenate([slope, offset]))
    a, b = np.round(slope / scale).astype(np.int64), np.round(offset / scale).astype(np.int64)
    if (a == 1).all():
        return lane.source, scale, b
    return builder.affine(lane.source, a, np.zeros_like(a)), scale, b


def _table(builder: Builder, lane: Lane) -> tuple[Source, float, NDArray[np.int64]]:
    """A bent function of few codes (relu behind a quantizer): thresholds or a table of its own."""
    source = lane.source
    if source.span >= TABLE:
        raise ValueError("it is neither quantized nor a line of the sums before it; a quantizer is missing")
    every = np.minimum(source.low[:, None] + np.arange(source.span + 1), source.high[:, None])
    table = np.broadcast_to(evaluate(lane.steps, every, np.float64), every.shape)
    if not np.isfinite(table).all():
        raise ValueError("its values are not finite")
    scale = common_unit(table.reshape(-1))
    whole = np.round(table / scale).astype(np.int64)
    low = whole.min(axis=1)
    count = int((whole - low[:, None]).max(initial=0))
    if count > TABLE:
        raise ValueError(f"it takes {count} different integers")

    def codes(x: Array, low: Array) -> Array:
        return np.round(x.astype(np.float64) / scale).astype(np.int64) - low

    steps = tuple(replace(s, function=_in_double(s.function)) for s in lane.steps)
    made = quantize(builder, replace(lane, steps=steps), Quantizer(codes, (low[:, None],), max(1, count), ()))
    return made.source, scale, low


def _in_double(function: Callable[..., Array]) -> Callable[..., Array]:
    """The function in float64, whatever is asked for."""
    return lambda x, dtype, *constants: function(x, np.float64, *constants)


def common_unit(values: NDArray[np.float64]) -> float:
    """The largest number of which all values are whole multiples.

    Raises:
        ValueError: there is none that leaves integers below 2^20.
    """
    size = np.abs(values)
    smallest = float(size[size > NEAR * size.max(initial=0)].min(initial=np.inf))
    if not np.isfinite(smallest):
        return 1.0
    for divisor in range(1, 257):
        ratio = values * (divisor / smallest)
        if np.abs(ratio).max() >= 2**20:
            break
        if (np.abs(ratio - np.round(ratio)) <= NEAR).all():
            return smallest / divisor
    raise ValueError(
        "its elements have no common scale; one quantizer with one scale is needed before a product"
    )
