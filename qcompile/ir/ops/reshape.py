"""reshape a: the same elements in the same order (row, column, channel), arranged as the type says.

From an image to a vector for the dense layers behind it, or from a vector of cells to an image.
"""

from __future__ import annotations

from dataclasses import dataclass

from qcompile.ir.operation import Array, Op, as_operands, expect
from qcompile.ir.ranges import Ranges, hull
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work


@dataclass(frozen=True, eq=False)
class Reshape(Op):
    """Another arrangement; nothing is computed."""

    a: str

    makes_codes = True

    def meaning(self, *values: Array) -> Array:
        """The elements as they lie."""
        return values[0].reshape(len(values[0]), *self.type.shape)

    def wrong(self, *operands: ValueType) -> str:
        """As many elements."""
        return expect((operands[0].length, self.type.length))

    def bound(self, *operands: Ranges) -> Ranges:
        """Element by element, then over what comes to lie in each channel."""
        (a,) = operands
        if not a:
            return []
        n = self.type.channels
        elements = a * (self.type.length // len(a))
        return [hull(elements[channel::n]) for channel in range(n)]

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """As the operand."""
        return as_operands(self, low, high, *operands) or super().fitted(low, high)

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """The same, as it was arranged."""
        return (slope.reshape(values[0].shape),)

    def work(self, *operands: ValueType) -> Work:
        """Nothing."""
        return Work()
