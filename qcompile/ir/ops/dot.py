"""dot a; weight (m, c): weight @ a at every position, with integers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.operation import Array, Op, expect, same_places
from qcompile.ir.ranges import Ranges, reach
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work
from qcompile.model.arrays import frozen


@dataclass(frozen=True, eq=False)
class Dot(Op):
    """weight @ a with an integer matrix (m, channels of a); on an image, at every position."""

    a: str
    weight: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", frozen(self.weight, np.int64, 2, "weight"))

    def meaning(self, *values: Array) -> Array:
        """The product, exact."""
        (a,) = values
        rows = a.reshape(math.prod(a.shape[:-1]), a.shape[-1])
        return product(rows, self.weight).reshape(*a.shape[:-1], len(self.weight))

    def wrong(self, *operands: ValueType) -> str:
        """The matrix has a row for every channel of the result and a column for every one of ``a``."""
        m, d = self.weight.shape
        (a,) = operands
        return expect((self.type.channels, m), (a.channels, d)) or same_places(self.type, a)

    def bound(self, *operands: Ranges) -> Ranges:
        """Exact: low_i = sum_j min(w_ij low_j, w_ij high_j)."""
        return product_bound(self.weight, operands[0])

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """The weights."""
        return (slope @ self.weight.astype(np.float64),)

    def goals(self, most: int) -> Iterable[int]:
        """The first row, the last, and those of largest weights."""
        return largest_rows(self.weight, most)

    def work(self, *operands: ValueType) -> Work:
        """M c multiply-accumulates at every position, whatever instructions a kernel makes of them."""
        m, d = self.weight.shape
        h, w = self.type.positions
        bits = weight_bits(self.weight)
        return Work(
            macs=h * w * m * d, rows=h * w * m, weight_bits=bits, constant_bytes=math.ceil(m * d * bits / 8)
        )


def largest_rows(weight: NDArray[np.int64], most: int) -> Iterable[int]:
    """The first row of a matrix, the last, and up to ``most`` - 2 of largest absolute sums."""
    if not len(weight):
        return ()
    size = np.abs(weight.astype(np.float64)).sum(axis=1)
    largest = np.argsort(-size, kind="stable")[: max(0, most - 2)]
    return {0, len(weight) - 1, *largest.tolist()}


def product(rows: Array, weight: NDArray[np.int64]) -> Array:
    """Rows (n, d) times weight (m, d) transposed, exact, in the integers of the rows."""
    real: Array = weight.T.astype(np.float64)
    terms = float(np.abs(rows).max(initial=0)) * np.abs(real).sum(axis=0).max(initial=0)
    if terms < 2**52:  # every partial sum is exact in floats of that many bits, and BLAS is fast
        kind: Any = np.float32 if terms < 2**23 else np.float64
        fast: Array = (rows.astype(kind) @ real.astype(kind)).astype(rows.dtype)
        return fast
    out: Array = rows @ weight.T.astype(rows.dtype)
    return out


def product_bound(weight: NDArray[np.int64], inputs: Ranges) -> Ranges:
    """(low, high) of every row of weight (m, d) times d elements in their ranges, exactly."""
    # With the sum and the width of every range, 2 low = w @ sums - |w| @ widths, likewise 2 high.
    largest = max(map(reach, inputs), default=0)
    heaviest = max(-int(weight.min(initial=0)), int(weight.max(initial=0)))
    fits = 4 * len(inputs) * heaviest * largest < 2**63  # then int64 is exact, and much faster
    kind: Any = np.int64 if fits else object
    sums, widths = (np.array([hi + sign * lo for lo, hi in inputs], dtype=kind) for sign in (1, -1))
    w = weight.astype(kind, copy=False)
    middle, spread = w @ sums, np.abs(w) @ widths
    return [(int(m - s) // 2, int(m + s) // 2) for m, s in zip(middle, spread, strict=True)]


def weight_bits(w: NDArray[np.int64]) -> int:
    """Bits that store one weight: 1 for signs, 2 for trits, else two's complement.

    Odd k-bit levels -(2^k - 1) .. 2^k - 1 take k bits.

    >>> [weight_bits(np.array(w)) for w in ([1, -1], [0, 1], [3, -1], [5, 4])]
    [1, 2, 2, 4]
    """
    if not w.size:
        return 1
    top = int(np.abs(w).max())
    if (w % 2 != 0).all() and (top + 1) & top == 0:
        return max(1, top.bit_length())
    return max(2, top.bit_length() + 1)
