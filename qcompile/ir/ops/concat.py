"""concat parts: the channels of several values, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from qcompile.ir.operation import Array, Op, as_operands, expect, same_places
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import ValueType
from qcompile.ir.work import Work


@dataclass(frozen=True, eq=False)
class Concat(Op):
    """Channels of the parts in order."""

    parts: tuple[str, ...]

    makes_codes = True

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a concat joins at least one value.")

    @property
    def operands(self) -> tuple[str, ...]:
        """The parts."""
        return self.parts

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Other parts."""
        return replace(self, parts=tuple(names.get(part, part) for part in self.parts))

    def meaning(self, *values: Array) -> Array:
        """Along the channels."""
        return np.concatenate(values, axis=-1)

    def wrong(self, *operands: ValueType) -> str:
        """The parts have the result's positions, and together its channels."""
        lengths = expect((sum(part.channels for part in operands), self.type.channels))
        return lengths or same_places(self.type, *operands)

    def bound(self, *operands: Ranges) -> Ranges:
        """Of the parts in order."""
        return [r for part in operands for r in part]

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """Codes where all parts are."""
        return as_operands(self, low, high, *operands) or super().fitted(low, high)

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """Each part its channels."""
        ends = np.cumsum([part.shape[-1] for part in values])[:-1]
        return tuple(np.split(slope, ends, axis=-1))

    def work(self, *operands: ValueType) -> Work:
        """Values are only placed."""
        return Work()

    def text(self) -> list[str]:
        """It has no constants."""
        return []

    @classmethod
    def parsed(
        cls,
        result: str,
        type_: ValueType,
        operands: Sequence[str],
        constants: Mapping[str, Any],
        notes: dict[str, str],
    ) -> Self:
        """Any number of operands, and no constants."""
        if constants:
            raise ValueError(f"concat has no constants, found {sorted(constants)}.")
        return cls(result, type_, tuple(operands), notes=notes)
