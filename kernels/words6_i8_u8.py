"""Six weights per lookup in 64-word tables, codes of up to 8 bits: AVX-512.

The method, its layout and its bounds stand in kernels/subset/words6.py; weights of any integer grid are
rows of bits (kernels/_bit_rows.py).
"""

from __future__ import annotations

from qcompile.kernels._contract import Dot
from qcompile.kernels._dot import State, fill, spec
from qcompile.kernels._dot import pack as pack_dot
from qcompile.kernels.subset import words6

__all__ = ["SPEC", "pack", "run"]

SPEC = spec(words6, "64-word tables of six weights, 32 rows per lookup.")


def pack(form: Dot, rows: int = 4, isa: str | None = None) -> State:
    """Weights in the layout of ``subset.words6``, for batches of at least ``rows`` rows at once."""
    return pack_dot(form, words6, rows, isa)


run = fill
