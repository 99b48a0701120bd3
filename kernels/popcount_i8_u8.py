"""Bit planes of codes and weights, AND and count: every CPU.

The method, its layout and its bounds stand in kernels/subset/popcount.py; weights of any integer grid are
rows of bits (kernels/_bit_rows.py).
"""

from __future__ import annotations

from qcompile.kernels._contract import Dot
from qcompile.kernels._dot import State, fill, spec
from qcompile.kernels._dot import pack as pack_dot
from qcompile.kernels.subset import popcount

__all__ = ["SPEC", "pack", "run"]

SPEC = spec(popcount, "Bit planes; AND and population count of 512 bits.")


def pack(form: Dot, rows: int = 4, isa: str | None = None) -> State:
    """Weights in the layout of ``subset.popcount``, for batches of at least ``rows`` rows at once."""
    return pack_dot(form, popcount, rows, isa)


run = fill
