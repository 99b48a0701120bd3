"""Window: which positions of an image meet which positions of a convolution's or a pool's result.

Row i of the result meets rows  i stride - top + t dilation  of the image, t = 0 .. kernel - 1, as
in ONNX; columns likewise. Positions outside the image are the operation's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]
Sides = tuple[int, int, int, int]  # top, left, bottom, right
MOST_PLACES = 1 << 16  # of a kernel, and
MOST_POSITIONS = 1 << 24  # of a padded image: a damaged file must not exhaust time or memory


@dataclass(frozen=True)
class Window:
    """Sizes in (rows, columns); ``pad`` is (top, left, bottom, right).

    >>> Window((3, 3), stride=(2, 2), pad=(1, 1, 1, 1)).results((7, 8))
    (4, 4)
    """

    kernel: Pair
    stride: Pair = (1, 1)
    pad: Sides = (0, 0, 0, 0)
    dilation: Pair = (1, 1)

    def wrong(self, image: Pair, result: Pair) -> str:
        """What is wrong with it for these positions, as a clause, or ""."""
        lengths = [len(v) for v in (self.kernel, self.stride, self.pad, self.dilation)]
        if lengths != [2, 2, 4, 2]:
            return "kernel, stride and dilation have two entries, pad four"
        if min(*self.kernel, *self.stride, *self.dilation) < 1 or min(self.pad) < 0:
            return "kernel, stride and dilation must be at least 1, pad at least 0"
        if self.kernel[0] * self.kernel[1] > MOST_PLACES:
            return f"a kernel has at most {MOST_PLACES} places"
        top, left, bottom, right = self.pad
        if (image[0] + top + bottom) * (image[1] + left + right) > MOST_POSITIONS:
            return f"a padded image has at most {MOST_POSITIONS} positions"
        found = self.results(image)
        if min(found) < 1:
            return f"the kernel does not fit {image[0]}x{image[1]} positions"
        if found != result:
            return f"{found[0]}x{found[1]} positions come out, not {result[0]}x{result[1]}"
        return ""

    def results(self, image: Pair) -> Pair:
        """Positions of the result, rounded down."""
        rows, columns = (
            (n + before + after - (k - 1) * d - 1) // s + 1
            for n, before, after, k, s, d in zip(
                image, self.pad[:2], self.pad[2:], self.kernel, self.stride, self.dilation, strict=True
            )
        )
        return rows, columns

    def padded(self, a: Array, outside: Any) -> Array:
        """Rows (n, h, w, c) with positions of the value ``outside`` around them."""
        top, left, bottom, right = self.pad
        return np.pad(a, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=outside)

    def taps(self, image: Pair) -> Iterator[tuple[Pair, tuple[slice, slice, slice]]]:
        """Every (t, u) of the kernel, and what it meets for all results: an index of padded rows."""
        rows, columns = self.results(image)
        for t in range(self.kernel[0]):
            for u in range(self.kernel[1]):
                down, across = t * self.dilation[0], u * self.dilation[1]
                yield (
                    (t, u),
                    (
                        slice(None),
                        slice(down, down + (rows - 1) * self.stride[0] + 1, self.stride[0]),
                        slice(across, across + (columns - 1) * self.stride[1] + 1, self.stride[1]),
                    ),
                )

    def cropped(self, padded: Array, image: Pair) -> Array:
        """Inverse of ``padded``: the positions of the image."""
        top, left = self.pad[:2]
        return padded[:, top : top + image[0], left : left + image[1]]
