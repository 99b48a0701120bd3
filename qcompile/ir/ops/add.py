"""add a, b: a_i + b_i."""

from __future__ import annotations

from dataclasses import dataclass

from qcompile.ir.operation import Array, Op, expect, same_places
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work


@dataclass(frozen=True, eq=False)
class Add(Op):
    """a + b, element by element."""

    a: str
    b: str

    channelwise = True
    commutes = True

    def meaning(self, *values: Array) -> Array:
        """The sum."""
        a, b = values
        out: Array = a + b
        return out

    def wrong(self, *operands: ValueType) -> str:
        """Both operands have the result's shape."""
        n, (a, b) = self.type.channels, operands
        return expect((a.channels, n), (b.channels, n)) or same_places(self.type, a, b)

    def bound(self, *operands: Ranges) -> Ranges:
        """The sums of the ends."""
        a, b = operands
        return [(r[0] + s[0], r[1] + s[1]) for r, s in zip(a, b, strict=True)]

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """One for each operand."""
        return slope, slope

    def work(self, *operands: ValueType) -> Work:
        """One addition per element."""
        return Work(adds=self.type.length)
