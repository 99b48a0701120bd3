"""Assemble: from the codes of single features to a whole Encoder.

Encoders differ only in how they code a number. What is the same for all stands here:

    numeric      the encoder's own codes of its training values
    boolean      one GREATER at 1/2
    categorical  one EQUAL per category of the training rows (one in all if there are two)
    missing      one MISSING more for a column with missing cells in the training rows
    always       ``constants`` equal CONSTANTs, last

More than one constant makes linear terms cheap beside products: (u'x)(v'x) with r constants
has r times the linear part at the same alpha. Where a linear model is nearly right this gains
a point of accuracy (breast cancer, diabetes); where products matter it loses one (sonar).

Everything is computed from the rows that are given, which must be training rows only:
fill values (median, or most frequent value), ranges, thresholds and the categories.
The categories of the schema come from all rows, but merely name the index in a cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.data.table import Table
from qcompile.errors import DataError
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model.schema import Column

MAX_CATEGORIES = 64  # one-hot columns of one feature: the most frequent; the others code as none of them


@dataclass(frozen=True)
class Code:
    """One output column: see ``qcompile.model.encoder`` for what the kinds compute."""

    kind: ColumnKind
    feature: int
    shift: float = 0.0
    gain: float = 1.0


def greater(feature: int, thresholds: Iterable[float]) -> list[Code]:
    """One GREATER per threshold."""
    return [Code(ColumnKind.GREATER, feature, float(t)) for t in thresholds]


def assemble(
    name: str,
    bits: int,
    table: Table,
    numeric: Callable[[int, NDArray[np.float32]], list[Code]],
    constants: int = 1,
) -> Encoder:
    """Fit an encoder on training rows.

    A feature that is constant in these rows gets no code.

    Args:
        name: of the encoder.
        bits: width of its codes.
        table: training rows, NaN where a cell is missing.
        numeric: (feature index, (k,) its present, filled training values) -> codes;
            called only for numeric columns with at least two different values.
        constants: copies of the constant, 1 to 64.

    Returns:
        The encoder; its columns are sorted by kind, within a kind by feature.

    Raises:
        DataError: no rows, a wrong number of constants, or an infinite cell.
    """
    fill = fill_values(table)
    codes: list[Code] = []
    for f, column in enumerate(table.schema.columns):
        missing = np.isnan(table.x[:, f])
        present = table.x[~missing, f]
        if 0 < missing.sum() < len(missing):
            codes.append(Code(ColumnKind.MISSING, f))
        if len(present) and present.min() < present.max():
            codes += _codes(f, column, present, numeric)
    return encoder_of(name, bits, codes, fill, constants)


def fill_values(table: Table) -> NDArray[np.float32]:
    """(f,) what stands in for a missing cell: the lower median, or the most frequent value.

    Raises:
        DataError: no rows, or an infinite cell.
    """
    if len(table) == 0:
        raise DataError("there are no training rows to fit an encoder on; give at least one.")
    fill = np.zeros(len(table.schema.columns), dtype=np.float32)
    for f, column in enumerate(table.schema.columns):
        present = table.x[~np.isnan(table.x[:, f]), f]
        if np.isinf(present).any():
            raise DataError(
                f"column {column.name!r} holds an infinite number; replace it or leave the cell empty."
            )
        if len(present):
            fill[f] = _middle(present) if column.kind == "numeric" else _most_frequent(present)
    return fill


def encoder_of(
    name: str, bits: int, codes: Iterable[Code], fill: NDArray[np.float32], constants: int
) -> Encoder:
    """An encoder of these codes, sorted by kind, and the constants.

    Raises:
        DataError: a wrong number of constants.
    """
    if not 1 <= constants <= 64:
        raise DataError(f"constants is {constants}, but an encoder has 1 to 64 copies of the constant.")
    codes = [*codes, *[Code(ColumnKind.CONSTANT, 0)] * constants]
    codes.sort(key=lambda c: int(c.kind))  # stable: features keep their order within a kind
    return Encoder(
        name,
        bits,
        np.array([int(c.kind) for c in codes], dtype=np.uint8),
        np.array([c.feature for c in codes], dtype=np.int32),
        np.array([c.shift for c in codes], dtype=np.float32),
        np.array([c.gain for c in codes], dtype=np.float32),
        fill,
    )


def _codes(
    f: int,
    column: Column,
    present: NDArray[np.float32],
    numeric: Callable[[int, NDArray[np.float32]], list[Code]],
) -> list[Code]:
    if column.kind == "numeric":
        return numeric(f, present)
    if column.kind == "boolean":
        return greater(f, [0.5])
    seen, counts = np.unique(present, return_counts=True)
    if len(seen) == 2:
        return [Code(ColumnKind.EQUAL, f, float(seen[1]))]
    most = np.sort(np.argsort(-counts, kind="stable")[:MAX_CATEGORIES])
    return [Code(ColumnKind.EQUAL, f, float(seen[i])) for i in most]


def _middle(present: NDArray[np.float32]) -> np.float32:
    """The lower median: a value that occurs, so that no rounding or overflow is involved."""
    return np.float32(np.partition(present, (len(present) - 1) // 2)[(len(present) - 1) // 2])


def _most_frequent(present: NDArray[np.float32]) -> np.float32:
    seen, counts = np.unique(present, return_counts=True)
    return np.float32(seen[np.argmax(counts)])
