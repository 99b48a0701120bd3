"""Identifiers and constants: columns that say nothing about rows not yet seen."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from qcompile.model.schema import Column

__all__ = ["useless"]

# Below this many rows, numbers that differ in every row are no evidence of anything.
FEW_ROWS = 20
NAMED_LIKE_ONE = re.compile(
    r"(.*[_ .-])?(id|ids|uid|uuid|guid|key|index|idx|rownum|row_number|serial)|unnamed: \d+", re.I
)


def useless(column: Column, values: NDArray[np.float64], whole_numbers: bool, identifiers: bool) -> str:
    """Why a column is left out, as the end of a sentence; empty if it is kept.

    It looks at the cells of one feature, never at labels, and applies these rules:

    - all cells missing, or one and the same value in all of them;
    - text of which more than half of the rows have a value of their own;
    - whole numbers, different in every row, that count in equal steps or only rise or fall
      from row to row;
    - whole numbers of which nine in ten differ, in a column named like an identifier.

    Numbers with fractions are never taken for identifiers, however many differ.

    Args:
        column: name and kind.
        values: (n,) cells, NaN where missing.
        whole_numbers: the cells were stored as integers.
        identifiers: whether the last three rules apply.

    >>> useless(Column("n", "numeric"), np.arange(30.0), True, True)
    'counts the rows'
    >>> useless(Column("n", "numeric"), np.arange(30.0), False, True)
    ''
    """
    present = values[~np.isnan(values)]
    if not len(present):
        return "has no value in any row"
    with np.errstate(over="ignore"):
        narrow = present.astype(np.float32)
    if len(present) == len(values) and narrow.min() == narrow.max():
        if present.min() < present.max():
            return "varies by less than float32 can represent (subtract a constant from it to use it)"
        return "has the same value in every row"
    if not identifiers or len(present) < FEW_ROWS:
        return ""
    if column.kind == "categorical":
        return "has a different text in most rows" if 2 * len(column.categories) > len(present) else ""
    if column.kind != "numeric" or not whole_numbers:
        return ""
    different = len(np.unique(present))
    if different == len(present):
        steps = np.diff(np.sort(present))
        if steps.min() == steps.max():
            return "counts the rows"
        in_file = np.diff(present)
        if (in_file > 0).all() or (in_file < 0).all():
            return "is different in every row and only rises or falls"
    if NAMED_LIKE_ONE.fullmatch(column.name.strip()) and different >= 0.9 * len(present):
        return "is named like an identifier and differs in most rows"
    return ""
