"""scale a; scale, offset: float64(a_i) * scale_i + offset_i."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.operation import Array, Op, expect, same_places
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import F64, ValueType
from qcompile.ir.work import Work
from qcompile.model.arrays import frozen


@dataclass(frozen=True, eq=False)
class Scale(Op):
    """The only floating-point step: float64(a) * scale + offset, constants per channel."""

    a: str
    scale: NDArray[np.float64]
    offset: NDArray[np.float64]

    makes_floats = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", frozen(self.scale, np.float64, 1, "scale"))
        object.__setattr__(self, "offset", frozen(self.offset, np.float64, 1, "offset"))

    def meaning(self, *values: Array) -> Array:
        """One multiplication and one addition, each rounded."""
        out: Array = values[0].astype(np.float64) * self.scale + self.offset
        return out

    def wrong(self, *operands: ValueType) -> str:
        """Finite constants, one per channel."""
        if not (np.isfinite(self.scale).all() and np.isfinite(self.offset).all()):
            return "scale and offset must be finite"
        n, (a,) = self.type.channels, operands
        lengths = expect((a.channels, n), (len(self.scale), n), (len(self.offset), n))
        return lengths or same_places(self.type, a)

    def bound(self, *operands: Ranges) -> Ranges | None:
        """Floats have none."""
        return None

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """Double precision."""
        return self.type.of(*F64)

    def work(self, *operands: ValueType) -> Work:
        """Two float operations per element."""
        return Work(float_ops=2 * self.type.length, constant_bytes=16 * self.type.channels)
