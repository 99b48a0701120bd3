"""sign a: 1 if a_0 >= 0 else 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qcompile.ir.operation import Array, Op, expect, same_places
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work


@dataclass(frozen=True, eq=False)
class Sign(Op):
    """1 where the first score is >= 0, else 0: the decision between two classes."""

    a: str

    def meaning(self, *values: Array) -> Array:
        """One decision per position."""
        return (values[0][..., :1] >= 0).astype(np.int64)

    def wrong(self, *operands: ValueType) -> str:
        """The result is one element, of at least one."""
        (a,) = operands
        lengths = expect((self.type.channels, 1)) or ("" if a.channels else "it reads an empty value")
        return lengths or same_places(self.type, a)

    def bound(self, *operands: Ranges) -> Ranges:
        """No or yes."""
        return [(0, 1)]

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """Labels are i64 everywhere."""
        return self.type.of("i", 64)

    def work(self, *operands: ValueType) -> Work:
        """One comparison."""
        h, w = self.type.positions
        return Work(compares=h * w)
