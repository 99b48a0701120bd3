"""Types of the integer IR: what a value's elements are, and how many there are per row."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["F32", "F64", "ValueType", "smallest_signed"]


@dataclass(frozen=True)
class ValueType:
    """A vector of ``length`` elements per batch row.

    ``kind`` is "u" (0 .. 2^bits - 1), "i" (two's complement) or "f" (IEEE float).
    Text form: ``u4[31]``, ``i32[128]``, ``f32[30]``.

    >>> str(ValueType("u", 4, 31)), ValueType.parse("i32[128]").bits
    ('u4[31]', 32)
    """

    kind: str
    bits: int
    length: int

    def __post_init__(self) -> None:
        if self.kind not in ("u", "i", "f") or not 1 <= self.bits <= 64 or self.length < 0:
            raise ValueError(f"no such type: {self.kind}{self.bits}[{self.length}].")
        if self.kind == "f" and self.bits not in (32, 64):
            raise ValueError("floats have 32 or 64 bits.")

    def __str__(self) -> str:
        return f"{self.kind}{self.bits}[{self.length}]"

    @classmethod
    def parse(cls, text: str) -> ValueType:
        """Inverse of ``str``."""
        found = re.fullmatch(r"([uif])(\d+)\[(\d+)\]", text)
        if not found:
            raise ValueError(f"{text!r} is not a type; expected for example u4[31] or i32[10].")
        return cls(found[1], int(found[2]), int(found[3]))

    @property
    def low(self) -> int:
        """Smallest value of an integer type."""
        return 0 if self.kind == "u" else -(1 << (self.bits - 1))

    @property
    def high(self) -> int:
        """Largest value of an integer type."""
        return (1 << self.bits) - 1 if self.kind == "u" else (1 << (self.bits - 1)) - 1


F32 = ("f", 32)
F64 = ("f", 64)


def smallest_signed(low: int, high: int, choices: tuple[int, ...] = (8, 16, 32, 64)) -> int | None:
    """The narrowest of ``choices`` bits whose signed range holds [low, high], or None.

    >>> smallest_signed(-128, 127), smallest_signed(0, 128), smallest_signed(0, 2**64)
    (8, 16, None)
    """
    for bits in choices:
        if -(1 << (bits - 1)) <= low and high <= (1 << (bits - 1)) - 1:
            return bits
    return None
