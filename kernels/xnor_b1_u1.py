"""XNOR-popcount dot product: signs by one-bit codes.

A code c stands for the sign s = 2c - 1. With both packed as bits (1 where negative),
w's = d - 2 popcount(W ^ S), and w'c = (w's + sum w) / 2 is what the IR asks for. One XOR and one
popcount per 64 weights, and no sum of the codes: the classic kernel of binary networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from qcompile.kernels._contract import Dot, Spec
from qcompile.kernels._plane_layout import padded
from qcompile.kernels._popcount import popcount
from qcompile.model.bits import pack_signs

__all__ = ["SPEC", "State", "pack", "run"]

SPEC = Spec(
    level="dot",
    weights=("binary",),
    input_bits=(1,),
    summary="Signs [word][neuron]; XOR and popcount, lanes are neurons.",
)


@dataclass(frozen=True, eq=False)
class State:
    """Packed signs (words, padded m), and half of d + sum w per neuron."""

    words: NDArray[np.uint64]
    start: NDArray[np.int64]
    d: int


def pack(form: Dot) -> State:
    """Signs as bits.

    Raises:
        ValueError: a weight is not -1 or +1, or the codes have more than one bit.
    """
    if form.bits != 1:
        raise ValueError(f"xnor_b1_u1 reads one-bit codes, not {form.bits}-bit ones; use planes_i8_u8.")
    m, d = form.weight.shape
    signs = pack_signs(form.weight.astype(np.int8))
    words = np.zeros((signs.shape[1], padded(m)), dtype=np.uint64)
    words[:, :m] = signs.T
    start = np.zeros(padded(m), dtype=np.int64)
    start[:m] = (d + form.weight.sum(axis=1)) // 2
    return State(words, start, d)


def run(state: State, x: NDArray[np.uint8], out: NDArray[np.int64]) -> None:
    """Fill out (n, m) with x (n, d) @ weight'."""
    _run(state.words, state.start, x, out)


@numba.njit(cache=True)
def _run(words, start, x, out):  # type: ignore[no-untyped-def]
    count, lanes = words.shape
    n, d = x.shape
    sums = np.empty(lanes, dtype=np.int64)
    for r in range(n):
        sums[:] = start
        for k in range(count):
            negative = np.uint64(0)
            for i in range(min(64, d - 64 * k)):
                negative |= np.uint64(x[r, 64 * k + i] ^ 1) << np.uint64(i)
            row = words[k]
            for j in range(lanes):
                sums[j] -= popcount(row[j] ^ negative)
        out[r] = sums[: out.shape[1]]
