"""Tables shared by 32 rows of codes, an entry for all of them at once: codes of up to 8 bits, in batches.

The method, its layout and its bounds stand in kernels/subset/rows16.py; weights of any integer grid are
rows of bits (kernels/_bit_rows.py).
"""

from __future__ import annotations

from qcompile.kernels._contract import Dot
from qcompile.kernels._dot import State, fill, spec
from qcompile.kernels._dot import pack as pack_dot
from qcompile.kernels.subset import rows16

__all__ = ["SPEC", "pack", "run"]

SPEC = spec(rows16, "Vectors of 32 sixteen-bit subset sums, one load per weight row and group: batches.")


def pack(form: Dot, rows: int = 32, isa: str | None = None) -> State:
    """Weights in the layout of ``subset.rows16``, for batches of at least ``rows`` rows at once."""
    return pack_dot(form, rows16, rows, isa)


run = fill
