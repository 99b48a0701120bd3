"""conv a; weight (o, kh, kw, c / groups), stride, pad, dilation, groups: outside is the integer 0.

    result[y, x, o] = sum over t, u, k of
        weight[o, t, u, k] * a[y stride - top + t dilation, x stride - left + u dilation, g c / groups + k]

with g the group of o. Depthwise convolution has as many groups as channels; average pooling is a
grouped convolution of ones, followed by a requantize. With kernel 1x1 it is a dot at every position.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.operation import Array, Mask, Op, expect, whole
from qcompile.ir.ops.dot import largest_rows, product, product_bound, weight_bits
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import ValueType
from qcompile.ir.window import Pair, Sides, Window
from qcompile.ir.work import Work
from qcompile.model.arrays import frozen


@dataclass(frozen=True, eq=False)
class Conv(Op):
    """Two-dimensional convolution (correlation, as everywhere in this field), channels last.

    ``weight`` is (o, kh, kw, c / groups) int64; ``stride`` and ``dilation`` are (rows, columns),
    ``pad`` is (top, left, bottom, right).
    """

    a: str
    weight: NDArray[np.int64]
    stride: Pair = (1, 1)
    pad: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", frozen(self.weight, np.int64, 4, "weight"))
        for name in ("stride", "pad", "dilation"):
            object.__setattr__(self, name, whole(getattr(self, name)))
        (groups,) = whole(np.atleast_1d(self.groups))
        object.__setattr__(self, "groups", groups)

    @property
    def window(self) -> Window:
        """What meets what."""
        return Window(self.weight.shape[1:3], self.stride, self.pad, self.dilation)

    def _group(self, g: int) -> tuple[slice, slice]:
        """Channels of the result and of ``a`` that belong to a group."""
        o, c = len(self.weight) // self.groups, self.weight.shape[3]
        return slice(g * o, (g + 1) * o), slice(g * c, (g + 1) * c)

    def meaning(self, *values: Array) -> Array:
        """One exact product for every place of the kernel and every group, added up."""
        (a,) = values
        image, padded = a.shape[1:3], self.window.padded(a, 0)
        total = np.zeros((len(a), *self.window.results(image), len(self.weight)), dtype=a.dtype)
        for (t, u), place in self.window.taps(image):
            for g in range(self.groups):
                out, read = self._group(g)
                met = padded[place][..., read]
                made = product(met.reshape(math.prod(met.shape[:3]), met.shape[3]), self.weight[out, t, u])
                total[..., out] += made.reshape(*met.shape[:3], made.shape[1])
        return total

    def wrong(self, *operands: ValueType) -> str:
        """Groups divide both numbers of channels, and the window gives the positions."""
        (a,) = operands
        if self.groups < 1 or len(self.weight) % self.groups:
            return f"{self.groups} groups do not divide {len(self.weight)} channels"
        lengths = expect(
            (self.type.channels, len(self.weight)), (a.channels, self.groups * self.weight.shape[3])
        )
        return lengths or self.window.wrong(a.positions, self.type.positions)

    def bound(self, *operands: Ranges) -> Ranges:
        """The sum of the worst terms; every term may also be 0 where the image is padded."""
        (a,) = operands
        if any(self.pad):
            a = [(min(lo, 0), max(hi, 0)) for lo, hi in a]
        found: Ranges = []
        for g in range(self.groups):
            out, read = self._group(g)
            rows = self.weight[out].reshape(-1, math.prod(self.weight.shape[1:]))
            found += product_bound(rows, a[read] * math.prod(self.window.kernel))
        return found

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """The transposed convolution."""
        (a,) = values
        image = a.shape[1:3]
        back = np.zeros(self.window.padded(a, 0).shape)
        for (t, u), place in self.window.taps(image):
            for g in range(self.groups):
                out, read = self._group(g)
                back[place][..., read] += slope[..., out] @ self.weight[out, t, u].astype(np.float64)
        return (self.window.cropped(back, image),)

    def goals(self, most: int) -> Iterable[int]:
        """The first filter, the last, and those of largest weights."""
        return largest_rows(self.weight.reshape(len(self.weight), math.prod(self.weight.shape[1:])), most)

    def kept(self, keep: Mask) -> Self:
        """Without some filters."""
        if self.groups > 1:
            raise ValueError("filters of a grouped convolution cannot be taken out one by one.")
        return super().kept(keep)

    def work(self, *operands: ValueType) -> Work:
        """Multiply-accumulates with padding counted, whatever a kernel makes of them."""
        places = math.prod(self.type.positions)
        bits = weight_bits(self.weight)
        return Work(
            macs=places * self.weight.size,
            rows=places * len(self.weight),
            weight_bits=bits,
            constant_bytes=math.ceil(self.weight.size * bits / 8),
        )
