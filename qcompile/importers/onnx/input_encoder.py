"""The quantizer of the raw input as an encoder, exact for every float32 number.

up to three levels    one GREATER column per level; the code is the sum of its columns
more                  one column per cell that counts steps (data/step_encoder.py)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.input_type import InputType
from qcompile.importers.onnx.lanes import Expansion, Step, start
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model.float_order import HIGHEST, LOWEST, float_of
from qcompile.model.step_encoder import StepEncoder

Array = NDArray[Any]
FEW = 3  # levels that are compared one by one


@dataclass(frozen=True, eq=False)
class Encoded:
    """An encoder, the range of each element, and how elements are summed from its columns."""

    encoder: Encoder | StepEncoder
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    expansion: Expansion | None = None


def counted_levels(
    keys: NDArray[np.int64], sign: NDArray[np.int8], cells: NDArray[np.int64], features: int, single: bool
) -> Encoded:
    """The encoder of a quantizer of the raw input.

    Args:
        keys: (L or 1, count) float32 thresholds in the order of ``search``.
        sign: (L or 1,) +1 where the code rises with the cell.
        cells: (L,) the raw cells that are quantized.
        features: cells of a row.
        single: whether every element must have one column, as images need it.
    """
    count = keys.shape[1]
    if count > FEW or (single and (count > 1 or (sign < 0).any())):
        return _counted_steps(keys, sign > 0, cells, features)
    keys, rising = np.broadcast_to(keys, (len(cells), count)), np.broadcast_to(sign > 0, len(cells))
    always = np.where(rising[:, None], keys <= LOWEST, keys >= HIGHEST)
    never = np.where(rising[:, None], keys > HIGHEST, keys < LOWEST)
    element, level = np.nonzero(~(always | never))
    base = always.sum(axis=1).astype(np.int64)
    if single and len(element) < len(cells):
        return _counted_steps(keys, rising, cells, features)
    if not len(element):  # nothing depends on the input: one column that no sum reads
        nothing = Expansion(np.zeros(1, np.int64), np.zeros(1, np.int64), base)
        return Encoded(
            _greater(np.zeros(1, np.int64), np.zeros(1, np.float32), features), base, base, nothing
        )
    up, chosen = rising[element], keys[element, level]
    # x >= t is x > the number before t;  x <= t is 1 - [x > t]
    encoder = _greater(cells[element], float_of(np.where(up, chosen - 1, chosen)), features)
    if np.array_equal(element, np.arange(len(cells))) and up.all() and not base.any():
        return Encoded(encoder, base, base + 1)
    columns = np.bincount(element, minlength=len(cells)).astype(np.int64)
    falling = np.bincount(element, weights=~up, minlength=len(cells)).astype(np.int64)
    expansion = Expansion(element, np.where(up, 1, -1), base + falling)
    return Encoded(encoder, base, base + columns, expansion)


def _greater(feature: NDArray[np.int64], shift: NDArray[np.float32], features: int) -> Encoder:
    kind = np.full(len(feature), int(ColumnKind.GREATER), dtype=np.uint8)
    gain, fill = np.ones(len(feature), np.float32), np.zeros(features, np.float32)
    return Encoder("imported", 1, kind, feature.astype(np.int32), shift, gain, fill)


def _counted_steps(
    keys: NDArray[np.int64], rising: NDArray[np.bool_], cells: NDArray[np.int64], features: int
) -> Encoded:
    """One column per cell; a falling code is what is left of the steps: x <= t is not x >= successor."""
    count = keys.shape[1]
    least = LOWEST - 1  # the key of minus infinity: a step that every cell reaches
    first = np.where(rising[:, None], np.where(keys <= LOWEST, least, keys), np.maximum(keys + 1, LOWEST))
    steps = float_of(np.sort(np.where(first <= LOWEST, least, first), axis=1))
    always, never = ((steps == end).sum(axis=1) for end in (-np.inf, np.inf))
    low, high = np.where(rising, always, never), count - np.where(rising, never, always)
    low, high = np.broadcast_to(low, len(cells)), np.broadcast_to(high, len(cells))
    rising = np.broadcast_to(rising, len(cells))
    shared = steps[:1] if (steps == steps[:1]).all() else steps
    feature, fill = cells.astype(np.int32), np.zeros(features, dtype=np.float32)
    encoder = StepEncoder("imported", feature, shared, fill)
    if rising.all():
        return Encoded(encoder, low, high)
    sign, shift = np.where(rising, 1, -1), np.where(rising, 0, count)
    return Encoded(encoder, low, high, Expansion(np.arange(len(cells)), sign, shift))


def promised_integers(kind: InputType, features: int) -> tuple[Encoded, Step]:
    """The encoder of cells that hold the integers of a type, and the step from codes back to cells."""
    low, scale = (kind.low / 2, 2.0) if kind.bipolar else (kind.low, 1.0)
    count = 1 if kind.bipolar else kind.high - kind.low
    column = ColumnKind.GREATER if kind.bipolar else ColumnKind.LEVEL
    encoder = Encoder(
        "imported",
        count.bit_length(),
        np.full(features, int(column), dtype=np.uint8),
        np.arange(features, dtype=np.int32),
        np.full(features, 0 if kind.bipolar else low / kind.divisor, dtype=np.float32),
        np.full(features, 1 if kind.bipolar else kind.divisor, dtype=np.float32),
        np.zeros(features, dtype=np.float32),
    )
    back = start(np.full((1, 1), low), np.full((1, 1), scale / kind.divisor))
    return Encoded(encoder, np.zeros(features, np.int64), np.full(features, count)), back
