"""The one bit layout: signs in 64-bit words, integers as bit planes.

Element ``j`` of a row sits in bit ``j % 64`` of word ``j // 64``. Padding bits
are 0 in every row, so that they cancel in an xor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["pack_bits", "pack_planes", "pack_signs", "unpack_bits", "unpack_signs", "words"]

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
    return np.stack([pack_bits((codes >> b) & 1) for b in range(bits)])
