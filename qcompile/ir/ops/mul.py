"""mul a, b: a_i * b_i."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qcompile.ir.operation import Array, Op, expect, same_places
from qcompile.ir.ranges import Ranges, span, square
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work


@dataclass(frozen=True, eq=False)
class Mul(Op):
    """a * b, element by element."""

    a: str
    b: str

    channelwise = True
    commutes = True

    def meaning(self, *values: Array) -> Array:
        """The product."""
        a, b = values
        out: Array = a * b
        return out

    def wrong(self, *operands: ValueType) -> str:
        """Both operands have the result's shape."""
        n, (a, b) = self.type.channels, operands
        return expect((a.channels, n), (b.channels, n)) or same_places(self.type, a, b)

    def bound(self, *operands: Ranges) -> Ranges:
        """Of the four products of the ends; a square is known not to be negative."""
        a, b = operands
        if self.a == self.b:
            return [square(r) for r in a]
        return [span(*(p * q for p in r for q in s)) for r, s in zip(a, b, strict=True)]

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """Each operand is the slope of the other."""
        a, b = values
        return slope * b.astype(np.float64), slope * a.astype(np.float64)

    def work(self, *operands: ValueType) -> Work:
        """One multiplication per element."""
        return Work(muls=self.type.length)
