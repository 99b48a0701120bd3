"""Integer weight matrices as weighted sums of binary matrices, and their packed layouts.

signs:  W = sum_k 2^k R_k,     R_k in {-1, +1}      binary and odd k-bit weights; bit 1 is -1
masks:  W = sum_k c_k P_k,     P_k in { 0,  1}      ternary (c = +1, -1) and any small integers
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.bits import planes_of


@dataclass(frozen=True, eq=False)
class Planes:
    """``mode`` is "signs" or "masks"; ``bits`` is (planes, m, d) uint8 of 0 and 1."""

    mode: str
    factors: tuple[int, ...]
    bits: NDArray[np.uint8]


def decompose(weight: NDArray[np.int64]) -> Planes:
    """The fewest planes of the two forms.

    >>> p = decompose(np.array([[1, -1, 0]]))
    >>> p.mode, p.factors, p.bits.tolist()
    ('masks', (1, -1), [[[1, 0, 0]], [[0, 1, 0]]])
    """
    top = int(np.abs(weight).max(initial=0))
    if weight.size and (weight % 2 != 0).all():
        # Odd w in -(2^k - 1) .. 2^k - 1: (w + 2^k - 1) / 2 has k bits, bit b set where R_b = +1.
        k = top.bit_length()
        shifted = (weight + (1 << k) - 1) // 2
        bits = ~planes_of(shifted, k)
        return Planes("signs", tuple(1 << b for b in range(k)), bits.astype(np.uint8))
    if top <= 1:
        return Planes("masks", (1, -1), np.stack([weight == 1, weight == -1]).astype(np.uint8))
    k = max(int(weight.max()).bit_length(), int(-weight.min() - 1).bit_length() if weight.min() < 0 else 0)
    bits = planes_of(weight, k + 1)  # two's complement: the last plane counts -2^k
    return Planes("masks", (*(1 << b for b in range(k)), -(1 << k)), bits.astype(np.uint8))


def rebuild(planes: Planes) -> NDArray[np.int64]:
    """Inverse of ``decompose``."""
    bits = planes.bits.astype(np.int64)
    matrices = 1 - 2 * bits if planes.mode == "signs" else bits
    return np.tensordot(np.array(planes.factors, dtype=np.int64), matrices, axes=1)


def packed_words(planes: Planes, word_bits: int) -> NDArray[Any]:
    """(m, planes, words) unsigned words, element i in bit i % word_bits; a row's planes together."""
    k, m, d = planes.bits.shape
    words = -(-d // word_bits)
    padded = np.zeros((k, m, words * word_bits), dtype=np.uint8)
    padded[:, :, :d] = planes.bits
    raw = np.packbits(padded, axis=2, bitorder="little").view(f"<u{word_bits // 8}")
    return np.ascontiguousarray(raw.transpose(1, 0, 2))


def packed_bytes(planes: Planes) -> NDArray[np.uint8]:
    """(planes, chunks, m, 4) bytes: chunks of 32 inputs, four weight bytes of a row together."""
    k, m, d = planes.bits.shape
    chunks = -(-d // 32)
    padded = np.zeros((k, m, chunks * 32), dtype=np.uint8)
    padded[:, :, :d] = planes.bits
    raw = np.packbits(padded, axis=2, bitorder="little").reshape(k, m, chunks, 4)
    return np.ascontiguousarray(raw.transpose(0, 2, 1, 3))
