"""input: the raw row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qcompile.errors import DataError
from qcompile.ir.operation import Array, Op
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work


@dataclass(frozen=True, eq=False)
class Input(Op):
    """The raw row; f32 for programs with an encoder, an integer type for those without."""

    makes_floats = None
    makes_codes = True

    def meaning(self, *values: Array) -> Array:
        """Rows (n, length), checked against the type, as (n, h, w, c).

        Raises:
            DataError: rows of another length, or integers outside the type.
        """
        rows, kind = np.asarray(values[0]), self.type
        if rows.ndim != 2 or rows.shape[1] != kind.length:
            raise DataError(f"rows have shape {rows.shape}, but the program reads (n, {kind.length}).")
        shape = (len(rows), *kind.shape)
        if kind.kind == "f":
            return rows.astype(np.float32).reshape(shape)
        if rows.size and (rows.min() < kind.low or rows.max() > kind.high):
            raise DataError(
                f"rows lie in [{rows.min()}, {rows.max()}], but the program reads integers of {kind.low} "
                f"to {kind.high}."
            )
        return rows.astype(np.int64 if kind.high < 2**63 else object).reshape(shape)

    def wrong(self, *operands: ValueType) -> str:
        """Every type can be read."""
        return ""

    def bound(self, *operands: Ranges) -> Ranges | None:
        """The promise of the type."""
        return None if self.type.kind == "f" else [(self.type.low, self.type.high)] * self.type.channels

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """The type of the input is the caller's promise, not a consequence."""
        return self.type

    def work(self, *operands: ValueType) -> Work:
        """Reading costs nothing."""
        return Work()
