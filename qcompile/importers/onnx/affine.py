"""Integers behind a tensor: tensor = scale * (a c + b) with whole a and b, where that is so."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.builder import Builder
from qcompile.importers.onnx.lanes import Lane, Source, evaluate

__all__ = ["common_unit", "integers_behind", "slopes"]

Array = NDArray[Any]
TABLE = 512  # codes of a source that is looked at point by point
# float64 arithmetic on float32 constants: far above its rounding, far below half a unit.
NEAR = 1e-6


def slopes(lane: Lane) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """(slope, offset) of every element, tensor = slope * c + offset, or None where it is not a line."""
    source = lane.source
    span = source.high - source.low
    points = np.unique(np.linspace(0, 1, TABLE if span.max(initial=0) < TABLE else 9))
    c = source.low[:, None] + np.round(span[:, None] * points).astype(np.int64)
    value = evaluate(lane.steps, c, np.float64)
    width = np.maximum(span, 1)
    slope = (value[:, -1] - value[:, 0]) / width
    offset = value[:, 0] - slope * source.low
    line = slope[:, None] * c + offset[:, None]
    size = np.abs(value).max(axis=1, initial=0)[:, None] + np.abs(slope[:, None])
    return (
        (slope, offset) if np.isfinite(value).all() and (np.abs(value - line) <= 1e-9 * size).all() else None
    )


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
    """A bent but monotone function of few codes (relu behind a quantizer): thresholds of its own."""
    source = lane.source
    if (source.high - source.low).max(initial=0) >= TABLE:
        raise ValueError("it is neither quantized nor a line of the sums before it; a quantizer is missing")

    def values(c: Array) -> Array:
        return evaluate(lane.steps, c, np.float64)

    every = np.clip(source.low[:, None] + np.arange(TABLE), None, source.high[:, None])
    table = values(every)
    if not np.isfinite(table).all():
        raise ValueError("its values are not finite")
    scale = common_unit(table.reshape(-1))
    low = np.round(table / scale).astype(np.int64).min(axis=1)
    count = int((np.round(table / scale).astype(np.int64) - low[:, None]).max(initial=0))
    if count > TABLE:
        raise ValueError(f"it takes {count} different integers")
    codes = builder.remap(
        source, lambda c: np.round(values(c) / scale).astype(np.int64) - low[:, None], max(1, count)
    )
    return codes, scale, low


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
