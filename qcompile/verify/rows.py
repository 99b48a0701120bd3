"""Rows for comparing a compiled form with its program; the passes use the same ones.

    seeded_rows(program, n, seed)    at and next to every threshold, NaN, infinities, the rest uniform
    worst_case_rows(program)         driven to the extremes of products and scores, through the encoder

They live on the floor of the IR because the pass pipeline checks itself with them.
"""

from __future__ import annotations

from qcompile.ir.probe import seeded_rows, worst_case_rows

__all__ = ["seeded_rows", "worst_case_rows"]
