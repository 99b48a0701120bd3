"""Small integer weights as digits packed into bytes: the layout inside a model file.

A matrix whose entries are ``low + step * digit`` with digits below ``base`` is stored as
``per_byte`` digits to a byte, the first digit least significant:

    weights              base   per byte   bits per weight
    {-1, +1}                2          8            1
    {-1, 0, +1}             3          5            1.6
    {-3, -1, +1, +3}        4          4            2
    {-7, .., +7} odd        8          2            4
    {-15, .., +15} odd     16          2            4
    any other int8        256          1            8

``digit k of byte b = (b // base**k) % base``: two integer operations that every runtime has, so
the same rule unpacks them inside an ONNX graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.bits import levels_of


@dataclass(frozen=True)
class Digits:
    """How a weight matrix is written: entries are ``low + step * digit``, digits below ``base``."""

    low: int
    step: int
    base: int

    def __post_init__(self) -> None:
        if not (2 <= self.base <= 256 and 1 <= self.step <= 255 and -128 <= self.low <= 127):
            raise ValueError(
                f"no weights are written with low {self.low}, step {self.step}, base {self.base}."
            )

    @property
    def high(self) -> int:
        """The largest entry."""
        return self.low + self.step * (self.base - 1)

    @property
    def per_byte(self) -> int:
        """Digits in a byte: the largest k with base^k <= 256."""
        return next(k for k in range(8, 0, -1) if self.base**k <= 256)

    def size(self, entries: int) -> int:
        """Bytes that hold a given number of entries."""
        return -(-entries // self.per_byte)


def digits_of(weights: NDArray[Any]) -> Digits:
    """The narrowest layout of a matrix of small integers.

    >>> digits_of(np.array([[-1, 1]])), digits_of(np.array([[0, 1, -1]])).per_byte
    (Digits(low=-1, step=2, base=2), 5)
    >>> digits_of(np.array([[-3, 3, 1]])), digits_of(np.array([[5]])).base
    (Digits(low=-3, step=2, base=4), 2)
    """
    present = np.unique(np.asarray(weights).astype(np.int64))
    if not len(present):
        return Digits(-1, 2, 2)
    if np.isin(present, (-1, 1)).all():
        return Digits(-1, 2, 2)
    levels = levels_of(present)
    return Digits(levels.low, levels.step, max(2, levels.count))


def pack(weights: NDArray[Any], digits: Digits) -> NDArray[np.uint8]:
    """Entries in row-major order to bytes; missing digits of the last byte are 0.

    >>> pack(np.array([[1, -1, 1]]), Digits(-1, 2, 2)).tolist()
    [5]
    """
    flat = (np.asarray(weights).astype(np.int64).ravel() - digits.low) // digits.step
    padded = np.zeros(digits.size(flat.size) * digits.per_byte, dtype=np.int64)
    padded[: flat.size] = flat
    places = digits.base ** np.arange(digits.per_byte)
    return (padded.reshape(-1, digits.per_byte) @ places).astype(np.uint8)


def unpack(packed: NDArray[np.uint8], digits: Digits, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Inverse of ``pack``.

    Raises:
        ValueError: the number of bytes is not the one that the shape needs.

    >>> unpack(np.array([5], dtype=np.uint8), Digits(-1, 2, 2), (1, 3)).tolist()
    [[1, -1, 1]]
    """
    entries = int(np.prod(shape, dtype=np.int64))
    if packed.size != digits.size(entries):
        raise ValueError(f"{packed.size} bytes do not hold {entries} weights of base {digits.base}.")
    places = digits.base ** np.arange(digits.per_byte)
    flat = (packed.reshape(-1, 1).astype(np.int64) // places) % digits.base
    return (digits.low + digits.step * flat.ravel()[:entries]).reshape(shape)
