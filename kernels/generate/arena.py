"""Arrays that generated code reads by address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Vectors may read and write this many bytes past the end of an array.
SLACK = 128


class Address(int):
    """A number that is an address: it moves when its arena is written to a file."""


@dataclass(frozen=True)
class Image:
    """An arena as one position-independent block of bytes.

    Attributes:
        content: the arrays one after another; words that are addresses hold offsets.
        relocations: offsets of those words; a loader adds the base address to each.
        root: offset of the array asked for.
    """

    content: bytes
    relocations: tuple[int, ...]
    root: int


@dataclass(eq=False)
class Arena:
    """Keeps arrays alive for as long as somebody may hold their addresses.

    All arrays lie on 64-byte boundaries.
    """

    kept: list[tuple[Address, NDArray[Any]]] = field(default_factory=list)
    pointers: list[Address] = field(default_factory=list)

    def address(self, array: NDArray[Any]) -> Address:
        """Keep a copy and return its address."""
        raw = np.zeros(array.nbytes + 4096 + SLACK, np.uint8)
        start = (64 * 11 * len(self.kept) - raw.ctypes.data) % 4096
        raw[start : start + array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        where = Address(raw.ctypes.data + start)
        self.kept.append((where, raw[start : start + array.nbytes + SLACK]))  # as long wherever it lies
        return where

    def room(self, size: int) -> Address:
        """Zeroed workspace."""
        return self.address(np.zeros(size, np.uint8))

    def table(self, values: dict[str, int]) -> Address:
        """A table of 64-bit words in the order of the dictionary."""
        where = self.address(np.array(list(values.values()), dtype=np.int64))
        self.pointers += [
            Address(where + 8 * i) for i, v in enumerate(values.values()) if isinstance(v, Address)
        ]
        return where

    def image(self, root: int) -> Image:
        """Everything kept, for a file."""
        content = bytearray()
        starts: dict[int, int] = {}
        for where, array in self.kept:
            starts[where] = len(content)
            content += array.tobytes()
            content += bytes(-len(content) % 64)
        relocations = []
        for pointer in self.pointers:
            table = max(start for start in starts if start <= pointer)
            place = starts[table] + pointer - table
            target = Address(int.from_bytes(content[place : place + 8], "little", signed=True))
            content[place : place + 8] = starts[target].to_bytes(8, "little")
            relocations.append(place)
        return Image(bytes(content), tuple(relocations), starts[root])
