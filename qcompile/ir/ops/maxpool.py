"""maxpool a; kernel, stride, pad, dilation: the largest value that the window meets in each channel.

Positions outside the image are left out: they never win, as in ONNX.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qcompile.ir.operation import Array, Op, as_operands, expect, whole
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import ValueType
from qcompile.ir.window import Pair, Sides, Window
from qcompile.ir.work import Work


@dataclass(frozen=True, eq=False)
class MaxPool(Op):
    """Maxima of windows; sizes are (rows, columns), ``pad`` is (top, left, bottom, right)."""

    a: str
    kernel: Pair
    stride: Pair = (1, 1)
    pad: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)

    makes_codes = True
    channelwise = True

    def __post_init__(self) -> None:
        for name in ("kernel", "stride", "pad", "dilation"):
            object.__setattr__(self, name, whole(getattr(self, name)))

    @property
    def window(self) -> Window:
        """What meets what."""
        return Window(self.kernel, self.stride, self.pad, self.dilation)

    def _inside(self, image: tuple[int, int]) -> Array:
        """Whether positions of the padded image belong to it, as (1, h, w, 1)."""
        return self.window.padded(np.ones((1, *image, 1), dtype=np.bool_), False)

    def meaning(self, *values: Array) -> Array:
        """The largest of what is inside, place by place."""
        (a,) = values
        image, inside = a.shape[1:3], self._inside(a.shape[1:3])
        padded = self.window.padded(a, a.min(initial=0))
        shape = (len(a), *self.window.results(image), a.shape[3])
        best, met = np.zeros(shape, dtype=a.dtype), np.zeros((1, *shape[1:3], 1), dtype=np.bool_)
        for _, place in self.window.taps(image):
            larger = inside[place] & (~met | (padded[place] > best))
            best = np.where(larger, padded[place], best)
            met |= inside[place]
        return best

    def wrong(self, *operands: ValueType) -> str:
        """The window gives the positions, and meets the image everywhere."""
        (a,) = operands
        wrong = self.window.wrong(a.positions, self.type.positions)
        wrong = expect((a.channels, self.type.channels)) or wrong
        if wrong:
            return wrong
        inside = self._inside(a.positions)
        met = np.zeros((1, *self.type.positions, 1), dtype=np.bool_)
        for _, place in self.window.taps(a.positions):
            met |= inside[place]
        return "" if met.all() else "a window lies wholly outside the image; use less padding"

    def bound(self, *operands: Ranges) -> Ranges:
        """A maximum is one of the values."""
        return operands[0]

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """As the operand."""
        return as_operands(self, low, high, *operands) or super().fitted(low, high)

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """To every value that is the largest."""
        (a,) = values
        best, image = self.meaning(a), a.shape[1:3]
        inside, padded = self._inside(image), self.window.padded(a, 0)
        back = np.zeros(padded.shape)
        for _, place in self.window.taps(image):
            back[place] += slope * ((padded[place] == best) & inside[place])
        return (self.window.cropped(back, image),)

    def work(self, *operands: ValueType) -> Work:
        """One comparison for every place of the kernel after the first."""
        return Work(compares=self.type.length * (math.prod(self.kernel) - 1))
