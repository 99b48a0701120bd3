"""Split: which rows are for training and which only for the final test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.data.table import Table
from qcompile.errors import DataError

__all__ = ["split"]


def split(table: Table, fraction: float = 0.25, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row indices for training and for testing, disjoint, sorted, together all rows.

    In classification every class is divided by the same fraction, rounded so that each class
    has a row on either side and the total is within one row per class of the request.
    A source with its own test rows (``table.held_out``) is split there instead.

    Args:
        table: the rows.
        fraction: of the rows, for testing; strictly between 0 and 1.
        seed: equal seeds give equal splits.

    Returns:
        (train, test), int64 indices.

    Raises:
        DataError: the fraction is not in (0, 1), or there is no row for one of the sides.

    >>> from qcompile.model.schema import Column, Schema
    >>> s = Schema((Column("a", "numeric"),), "y", "classification", ("no", "yes"))
    >>> t = Table(np.zeros((8, 1), np.float32), np.array([0, 0, 0, 0, 0, 0, 1, 1]), s, "doc")
    >>> train, test = split(t)
    >>> t.y[test].tolist()
    [0, 0, 1]
    """
    n = len(table)
    if not 0.0 < fraction < 1.0:
        raise DataError(
            f"the fraction of test rows is {fraction:g}, but must lie between 0 and 1, e.g. 0.25."
        )
    if 0 < table.held_out < n:
        cut = n - table.held_out
        return np.arange(cut, dtype=np.int64), np.arange(cut, n, dtype=np.int64)
    if n < 2:
        raise DataError(f"{table.source} has {n} usable row; a split needs at least two.")
    rng = np.random.default_rng(seed)
    if table.schema.task == "classification":
        groups = [np.flatnonzero(table.y == c) for c in range(len(table.schema.classes))]
    else:
        groups = [np.arange(n)]
    tests = [rng.permutation(rows)[: _share(len(rows), fraction)] for rows in groups]
    chosen = np.zeros(n, dtype=bool)
    chosen[np.concatenate(tests)] = True
    if chosen.all() or not chosen.any():
        raise DataError(f"{table.source} has too few rows per class to put any aside for testing.")
    return np.flatnonzero(~chosen).astype(np.int64), np.flatnonzero(chosen).astype(np.int64)


def _share(rows: int, fraction: float) -> int:
    """Test rows of one class: at least one and not all, but none of a class of one row."""
    if rows < 2:
        return 0
    return min(rows - 1, max(1, round(rows * fraction)))
