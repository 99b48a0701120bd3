"""The quantizer of the raw input as an Encoder, exact for every float32 number where that is possible.

    evenly spaced levels    one LEVEL column per cell, if its float32 arithmetic gives the same codes
    otherwise               one GREATER column per level; the code is the sum of its columns

Round-half-even ties make most quantizers of three bits and more the second kind. Where that would need
too many columns, LEVEL columns are taken all the same and a note says how often they differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.encoder import ColumnKind, Encoder, encode
from qcompile.importers._lanes import Expansion, Step, start
from qcompile.importers._search import FLOAT_HIGH, FLOAT_LOW, key_float

__all__ = ["Encoded", "counted_levels", "promised_integers"]

Array = NDArray[Any]
MAX_COLUMNS = 1 << 14


@dataclass(frozen=True, eq=False)
class Encoded:
    """An encoder, the range of each element, and how elements are summed from its columns."""

    encoder: Encoder
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    expansion: Expansion | None = None


def counted_levels(
    keys: NDArray[np.int64], sign: NDArray[np.int8], codes: Callable[[Array], Array], notes: list[str]
) -> Encoded:
    """The encoder of a quantizer of the raw input.

    Args:
        keys: (L, count) float32 thresholds in the order of ``_search``.
        sign: (L,) +1 where the code rises with the cell.
        codes: keys (L, K) to codes, the exact quantizer.
        notes: gets a sentence where the encoder is not exact everywhere.

    Raises:
        ValueError: too many levels to compare one by one, and not evenly spaced.
    """
    features, count = keys.shape
    rising = sign > 0
    spaced = count > 1 and (count > 3 or keys.size > MAX_COLUMNS) and bool(rising.all())
    if spaced and (levels := _level_columns(keys, codes, notes)) is not None:
        return levels
    always = np.where(rising[:, None], keys <= FLOAT_LOW, keys >= FLOAT_HIGH)
    never = np.where(rising[:, None], keys > FLOAT_HIGH, keys < FLOAT_LOW)
    element, level = np.nonzero(~(always | never))
    if len(element) > max(MAX_COLUMNS, features):
        raise ValueError(
            f"its {count} levels of {features} inputs are neither evenly spaced nor few enough "
            f"({MAX_COLUMNS}) to be compared one by one"
        )
    base = always.sum(axis=1).astype(np.int64)
    if not len(element):  # nothing depends on the input: one column that no sum reads
        nothing = Expansion(np.zeros(1, np.int64), np.zeros(1, np.int64), base)
        return Encoded(
            _greater(np.zeros(1, np.int64), np.zeros(1, np.float32), features), base, base, nothing
        )
    up, chosen = rising[element], keys[element, level]
    # x >= t is x > the number before t;  x <= t is 1 - [x > t]
    encoder = _greater(element, key_float(np.where(up, chosen - 1, chosen)), features)
    if np.array_equal(element, np.arange(features)) and up.all() and not base.any():
        return Encoded(encoder, base, base + 1)
    columns = np.bincount(element, minlength=features).astype(np.int64)
    falling = np.bincount(element, weights=~up, minlength=features).astype(np.int64)
    expansion = Expansion(element, np.where(up, 1, -1), base + falling)
    return Encoded(encoder, base, base + columns, expansion)


def _greater(feature: NDArray[np.int64], shift: NDArray[np.float32], features: int) -> Encoder:
    kind = np.full(len(feature), int(ColumnKind.GREATER), dtype=np.uint8)
    gain, fill = np.ones(len(feature), np.float32), np.zeros(features, np.float32)
    return Encoder("imported", 1, kind, feature.astype(np.int32), shift, gain, fill)


def _level_columns(
    keys: NDArray[np.int64], codes: Callable[[Array], Array], notes: list[str]
) -> Encoded | None:
    """One LEVEL column per cell, if it is exact or comparing would take too many columns.

    Its codes go up to 2^bits - 1; the caller cuts them at ``count`` where that is lower.
    """
    features, count = keys.shape
    bits = int(count).bit_length()
    inside = ((keys > FLOAT_LOW) & (keys < FLOAT_HIGH)).all()
    if not inside or bits > 8:
        return None
    points = key_float(keys).astype(np.float64)
    step = (points[:, -1] - points[:, 0]) / (count - 1)
    if not (step > 0).all():
        return None
    shift, gain = (points[:, 0] - step / 2).astype(np.float32), (1 / step).astype(np.float32)
    if not (np.isfinite(gain).all() and np.isfinite(shift).all() and (gain > 0).all()):
        return None
    kind = np.full(features, int(ColumnKind.LEVEL), dtype=np.uint8)
    feature, fill = np.arange(features, dtype=np.int32), np.zeros(features, dtype=np.float32)
    encoder = Encoder("imported", bits, kind, feature, shift, gain, fill)
    # Both functions rise, so they are equal everywhere if they are equal on both sides of every threshold.
    wrong = 0
    for row in np.concatenate([keys - 1, keys], axis=1).T:
        levels = np.minimum(encode(encoder, key_float(row)[None]), count)
        wrong += int((levels != codes(row[:, None]).T).sum())
    if wrong and keys.size <= MAX_COLUMNS:
        return None
    if wrong:
        notes.append(
            f"the input encoder differs from the source at {wrong} of {keys.size} rounding boundaries "
            "(ties, or one unit in the last place)"
        )
    return Encoded(encoder, np.zeros(features, np.int64), np.full(features, encoder.top))


def promised_integers(low: int, high: int, features: int) -> tuple[Encoded, Step]:
    """The encoder of cells that hold integers low..high ((-1, 1): only the two), and the step back."""
    bipolar = (low, high) == (-1, 1)
    scale, count = (2, 1) if bipolar else (1, high - low)
    encoder = Encoder(
        "imported",
        count.bit_length(),
        np.full(features, int(ColumnKind.GREATER if bipolar else ColumnKind.LEVEL), dtype=np.uint8),
        np.arange(features, dtype=np.int32),
        np.full(features, 0 if bipolar else low, dtype=np.float32),
        np.ones(features, dtype=np.float32),
        np.zeros(features, dtype=np.float32),
    )
    back = start(np.full((1, 1), low / scale), np.full((1, 1), scale))
    return Encoded(encoder, np.zeros(features, np.int64), np.full(features, count)), back
