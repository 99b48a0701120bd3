"""Split: which rows are for training and which only for the final test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.table import Table
from qcompile.errors import DataError

# Ways to treat rows that are equal in every cell and in the label.
TOGETHER, ROWS = "together", "rows"
# Where more than this share of the rows are copies, rows are combinations of few values, not records.
MOST_COPIES = 0.5

FACTOR = np.uint64(0x9E3779B97F4A7C15)  # of the key of a row; any odd number serves

Parts = tuple[NDArray[np.int64], NDArray[np.int64]]


def split(table: Table, fraction: float = 0.25, seed: int = 0, how: str = ROWS) -> Parts:
    """Row indices for training and for testing, disjoint, sorted, together all rows.

    In classification every class is divided by the same fraction, rounded so that each class
    has a row on either side and the total is within one row per class of the request.
    A source with its own test rows (``table.held_out``) is split there instead.

    Args:
        table: the rows.
        fraction: of the rows, for testing; strictly between 0 and 1.
        seed: equal seeds give equal splits.
        how: "together" keeps copies of a row on one side, that of the first of them, unless more than
            half of all rows are copies; "rows" divides them like others, so that a model is tested
            on rows it was trained on.

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
    if how == TOGETHER:
        chosen = _gathered(table, chosen)
    if chosen.all() or not chosen.any():
        raise DataError(f"{table.source} has too few rows per class to put any aside for testing.")
    return np.flatnonzero(~chosen).astype(np.int64), np.flatnonzero(chosen).astype(np.int64)


def split_again(table: Table, facts: Mapping[str, Any]) -> Parts:
    """The split of a stored network, from its provenance; one that does not say how divided rows."""
    return split(table, float(facts["test_fraction"]), int(facts["seed"]), str(facts.get("split", ROWS)))


def first_copies(table: Table) -> NDArray[np.intp]:
    """(n,) index of the first row that is equal in every cell and in the label; missing cells are equal.

    >>> from qcompile.model.schema import Column, Schema
    >>> s = Schema((Column("a", "numeric"),), "y", "regression")
    >>> first_copies(Table([[1.0], [2.0], [1.0], [1.0]], [5.0, 5.0, 5.0, 6.0], s, "doc")).tolist()
    [0, 1, 0, 3]
    """
    x = np.where(np.isnan(table.x), np.float32(np.nan), table.x + np.float32(0.0))  # one NaN, one zero
    words = [*x.T.copy().view(np.uint32), table.y.astype(np.float64).view(np.uint64)]
    key = np.zeros(len(table), dtype=np.uint64)
    for word in words:
        key = key * FACTOR + word  # modulo 2^64
    first = _first(key)
    if all((word == word[first]).all() for word in words):
        return first
    # Two different rows have one key: sort whole rows, which takes ten times as long.
    return _first(np.array(list(zip(*words, strict=True)), dtype=[("", w.dtype) for w in words]))


def _first(keys: NDArray[Any]) -> NDArray[np.intp]:
    """Index of the first equal key."""
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return first[group.ravel()]


def few_copies(first: NDArray[np.intp]) -> bool:
    """Whether the copies are records that occur twice, not rows that combine few values.

    Args:
        first: from ``first_copies``.
    """
    return bool((first != np.arange(len(first))).mean() <= MOST_COPIES)


def copies_sentence(table: Table, parts: Parts, how: str) -> str:
    """What the test score owes to copies of rows, and what was done about it; empty without copies."""
    first = first_copies(table)
    count = int((first != np.arange(len(table))).sum())
    if not count or table.held_out:
        return ""
    said = f"{count:,} of {len(table):,} rows are copies of other rows"
    train, test = parts
    seen = int(np.isin(first[test], first[train]).sum())
    if not seen:
        return f"{said}; all copies of a row are on one side of the split (--split rows divides them)."
    told = f"{said}, and {seen:,} of {len(test):,} test rows are equal to training rows"
    if how == TOGETHER:
        return f"{told}: too many to keep them on one side, so the test score is that of known rows, too."
    return f"{told}, which flatters every model; --split together keeps copies on one side."


def _gathered(table: Table, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every copy on the side of the first one; a class keeps at least one training row."""
    first = first_copies(table)
    if not few_copies(first):
        return chosen
    moved = chosen[first]
    if table.schema.task == "classification":
        for c in range(len(table.schema.classes)):
            rows = table.y == c
            if rows.any() and moved[rows].all():
                moved[rows] = chosen[rows]
    return moved


def _share(rows: int, fraction: float) -> int:
    """Test rows of one class: at least one and not all, but none of a class of one row."""
    if rows < 2:
        return 0
    return min(rows - 1, max(1, round(rows * fraction)))
