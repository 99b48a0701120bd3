"""threshold a; levels (c, k), sign: how many levels of its channel an element reaches.

sum_k [a_i >= levels_ik]  if sign_i > 0  else  sum_k [a_i <= levels_ik]
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.operation import Array, Op, expect, same_places
from qcompile.ir.ranges import Ranges, reach, span
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work
from qcompile.model.arrays import frozen

MANY = 16  # levels from which a search beats comparing with each
ORDERS = (np.greater_equal, np.less_equal)


@dataclass(frozen=True, eq=False)
class Threshold(Op):
    """Number of thresholds reached: the quantizers of deep networks; rows of ``levels`` are sorted.

    ``levels`` is (channels, k) int64; ``sign`` (channels,) int8 of +1 / -1.
    """

    a: str
    levels: NDArray[np.int64]
    sign: NDArray[np.int8]

    makes_codes = True
    channelwise = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", frozen(self.levels, np.int64, 2, "levels"))
        object.__setattr__(self, "sign", frozen(self.sign, np.int8, 1, "sign"))

    def meaning(self, *values: Array) -> Array:
        """Every comparison, counted; among many levels the count of those reached is a place."""
        (a,) = values
        if self.levels.shape[1] < MANY:
            up, down = (
                (a[..., None] >= self.levels).sum(axis=-1),
                (a[..., None] <= self.levels).sum(axis=-1),
            )
            out: Array = np.where(self.sign > 0, up, down).astype(a.dtype)
            return out
        out = np.empty_like(a)
        for channel, (levels, sign) in enumerate(zip(np.sort(self.levels, axis=1), self.sign, strict=True)):
            column = a[..., channel]
            if sign > 0:
                out[..., channel] = np.searchsorted(levels, column, side="right")
            else:
                out[..., channel] = len(levels) - np.searchsorted(levels, column, side="left")
        return out

    def wrong(self, *operands: ValueType) -> str:
        """Levels are sorted, one row per channel."""
        n, (a,) = self.type.channels, operands
        if (np.diff(self.levels, axis=1) < 0).any():
            return "a row of levels is not sorted"
        if (np.abs(self.sign) != 1).any():
            return "sign must be -1 or +1"
        lengths = expect((a.channels, n), (len(self.levels), n), (len(self.sign), n))
        return lengths or same_places(self.type, a)

    def bound(self, *operands: Ranges) -> Ranges:
        """The count is monotone, so its extremes are at the ends of the range."""
        ends = np.array(operands[0], dtype=object).reshape(-1, 2)
        if ends.size and max(map(reach, operands[0])) < 2**63:
            ends = ends.astype(np.int64)
        up, down = (compare(ends[:, :, None], self.levels[:, None]).sum(axis=2) for compare in ORDERS)
        counts = np.where(self.sign[:, None] > 0, up, down)
        return [span(*pair) for pair in counts.tolist()]

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """Unsigned, as many bits as the largest count needs."""
        return self.type.of("u", max(1, high.bit_length()))

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """A staircase climbs the way its sign says."""
        return (slope * self.sign,)

    def work(self, *operands: ValueType) -> Work:
        """A binary search per element."""
        n, k = self.type.channels, self.levels.shape[1]
        return Work(compares=self.type.length * math.ceil(math.log2(k + 1)), constant_bytes=8 * n * k + n)
