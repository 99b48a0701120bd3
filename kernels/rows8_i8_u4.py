"""Tables of bytes shared by 64 rows of codes of up to 4 bits: batches.

The method, its layout and its bounds stand in kernels/subset/rows8.py; weights of any integer grid are
rows of bits (kernels/_bit_rows.py).
"""

from __future__ import annotations

from qcompile.kernels._contract import Dot
from qcompile.kernels._dot import State, fill, spec
from qcompile.kernels._dot import pack as pack_dot
from qcompile.kernels.subset import rows8

__all__ = ["SPEC", "pack", "run"]

SPEC = spec(rows8, "Vectors of 64 subset sums in bytes, one load per weight row and group: batches.")


def pack(form: Dot, rows: int = 64, isa: str | None = None) -> State:
    """Weights in the layout of ``subset.rows8``, for batches of at least ``rows`` rows at once."""
    return pack_dot(form, rows8, rows, isa)


run = fill
