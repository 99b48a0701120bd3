"""affine a; scale, shift: scale_i * a_i + shift_i in every channel i, with integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.operation import Array, Op, expect, same_places
from qcompile.ir.ranges import Ranges, span
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work
from qcompile.model.arrays import frozen


@dataclass(frozen=True, eq=False)
class Affine(Op):
    """scale * a + shift, element by element; int64 constants, one or one per channel."""

    a: str
    scale: NDArray[np.int64]
    shift: NDArray[np.int64]

    channelwise = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", frozen(self.scale, np.int64, 1, "scale"))
        object.__setattr__(self, "shift", frozen(self.shift, np.int64, 1, "shift"))

    def meaning(self, *values: Array) -> Array:
        """Broadcast over rows and positions."""
        (a,) = values
        out: Array = self.scale.astype(a.dtype) * a + self.shift.astype(a.dtype)
        return out

    def wrong(self, *operands: ValueType) -> str:
        """Constants have length 1 or that of the channels."""
        n, (a,) = self.type.channels, operands
        if len(self.scale) not in (1, n) or len(self.shift) not in (1, n):
            return f"scale has {len(self.scale)} and shift {len(self.shift)} entries, allowed 1 or {n}"
        return expect((a.channels, n)) or same_places(self.type, a)

    def bound(self, *operands: Ranges) -> Ranges:
        """Exact: a line takes its extremes at the ends."""
        (a,) = operands
        scales, shifts = (np.broadcast_to(c, len(a)).tolist() for c in (self.scale, self.shift))
        return [span(s * lo + t, s * hi + t) for (lo, hi), s, t in zip(a, scales, shifts, strict=True)]

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """The scale."""
        return (slope * self.scale,)

    def work(self, *operands: ValueType) -> Work:
        """One multiplication and one addition per element."""
        n = self.type.length
        return Work(muls=n, adds=n, constant_bytes=8 * (len(self.scale) + len(self.shift)))
