"""Types of the integer IR: what a value's elements are, and how they are arranged per row."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

VECTOR = (1, 1)
TYPE = re.compile(r"([uif])(\d+)\[(?:(\d+)x(\d+)x)?(\d+)\]")


@dataclass(frozen=True)
class ValueType:
    """``channels`` elements at each of ``positions`` (height, width) per batch row, channels last.

    ``kind`` is "u" (0 .. 2^bits - 1), "i" (two's complement) or "f" (IEEE float). A vector is one
    position. Text form: ``u4[31]``, ``i32[128]``, ``f32[30]``; an image is ``u4[8x8x16]``.

    >>> str(ValueType("u", 4, 31)), ValueType.parse("i32[128]").bits
    ('u4[31]', 32)
    >>> image = ValueType.parse("u8[28x28x3]")
    >>> image.positions, image.channels, image.length
    ((28, 28), 3, 2352)
    """

    kind: str
    bits: int
    channels: int
    positions: tuple[int, int] = VECTOR

    def __post_init__(self) -> None:
        if self.kind not in ("u", "i", "f") or not 1 <= self.bits <= 64 or self.channels < 0:
            raise ValueError(f"no such type: {self.kind}{self.bits}[{self.channels}].")
        if self.kind == "f" and self.bits not in (32, 64):
            raise ValueError("floats have 32 or 64 bits.")
        if min(self.positions) < 1:
            raise ValueError(f"an image has at least one row and one column, not {self.positions}.")

    def __str__(self) -> str:
        places = "" if self.is_vector else f"{self.positions[0]}x{self.positions[1]}x"
        return f"{self.kind}{self.bits}[{places}{self.channels}]"

    @classmethod
    def parse(cls, text: str) -> ValueType:
        """Inverse of ``str``."""
        found = TYPE.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not a type; expected for example u4[31], i32[10] or u8[28x28x3].")
        places = (int(found[3]), int(found[4])) if found[3] else VECTOR
        return cls(found[1], int(found[2]), int(found[5]), places)

    @property
    def is_vector(self) -> bool:
        """Whether there is one position only."""
        return self.positions == VECTOR

    @property
    def length(self) -> int:
        """Elements per row: positions times channels."""
        return self.positions[0] * self.positions[1] * self.channels

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return (*self.positions, self.channels)

    @property
    def low(self) -> int:
        """Smallest value of an integer type."""
        return 0 if self.kind == "u" else -(1 << (self.bits - 1))

    @property
    def high(self) -> int:
        """Largest value of an integer type."""
        return (1 << self.bits) - 1 if self.kind == "u" else (1 << (self.bits - 1)) - 1

    def of(self, kind: str, bits: int) -> ValueType:
        """The same arrangement of other elements."""
        return replace(self, kind=kind, bits=bits)


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
