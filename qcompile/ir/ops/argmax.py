"""argmax a: index of the first maximum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qcompile.ir.operation import Array, Op, expect, same_places
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work


@dataclass(frozen=True, eq=False)
class Argmax(Op):
    """Index of the first maximum among the channels."""

    a: str

    def meaning(self, *values: Array) -> Array:
        """One index per position."""
        out: Array = np.argmax(values[0], axis=-1)[..., None].astype(np.int64)
        return out

    def wrong(self, *operands: ValueType) -> str:
        """The result is one element, of at least one."""
        (a,) = operands
        lengths = expect((self.type.channels, 1)) or ("" if a.channels else "it reads an empty value")
        return lengths or same_places(self.type, a)

    def bound(self, *operands: Ranges) -> Ranges:
        """Any channel may win."""
        return [(0, max(0, len(operands[0]) - 1))]

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """Labels are i64 everywhere."""
        return self.type.of("i", 64)

    def work(self, *operands: ValueType) -> Work:
        """One comparison fewer than channels."""
        h, w = self.type.positions
        return Work(compares=h * w * max(0, operands[0].channels - 1))
