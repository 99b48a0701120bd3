"""table a; values (c or 1, k), first: values_i[a_i - first], any function of small integers.

For what is neither a line nor monotone: GELU, SiLU and their kind, after a quantizer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.errors import CompileError
from qcompile.ir.operation import Array, Op, as_codes, expect, same_places, whole
from qcompile.ir.ranges import Ranges, span
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work
from qcompile.model.arrays import frozen


@dataclass(frozen=True, eq=False)
class Table(Op):
    """Look-up in one table, or in one per channel; entry 0 is for the input ``first``."""

    a: str
    values: NDArray[np.int64]
    first: int

    makes_codes = True
    channelwise = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values, np.int64, 2, "values"))
        (first,) = whole(np.atleast_1d(self.first))
        object.__setattr__(self, "first", first)

    def _rows(self) -> NDArray[np.int64]:
        """A table for every channel."""
        return np.broadcast_to(self.values, (self.type.channels, self.values.shape[1]))

    def meaning(self, *values: Array) -> Array:
        """Every element of its channel's table."""
        place = (values[0] - self.first).astype(np.int64)
        out: Array = self._rows()[np.arange(self.type.channels), place].astype(values[0].dtype)
        return out

    def wrong(self, *operands: ValueType) -> str:
        """One table, or one per channel, with at least one entry."""
        n, (a,) = self.type.channels, operands
        if len(self.values) not in (1, n) or not self.values.shape[1]:
            return f"values have shape {self.values.shape}, allowed 1 or {n} rows of at least one entry"
        return expect((a.channels, n)) or same_places(self.type, a)

    def bound(self, *operands: Ranges) -> Ranges:
        """The entries within reach.

        Raises:
            CompileError: an input may lie outside the table.
        """
        found, size = [], self.values.shape[1]
        for (lo, hi), row in zip(operands[0], self._rows(), strict=True):
            if lo < self.first or hi >= self.first + size:
                raise CompileError(
                    f"%{self.result} reads [{lo}, {hi}], but its table is for {self.first} to "
                    f"{self.first + size - 1}."
                )
            found.append(span(*row[lo - self.first : hi - self.first + 1].tolist()))
        return found

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """Codes where nothing is negative."""
        return as_codes(self, low, high) or super().fitted(low, high)

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """Half the difference of the neighbours."""
        rows, last = self._rows(), self.values.shape[1] - 1
        place = (values[0] - self.first).astype(np.int64)
        channel = np.arange(self.type.channels)
        rise = rows[channel, np.minimum(place + 1, last)] - rows[channel, np.maximum(place - 1, 0)]
        return (slope * rise / 2.0,)

    def work(self, *operands: ValueType) -> Work:
        """One look-up per element, counted as an addition: that of the address."""
        wide = 1 if -128 <= self.values.min(initial=0) and self.values.max(initial=0) <= 255 else 4
        return Work(adds=self.type.length, constant_bytes=wide * self.values.size)
