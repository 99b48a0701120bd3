"""Decisions that do not hang on the last digits of a sum.

Sums of floats depend on their order: on vector width, BLAS kernel, number of threads. Rounded to
multiples of a power of two that are small enough together, the same numbers are integers in disguise:
every sum and difference of them is exact, so any order gives the same bits, and equal values are equal.
The unit is far above the rounding error of the numbers themselves, so that two machines round alike
(but for entries that happen to lie on the edge between two multiples).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Bits of the sum of all absolute values: 1e-9 of it are one unit, and 2^23 such sums still fit a float64.
EXACT = 30
# Significant bits of a number on which a decision hangs.
KEPT = 32


def dyadic(a: NDArray[Any], bits: int = EXACT) -> NDArray[np.float64]:
    """The nearest multiples of a power of two whose absolute values sum to less than 2^bits of them.

    A sum of products of these with integers that stays below 2^53 units is exact in any order.

    Args:
        a: finite, any shape.
        bits: at most 52.

    >>> dyadic(np.array([0.1, 1.0]), 5).tolist()
    [0.125, 1.0]
    """
    a = np.asarray(a, dtype=np.float64)
    size = float(np.abs(a).sum())
    if not size > 0:
        return np.zeros_like(a)
    shift = bits - 1 - math.frexp(size * (1 + 2.0**-40))[1]  # one bit for what rounding adds
    return np.asarray(np.ldexp(np.rint(np.ldexp(a, shift)), -shift), dtype=np.float64)


def rounded(x: float, bits: int = KEPT) -> float:
    """A number rounded to a given number of significant bits.

    >>> rounded(0.1, 3), rounded(0.0)
    (0.09375, 0.0)
    """
    mantissa, exponent = math.frexp(x)
    return math.ldexp(round(math.ldexp(mantissa, bits)), exponent - bits)


def falling(size: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices in falling order of size; what agrees to 32 bits of the largest keeps its order.

    Args:
        size: (n,) not negative; infinite entries come first.

    >>> falling(np.array([1.0, 2.0, 2.0 + 1e-12, np.inf])).tolist()
    [3, 1, 2, 0]
    """
    most = float(np.max(size, initial=0.0, where=np.isfinite(size)))
    unit = math.ldexp(1.0, math.frexp(most)[1] - KEPT)
    return np.argsort(-np.rint(size / unit) if unit > 0 else -size, kind="stable")
