"""poly a; (c2, c1, c0): c2 a_i^2 + c1 a_i + c0, with integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qcompile.ir.operation import Array, Op, expect, same_places, whole
from qcompile.ir.ranges import Ranges, span, square
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work


@dataclass(frozen=True, eq=False)
class Poly(Op):
    """c2 a^2 + c1 a + c0 with integers."""

    a: str
    coefficients: tuple[int, int, int]

    channelwise = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", whole(self.coefficients))

    def meaning(self, *values: Array) -> Array:
        """The polynomial."""
        (a,) = values
        c2, c1, c0 = self.coefficients
        out: Array = c2 * a * a + c1 * a + c0
        return out

    def wrong(self, *operands: ValueType) -> str:
        """The operand has the result's shape."""
        if len(self.coefficients) != 3:
            return "a poly has three integer coefficients"
        (a,) = operands
        return expect((a.channels, self.type.channels)) or same_places(self.type, a)

    def bound(self, *operands: Ranges) -> Ranges:
        """The square is known not to be negative; its range and that of the line are added."""
        c2, c1, c0 = self.coefficients
        found = []
        for r in operands[0]:
            sq = square(r)
            t2, t1 = span(c2 * sq[0], c2 * sq[1]), span(c1 * r[0], c1 * r[1])
            found.append((t2[0] + t1[0] + c0, t2[1] + t1[1] + c0))
        return found

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """2 c2 a + c1."""
        c2, c1, _ = self.coefficients
        return (slope * (2.0 * c2 * values[0].astype(np.float64) + c1),)

    def work(self, *operands: ValueType) -> Work:
        """Horner's rule."""
        n = self.type.length
        return Work(muls=2 * n, adds=2 * n, constant_bytes=24)
