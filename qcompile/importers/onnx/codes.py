"""A quantizer behind an activation, as operations: thresholds, a table of few integers, or an encoder.

Rows of equal constants and bounds have equal thresholds, which are searched once: an image of 196,608
cells with one scale needs one search. A function of few integers is looked at everywhere; where it is
not monotone (GELU, SiLU between two quantizers) it becomes a table.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.builder import Builder, wide
from qcompile.importers.onnx.input_encoder import counted_levels
from qcompile.importers.onnx.lanes import Lane, Source, Step, evaluate
from qcompile.importers.onnx.quantizers import Quantizer
from qcompile.importers.onnx.search import thresholds
from qcompile.ir.ops import Table, Threshold
from qcompile.model.float_order import HIGHEST, LOWEST, float_of

Array = NDArray[Any]
MAX_THRESHOLDS = 1 << 21
FEW = 1 << 12  # integers of a source that is looked at everywhere
MAX_ENTRIES = 1 << 22  # of all that are looked at


def quantize(builder: Builder, lane: Lane, quantizer: Quantizer) -> Lane:
    """The codes of a quantizer, from the integers (or raw cells) behind the tensor.

    Raises:
        ValueError: more thresholds than can be searched, or no thresholds and too many integers.
    """
    if lane.source.raw:
        return _encoded(builder, lane, quantizer)
    source, count = lane.source, quantizer.count
    first, back = distinct(lane, quantizer)
    _limit(len(first), count)
    low, high = source.low[first], source.high[first]
    steps, part = tuple(s.take(first) for s in lane.steps), quantizer.take(first)

    def codes(integers: Array) -> Array:
        return part.codes(evaluate(steps, integers, np.float32))

    if source.span >= FEW or len(first) * (source.span + 1) > MAX_ENTRIES:
        if not all(step.monotone for step in lane.steps):
            raise ValueError("what it quantizes does not rise or fall all the way; quantize that before, too")
        levels, sign = thresholds(codes, low, high, count)
        return replace(
            lane, source=_counted(builder, source, levels[back], sign[back]), steps=quantizer.steps
        )
    every = np.minimum(low[:, None] + np.arange(source.span + 1), high[:, None])
    table = codes(every)
    constants = (table, low[:, None]) if len(first) == 1 else (table[back], low[back][:, None])
    behind = Step(_looked_up, constants, monotone=False)
    if (table == every).all():
        return replace(lane, steps=quantizer.steps)  # a quantizer behind the same quantizer
    rise = np.diff(table, axis=1)
    if ((rise >= 0).all(axis=1) | (rise <= 0).all(axis=1)).all():
        levels, sign = thresholds(lambda c: _looked_up(c, None, table, low[:, None]), low, high, count)
        made = _counted(builder, source, levels[back], sign[back])
    else:
        made = _table(builder, source, table, first, back)
    return replace(lane, source=replace(made, behind=(source, behind)), steps=quantizer.steps)


def _looked_up(c: Array, dtype: Any, table: Array, low: Array) -> Array:
    """Entries of (rows or 1, K) tables of the integers from ``low`` (rows, 1)."""
    place = np.clip(c - low, 0, table.shape[1] - 1).astype(np.int64)
    made: Array = np.take_along_axis(np.broadcast_to(table, (len(place), table.shape[1])), place, axis=1)
    return made


def distinct(lane: Lane, quantizer: Quantizer) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the source that differ in constants or bounds, and for every row which of them it is."""
    source = lane.source
    constants = [c for step in lane.steps for c in step.constants] + list(quantizer.constants)
    if not source.raw:
        constants += [source.low[:, None], source.high[:, None]]
    varying = [c for c in constants if len(c) > 1 and (c[1:] != c[:1]).any()]
    if not varying:
        return np.zeros(1, np.int64), np.zeros(source.rows, np.int64)
    rows = np.concatenate(
        [np.ascontiguousarray(c).view(np.uint8).reshape(len(c), -1) for c in varying], axis=1
    )
    keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1])))[:, 0]
    _, first, back = np.unique(keys, return_index=True, return_inverse=True)
    return first, back.reshape(-1)


def _limit(rows: int, count: int) -> None:
    if rows * max(1, count) > MAX_THRESHOLDS:
        raise ValueError(
            f"{rows} different rows of {count} thresholds are more than {MAX_THRESHOLDS} thresholds"
        )


def _encoded(builder: Builder, lane: Lane, quantizer: Quantizer) -> Lane:
    """An encoder of the raw cells that the tensor has."""
    cells, place = np.unique(lane.order, return_inverse=True)
    used = Source(lane.source.value, *(np.zeros(len(cells), np.int64),) * 2, raw=True)
    index = place.reshape(lane.index.shape)
    lane = Lane(used, index, tuple(step.take(cells) for step in lane.steps))
    if not all(step.monotone for step in lane.steps):
        raise ValueError("what it quantizes does not rise or fall with the raw input; quantize that before")
    quantizer = replace(quantizer.take(cells), steps=tuple(step.take(cells) for step in quantizer.steps))
    first, back = distinct(lane, quantizer)
    count = quantizer.count
    _limit(len(first) if len(first) == 1 else len(cells), count)
    steps, part = tuple(s.take(first) for s in lane.steps), quantizer.take(first)

    def codes(keys: Array) -> Array:
        return part.codes(evaluate(steps, float_of(keys), np.float32))

    low, high = np.full(len(first), LOWEST), np.full(len(first), HIGHEST)
    levels, sign = thresholds(codes, low, high, count)
    if len(first) > 1:
        levels, sign = levels[back], sign[back]
    encoded = counted_levels(levels, sign, cells, builder.ops[0].type.length, builder.images)
    return Lane(builder.encode(encoded), index, quantizer.steps)


def _counted(builder: Builder, source: Source, levels: NDArray[np.int64], sign: NDArray[np.int8]) -> Source:
    result = builder.name("q")
    kind = wide(source.rows, source.positions)
    builder.ops.append(Threshold(result, kind, builder.realise(source), np.sort(levels, axis=1), sign))
    rising = sign[:, None] > 0
    low, high = source.low[:, None], source.high[:, None]
    always = np.where(rising, levels <= low, levels >= high).sum(axis=1)
    ever = np.where(rising, levels <= high, levels >= low).sum(axis=1)
    return Source(result, always, ever, positions=source.positions)


def _table(
    builder: Builder,
    source: Source,
    table: Array,
    first: NDArray[np.int64],
    back: NDArray[np.int64],
) -> Source:
    """Any function of the integers, row by row; entries beyond a row's own range repeat its ends."""
    low = source.low[first]
    start, end = int(source.low.min()), int(source.high.max())
    if len(first) * (end - start + 1) > MAX_ENTRIES:
        raise ValueError(f"its tables have more than {MAX_ENTRIES} entries")
    entries = _looked_up(
        np.broadcast_to(np.arange(start, end + 1), (len(first), end - start + 1)), None, table, low[:, None]
    )
    result = builder.name("looked")
    values = entries if len(first) == 1 else entries[back]
    kind = wide(source.rows, source.positions)
    builder.ops.append(Table(result, kind, builder.realise(source), values, start))
    return Source(result, table.min(axis=1)[back], table.max(axis=1)[back], positions=source.positions)
