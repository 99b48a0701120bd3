"""Finite float32 numbers in order, as integers: 0 is 0.0, 1 the smallest positive number, -1 its negative.

The order makes exact thresholds a search over integers, and lets a core without a float unit compare
floats (``qc_float_key`` in kernels/c/qc_float_key.h is the same map).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

INFINITE = 0x7F800000  # of +inf; of -inf it is the negative
HIGHEST = INFINITE - 1
LOWEST = -HIGHEST
SIGN = 0x80000000


def float_of(keys: NDArray[Any]) -> NDArray[np.float32]:
    """The float32 number at each place of the order.

    >>> float_of(np.array([0, 0x3F800000, -0x40000000, 1])).tolist()
    [0.0, 1.0, -2.0, 1.401298464324817e-45]
    """
    magnitude = np.abs(keys).astype(np.uint32)
    bits = np.where(keys < 0, magnitude | np.uint32(SIGN), magnitude).astype(np.uint32)
    return np.asarray(bits.view(np.float32))


def key_of(values: NDArray[Any]) -> NDArray[np.int64]:
    """Inverse of ``float_of``; both zeros have the key 0.

    >>> key_of(np.array([-1.0, -0.0, 0.0, 1e-45], dtype=np.float32)).tolist()
    [-1065353216, 0, 0, 1]
    """
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32).astype(np.int64)
    return np.where(bits >= SIGN, -(bits - SIGN), bits)
