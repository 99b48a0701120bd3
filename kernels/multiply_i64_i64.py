"""One multiplication per weight: any integers by any integers, the kernel that always serves.

Used for second layers, whose inputs have twenty bits and more: bit planes would cost a popcount
for every pair of weight and input bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels._contract import Dot, Spec
from qcompile.kernels._machine import multiply_rows

__all__ = ["SPEC", "pack", "run"]

SPEC = Spec(
    level="dot",
    weights=("binary", "ternary", "integer"),
    input_bits=tuple(range(1, 9)),
    summary="Rows of int64; multiply and add.",
)


def pack(form: Dot) -> NDArray[np.int64]:
    """The weights, one row after another."""
    return np.ascontiguousarray(form.weight, dtype=np.int64)


def run(state: NDArray[np.int64], x: NDArray[np.uint8], out: NDArray[np.int64]) -> None:
    """Fill out (n, m) with x (n, d) @ weight'."""
    multiply_rows(state, x, out)
