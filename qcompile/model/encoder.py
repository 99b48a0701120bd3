"""Encoder: raw float32 rows to unsigned integer codes, the same in every back-end.

Every output column is one of five comparisons or roundings of one raw feature.
The arithmetic is IEEE float32 with one operation per step and no step that a
compiler may contract, so numpy, ONNX Runtime, Numba and C give the same bits:

    x = fill[f] if x is NaN else x                       (missing cells)
    LEVEL     int( clip((x - shift) * gain, 0, M) + 0.5 )     truncated towards 0
    GREATER   M if x > shift else 0
    EQUAL     M if x == shift else 0
    MISSING   M if the raw cell is NaN else 0
    CONSTANT  M                                          (the lifted constant)

with M = 2^bits - 1. A code c stands for the odd level 2c - M in {-M, .., M},
and for the real number (2c - M) / M in [-1, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.errors import DataError
from qcompile.model.arrays import frozen


class ColumnKind(IntEnum):
    """What an output column computes; the values are stable (they are stored)."""

    LEVEL = 0
    GREATER = 1
    EQUAL = 2
    MISSING = 3
    CONSTANT = 4


@dataclass(frozen=True, eq=False)
class Encoder:
    """d output columns over ``features`` raw columns.

    Attributes:
        name: the strategy that fitted it: "uniform", "thermometer", "threshold".
        bits: width B of every code, 1 to 8.
        kind: (d,) uint8 of ``ColumnKind``, non-decreasing, so that columns of a
            kind are contiguous and every back-end emits one block per kind.
        feature: (d,) int32, the raw column read (0 for CONSTANT).
        shift: (d,) float32, see the module docstring.
        gain: (d,) float32, finite and > 0 (1 where unused).
        fill: (features,) float32, finite; stands in for NaN.
    """

    name: str
    bits: int
    kind: NDArray[np.uint8]
    feature: NDArray[np.int32]
    shift: NDArray[np.float32]
    gain: NDArray[np.float32]
    fill: NDArray[np.float32]

    def __post_init__(self) -> None:
        for field, dtype in (
            ("kind", np.uint8),
            ("feature", np.int32),
            ("shift", np.float32),
            ("gain", np.float32),
            ("fill", np.float32),
        ):
            object.__setattr__(self, field, frozen(getattr(self, field), dtype, 1, field))
        if not 1 <= self.bits <= 8:
            raise ValueError(f"an encoder has 1 to 8 bits, not {self.bits}.")
        d = len(self.kind)
        if not len(self.feature) == len(self.shift) == len(self.gain) == d:
            raise ValueError("kind, feature, shift and gain must have one entry per output column.")
        if (np.diff(self.kind.astype(int)) < 0).any() or (d and self.kind.max() > ColumnKind.CONSTANT):
            raise ValueError("kind must be a non-decreasing sequence of column kinds.")
        if d and (self.feature.min() < 0 or self.feature.max() >= max(1, len(self.fill))):
            raise ValueError(f"feature must lie in 0..{len(self.fill) - 1}.")
        finite = np.isfinite(self.shift).all() and np.isfinite(self.gain).all()
        if not (finite and np.isfinite(self.fill).all() and (self.gain > 0).all()):
            raise ValueError("shift, gain and fill must be finite, gain positive.")

    @property
    def features(self) -> int:
        """Number of raw columns that a row must have."""
        return len(self.fill)

    @property
    def width(self) -> int:
        """Number d of codes that come out, the lifted constant included."""
        return len(self.kind)

    @property
    def top(self) -> int:
        """Largest code M = 2^bits - 1; also the integer level that stands for 1.0."""
        return (1 << self.bits) - 1

    @property
    def level_keys(self) -> int:
        """Thresholds that tell all LEVEL codes apart: M for each distinct pair of shift and gain."""
        block = self.of_kind(ColumnKind.LEVEL)
        pairs = np.stack([self.shift[block], self.gain[block]], axis=1)
        return self.top * len(np.unique(pairs, axis=0))

    def of_kind(self, kind: ColumnKind) -> slice:
        """The contiguous block of output columns of one kind."""
        first, last = np.searchsorted(self.kind, [int(kind), int(kind) + 1])
        return slice(int(first), int(last))


def encode(encoder: Encoder, x: NDArray[Any]) -> NDArray[np.uint8]:
    """Codes of raw rows; this function is the definition that back-ends reproduce.

    Args:
        encoder: fitted on training rows.
        x: (n, features), any real type; converted to float32 first. NaN is a missing cell,
            infinities saturate.

    Returns:
        (n, d) uint8, entries 0..2^bits - 1.

    Raises:
        DataError: wrong number of columns.

    >>> e = Encoder("uniform", 2, [0, 4], [0, 0], [0.0, 0.0], [3.0, 1.0], [0.5])
    >>> encode(e, [[0.0], [0.4], [1.0], [np.nan]]).tolist()
    [[0, 3], [1, 3], [3, 3], [2, 3]]
    """
    raw = np.asarray(x, dtype=np.float32)
    if raw.ndim != 2 or raw.shape[1] != encoder.features:
        raise DataError(
            f"rows have shape {raw.shape}, but the encoder reads (n, {encoder.features}); "
            "give the same columns, in the same order, as in training."
        )
    missing = np.isnan(raw)
    filled = np.where(missing, encoder.fill, raw)
    one = np.float32(1.0)
    top = np.float32(encoder.top)
    codes = np.full((len(raw), encoder.width), encoder.top, dtype=np.uint8)

    block = encoder.of_kind(ColumnKind.LEVEL)
    with np.errstate(over="ignore"):
        scaled = (filled[:, encoder.feature[block]] - encoder.shift[block]) * encoder.gain[block]
    rounded = np.clip(scaled, np.float32(0.0), top) + one / np.float32(2.0)
    codes[:, block] = rounded.astype(np.uint8)

    block = encoder.of_kind(ColumnKind.GREATER)
    codes[:, block] = (filled[:, encoder.feature[block]] > encoder.shift[block]) * np.uint8(encoder.top)
    block = encoder.of_kind(ColumnKind.EQUAL)
    codes[:, block] = (filled[:, encoder.feature[block]] == encoder.shift[block]) * np.uint8(encoder.top)
    block = encoder.of_kind(ColumnKind.MISSING)
    codes[:, block] = missing[:, encoder.feature[block]] * np.uint8(encoder.top)
    return codes


def levels(codes: NDArray[Any], bits: int) -> NDArray[np.int16]:
    """Odd integer levels 2c - (2^bits - 1) of codes.

    >>> levels(np.array([[0, 1, 2, 3]]), 2).tolist()
    [[-3, -1, 1, 3]]
    """
    return (2 * np.asarray(codes).astype(np.int16) - ((1 << bits) - 1)).astype(np.int16)
