"""The layout of the plain kernels: weights as bit planes [plane][word][neuron].

Neurons are the lanes of the inner loop, padded to full vectors, so that popcounts are added lane by
lane: no horizontal sums, and LLVM uses the widest popcount that the CPU has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.model.bits import bit_rows

LANES = 8


def padded(m: int) -> int:
    """Neurons rounded up to full vectors."""
    return -(-m // LANES) * LANES


def pack_weights(weight: NDArray[np.int64]) -> tuple[NDArray[np.uint64], int, int]:
    """Weights (m, d) as (planes, words, padded m) uint64 with least weight and step.

    >>> words, least, step = pack_weights(np.array([[1, -1, 1]]))
    >>> words[0, 0].tolist(), least, step
    ([5, 0, 0, 0, 0, 0, 0, 0], -1, 2)
    """
    rows = bit_rows(weight)
    planes, m, d = rows.bits.shape
    words = -(-d // 64)
    full = np.zeros((planes, padded(m), words * 64), dtype=np.uint8)
    full[:, :m, :d] = rows.bits
    packed = np.packbits(full, axis=2, bitorder="little").view("<u8").astype(np.uint64)
    return np.ascontiguousarray(packed.transpose(0, 2, 1)), rows.low, rows.step
