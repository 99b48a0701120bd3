"""gather a; channels (k,): channel i of the result is channel channels_i of a.

A slice, a permutation (channel shuffle) or a repetition of channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.operation import Array, Op, as_operands, expect, same_places
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work
from qcompile.model.arrays import frozen


@dataclass(frozen=True, eq=False)
class Gather(Op):
    """Channels by number."""

    a: str
    channels: NDArray[np.int64]

    makes_codes = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", frozen(self.channels, np.int64, 1, "channels"))

    def meaning(self, *values: Array) -> Array:
        """An index."""
        out: Array = values[0][..., self.channels]
        return out

    def wrong(self, *operands: ValueType) -> str:
        """Numbers of channels that exist."""
        (a,) = operands
        if self.channels.size and not 0 <= self.channels.min() <= self.channels.max() < a.channels:
            return f"a channel is 0 to {a.channels - 1}"
        return expect((self.type.channels, len(self.channels))) or same_places(self.type, a)

    def bound(self, *operands: Ranges) -> Ranges:
        """Of the channels read."""
        return [operands[0][channel] for channel in self.channels.tolist()]

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """As the operand."""
        return as_operands(self, low, high, *operands) or super().fitted(low, high)

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """Added up where a channel is read more than once."""
        back = np.zeros(values[0].shape)
        for place, channel in enumerate(self.channels.tolist()):
            back[..., channel] += slope[..., place]
        return (back,)

    def work(self, *operands: ValueType) -> Work:
        """Values are only placed."""
        return Work(constant_bytes=2 * len(self.channels))
