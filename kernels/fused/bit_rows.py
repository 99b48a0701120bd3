"""Integer weights as rows of bits: the one product that every fast kernel computes.

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

__all__ = ["BitRows", "bit_rows", "subset_sums"]


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
    """Decompose a matrix; exact for every integer matrix.

    >>> one = bit_rows(np.array([[-1, 1, 1]]))
    >>> one.low, one.step, one.bits.astype(int).tolist()
    (-1, 2, [[[0, 1, 1]]])
    """
    w = np.asarray(weight).astype(np.int64)
    low = int(w.min(initial=0)) if w.size == 0 else int(w.min())
    above = w - low
    step = int(np.gcd.reduce(above, axis=None)) or 1
    digits = above // step
    planes = max(1, int(digits.max(initial=0)).bit_length())
    bits = np.stack([(digits >> b) & 1 for b in range(planes)]).astype(bool)
    return BitRows(bits, low, step)


def subset_sums(bits: NDArray[np.bool_], codes: NDArray[Any]) -> NDArray[np.int64]:
    """(n, rows) sums of the codes where a row's bit is 1: the definition.

    >>> subset_sums(np.array([[True, False, True]]), np.array([[5, 6, 7]])).tolist()
    [[12]]
    """
    out: NDArray[np.int64] = np.asarray(codes).astype(np.int64) @ bits.T.astype(np.int64)
    return out
