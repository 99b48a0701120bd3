"""Four weights per lookup in 64-byte tables of four groups, codes of up to 4 bits: AVX-512.

The method, its layout and its bounds stand in kernels/subset/fours4.py; weights of any integer grid are
rows of bits (kernels/_bit_rows.py).
"""

from __future__ import annotations

from qcompile.kernels._contract import Dot
from qcompile.kernels._dot import State, fill, spec
from qcompile.kernels._dot import pack as pack_dot
from qcompile.kernels.subset import fours4

__all__ = ["SPEC", "pack", "run"]

SPEC = spec(fours4, "64-byte tables of four weights in four groups, 16 rows per lookup.")


def pack(form: Dot, rows: int = 4, isa: str | None = None) -> State:
    """Weights in the layout of ``subset.fours4``, for batches of at least ``rows`` rows at once."""
    return pack_dot(form, fours4, rows, isa)


run = fill
