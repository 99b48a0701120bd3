"""Bit-serial dot product: small integer weights by unsigned codes, popcounts of plane pairs.

    w_ji = least + step * sum_p 2^p W_p,ji          a_i = sum_b 2^b A_b,i
    (w a)_j = least * sum_i a_i + step * sum_pb 2^(p+b) popcount(W_p,j & A_b)

One plane pair costs one AND and one popcount per 64 weights, so the cost is planes(w) * planes(a).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels._contract import Dot, Spec
from qcompile.kernels._machine import plane_rows
from qcompile.kernels._plane_layout import pack_weights

__all__ = ["SPEC", "State", "pack", "run"]

SPEC = Spec(
    level="dot",
    weights=("binary", "ternary", "integer"),
    input_bits=tuple(range(1, 9)),
    summary="Bit planes [plane][word][neuron]; AND and popcount of every pair of planes.",
)


@dataclass(frozen=True, eq=False)
class State:
    """Weights in planes and what undoes the decomposition."""

    words: NDArray[np.uint64]
    least: int
    step: int
    bits: int


def pack(form: Dot) -> State:
    """Planes of the weights."""
    words, least, step = pack_weights(form.weight)
    return State(words, least, step, form.bits)


def run(state: State, x: NDArray[np.uint8], out: NDArray[np.int64]) -> None:
    """Fill out (n, m) with x (n, d) @ weight'."""
    plane_rows(state.words, state.least, state.step, state.bits, x, out)
