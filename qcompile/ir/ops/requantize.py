"""requantize a; multiplier, offset, shift, limits, exceptions: a quantizer of evenly spaced steps.

    clamp((multiplier_i a_i + offset_i) >> shift_i, low, high)     the shift rounds down

except where ``exceptions`` has a row (channel, input, result). Three integers of a channel say what
takes up to 255 thresholds; the few inputs at which a staircase is not evenly spaced are listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from qcompile.errors import CompileError
from qcompile.ir.operation import Array, Mask, Op, as_codes, expect, same_places, whole
from qcompile.ir.ranges import Ranges, span
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work
from qcompile.model.arrays import frozen

INT64 = np.iinfo(np.int64)
CONSTANTS = ("multiplier", "offset", "shift")


@dataclass(frozen=True, eq=False)
class Requantize(Op):
    """Multiply, add, shift right, clamp; int64 constants, one or one per channel.

    ``limits`` is (low, high) of the result; ``exceptions`` is (k, 3): channel, input, result.
    """

    a: str
    multiplier: NDArray[np.int64]
    offset: NDArray[np.int64]
    shift: NDArray[np.int64]
    limits: tuple[int, ...]
    exceptions: NDArray[np.int64]

    makes_codes = True
    channelwise = True

    def __post_init__(self) -> None:
        for name in CONSTANTS:
            object.__setattr__(self, name, frozen(getattr(self, name), np.int64, 1, name))
        object.__setattr__(self, "limits", whole(self.limits))
        rows = np.asarray(self.exceptions, dtype=np.int64).reshape(-1, 3)
        object.__setattr__(self, "exceptions", frozen(rows, np.int64, 2, "exceptions"))

    def meaning(self, *values: Array) -> Array:
        """As written above; ``bound`` proves that int64 holds the product."""
        (a,) = values
        m, b, s = (getattr(self, name).astype(a.dtype) for name in CONSTANTS)
        out: Array = np.minimum(np.maximum((m * a + b) >> s, self.limits[0]), self.limits[1])
        for channel, value, result in self.exceptions.tolist():
            out[..., channel][a[..., channel] == value] = result
        return out

    def wrong(self, *operands: ValueType) -> str:
        """Constants have length 1 or that of the channels, shifts are 0 to 62."""
        n, (a,) = self.type.channels, operands
        if any(len(getattr(self, name)) not in (1, n) for name in CONSTANTS):
            return f"multiplier, offset and shift have 1 or {n} entries"
        if ((self.shift < 0) | (self.shift > 62)).any():
            return "a shift is 0 to 62"
        if len(self.limits) != 2 or self.limits[0] > self.limits[1]:
            return "limits are (low, high)"
        channels = self.exceptions[:, 0]
        if channels.size and (channels.min() < 0 or channels.max() >= n):
            return f"an exception is of a channel of {n}"
        if len(np.unique(self.exceptions[:, :2], axis=0)) < len(self.exceptions):
            return "an input has two exceptions"
        return expect((a.channels, n)) or same_places(self.type, a)

    def bound(self, *operands: Ranges) -> Ranges:
        """A line is monotone, and so are shift and clamp; exceptions within reach are added.

        Raises:
            CompileError: multiplier a + offset may leave int64.
        """
        found: Ranges = []
        for r, (m, b, s) in zip(operands[0], self._rows(len(operands[0])), strict=True):
            products, sums = [m * x for x in r], [m * x + b for x in r]
            if min(*products, *sums) < INT64.min or max(*products, *sums) > INT64.max:
                raise CompileError(f"%{self.result}: its product may reach {sums}, which leaves int64.")
            found.append(span(*(min(max(t >> s, self.limits[0]), self.limits[1]) for t in sums)))
        for channel, value, result in self.exceptions.tolist():
            lo, hi = operands[0][channel]
            if lo <= value <= hi:
                found[channel] = span(*found[channel], result)
        return found

    def _rows(self, n: int) -> list[tuple[int, int, int]]:
        """(multiplier, offset, shift) of each channel, as Python's integers."""
        columns = (np.broadcast_to(c, n).tolist() for c in (self.multiplier, self.offset, self.shift))
        return list(zip(*columns, strict=True))

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """Codes where nothing is negative."""
        return as_codes(self, low, high) or super().fitted(low, high)

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """That of the line."""
        return (slope * self.multiplier / 2.0**self.shift,)

    def kept(self, keep: Mask) -> Self:
        """The exceptions of the other channels go, too."""
        place = np.cumsum(keep) - 1
        rows = self.exceptions[keep[self.exceptions[:, 0]]]
        rows = np.column_stack([place[rows[:, 0]], rows[:, 1:]])
        return replace(super().kept(keep), exceptions=rows)

    def _arrays(self) -> dict[str, Array]:
        return {name: getattr(self, name) for name in CONSTANTS}

    def constants_of_channels(self) -> list[tuple[Any, ...]]:
        """With the exceptions of each channel, in order of their inputs."""
        listed: list[list[tuple[int, int]]] = [[] for _ in range(self.type.channels)]
        for channel, value, result in sorted(self.exceptions.tolist()):
            listed[channel].append((value, result))
        rows = self._rows(self.type.channels)
        return [(*row, self.limits, tuple(extra)) for row, extra in zip(rows, listed, strict=True)]

    def work(self, *operands: ValueType) -> Work:
        """One multiplication, two additions (the shift is one), two comparisons per element."""
        n = self.type.length
        size = sum(w * len(getattr(self, c)) for w, c in zip((4, 8, 1), CONSTANTS, strict=True))
        return Work(muls=n, adds=2 * n, compares=2 * n, constant_bytes=size + 6 * len(self.exceptions))
