"""The one bit layout, and the one answer to how many bits an integer matrix has.

Element ``j`` of a row sits in bit ``j % 64`` of word ``j // 64``. Padding bits
are 0 in every row, so that they cancel in an xor.

Integer weights are rows of bits over an evenly spaced grid:

    w_ji = low + step * sum_b 2^b bits[b, j, i]
    (w c)_j = low * sum_i c_i + step * sum_b 2^b S[b, j],    S[b, j] = sum of c_i where bits[b, j, i]

So signs are one plane (low -1, step 2), trits two (low -1, step 1), odd k-bit levels k planes
(low -(2^k - 1), step 2): the SUBSET SUM S of unsigned codes over a row of bits is all there is
to make fast, for every weight grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD = 64


def words(d: int) -> int:
    """Number of 64-bit words that hold ``d`` bits.

    >>> [words(d) for d in (1, 64, 65)]
    [1, 1, 2]
    """
    return -(-d // WORD)


def pack_bits(bits: NDArray[Any]) -> NDArray[np.uint64]:
    """Pack rows of 0/1 into little-endian words.

    Args:
        bits: (m, d) any integer or bool type, entries 0 or 1.

    Returns:
        (m, words(d)) uint64.

    >>> pack_bits(np.array([[0, 1, 1]])).tolist()
    [[6]]
    """
    bits = np.asarray(bits)
    if not ((bits == 0) | (bits == 1)).all():
        raise ValueError("bits must be 0 or 1; for signs -1 and +1 use pack_signs.")
    m, d = bits.shape
    padded = np.zeros((m, words(d) * WORD), dtype=np.uint8)
    padded[:, :d] = bits
    return np.packbits(padded, axis=1, bitorder="little").view("<u8").astype(np.uint64, copy=False)


def unpack_bits(packed: NDArray[np.uint64], d: int) -> NDArray[np.uint8]:
    """Inverse of ``pack_bits``: (m, words(d)) uint64 to (m, d) uint8.

    >>> unpack_bits(np.array([[6]], dtype=np.uint64), 3).tolist()
    [[0, 1, 1]]
    """
    little = np.ascontiguousarray(packed, dtype="<u8").view(np.uint8)
    return np.unpackbits(little, axis=1, bitorder="little")[:, :d]


def pack_signs(signs: NDArray[np.int8]) -> NDArray[np.uint64]:
    """Pack rows of signs: a bit is 1 where the sign is -1.

    An xor of two packed rows has a 1 exactly where the signs differ, so
    ``u @ v == d - 2 * popcount(pack(u) ^ pack(v))``.

    Args:
        signs: (m, d) int8, entries -1 or +1.

    Returns:
        (m, words(d)) uint64.

    Raises:
        ValueError: an entry is neither -1 nor +1; the message says where.

    >>> words_ = pack_signs(np.array([[1, -1, -1], [1, 1, -1]], dtype=np.int8))
    >>> words_.tolist()
    [[6], [4]]
    >>> 3 - 2 * int(words_[0, 0] ^ words_[1, 0]).bit_count()
    1
    """
    signs = np.asarray(signs)
    wrong = np.argwhere(np.abs(signs.astype(np.int64)) != 1)
    if len(wrong):
        i, j = wrong[0]
        raise ValueError(
            f"signs[{i}, {j}] is {signs[i, j]}, but a sign is -1 or +1; "
            f"{len(wrong)} of {signs.size} entries are wrong."
        )
    return pack_bits(signs < 0)


def unpack_signs(packed: NDArray[np.uint64], d: int) -> NDArray[np.int8]:
    """Inverse of ``pack_signs``: (m, words(d)) uint64 to (m, d) int8.

    >>> unpack_signs(np.array([[6]], dtype=np.uint64), 3).tolist()
    [[1, -1, -1]]
    """
    return (1 - 2 * unpack_bits(packed, d).astype(np.int8)).astype(np.int8)


def pack_planes(codes: NDArray[Any], bits: int) -> NDArray[np.uint64]:
    """Split unsigned codes into bit planes and pack each: plane ``b`` has weight 2^b.

    Args:
        codes: (n, d) unsigned integers below 2^bits.
        bits: number of planes, 1 to 16.

    Returns:
        (bits, n, words(d)) uint64 with ``codes == sum(2**b * unpack_bits(planes[b], d))``.

    >>> pack_planes(np.array([[3, 1, 2]]), 2).tolist()
    [[[3]], [[5]]]
    """
    codes = np.asarray(codes).astype(np.int64)
    if codes.size and (codes.min() < 0 or codes.max() >= 1 << bits):
        raise ValueError(f"codes lie in [{codes.min()}, {codes.max()}], outside 0..{(1 << bits) - 1}.")
    return np.stack([pack_bits(plane) for plane in planes_of(codes, bits)])


def planes_of(codes: NDArray[np.int64], bits: int) -> NDArray[np.bool_]:
    """(bits, *shape of codes): plane ``b`` holds bit ``b`` of every code, two's complement if negative.

    >>> planes_of(np.array([2, 3]), 2).astype(int).tolist()
    [[0, 1], [1, 1]]
    """
    return np.stack([(codes >> b) & 1 for b in range(bits)]).astype(np.bool_)


@dataclass(frozen=True)
class Levels:
    """The evenly spaced grid that holds a matrix: entries are ``low + step * digit``.

    Attributes:
        low: smallest entry.
        step: distance of neighbouring levels, at least 1: all entries differ by multiples of it.
        count: levels from the smallest to the largest entry; digits are below it.
    """

    low: int
    step: int
    count: int

    @property
    def bits(self) -> int:
        """Bits of a digit, at least 1: 1 for signs, 2 for trits, k for odd k-bit levels."""
        return max(1, (self.count - 1).bit_length())

    def digits(self, weight: NDArray[Any]) -> NDArray[np.int64]:
        """The digit of each entry."""
        out: NDArray[np.int64] = (np.asarray(weight).astype(np.int64) - self.low) // self.step
        return out


def levels_of(weight: NDArray[Any]) -> Levels:
    """The coarsest grid of an integer matrix; of an empty one, a single level at 0.

    >>> levels_of(np.array([[-1, 1]])), levels_of(np.array([[-3, 3, 1]])).bits
    (Levels(low=-1, step=2, count=2), 2)
    """
    w = np.asarray(weight).astype(np.int64)
    if not w.size:
        return Levels(0, 1, 1)
    low, high = int(w.min()), int(w.max())
    # Wider differences leave 64 bits; such a matrix has no planes worth making.
    step = int(np.gcd.reduce((w - low).ravel())) if high - low < 2**62 else 1
    return Levels(low, max(1, step), (high - low) // max(1, step) + 1)


@dataclass(frozen=True, eq=False)
class BitRows:
    """An integer matrix (m, d) as bit planes.

    Attributes:
        bits: (planes, m, d) bool.
        low: smallest weight.
        step: distance between neighbouring weights of the grid, at least 1.
    """

    bits: NDArray[np.bool_]
    low: int
    step: int


def bit_rows(weight: NDArray[Any]) -> BitRows:
    """Decompose a matrix whose entries differ by less than 2^62; exact.

    >>> one = bit_rows(np.array([[-1, 1, 1]]))
    >>> one.low, one.step, one.bits.astype(int).tolist()
    (-1, 2, [[[0, 1, 1]]])
    """
    levels = levels_of(weight)
    return BitRows(planes_of(levels.digits(weight), levels.bits), levels.low, levels.step)
