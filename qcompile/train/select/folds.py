"""The folds of validation: which training rows fit a network and which ones score it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.data.table import Table

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]  # indices of the rows to fit, and of those held out

ROWS = 1500  # validation networks are trained on at most this many rows
# Few rows make noisy folds, and fit in no time: their folds are repeated.
FEW, REPEATS = 400, 3


def folds_of(table: Table, seed: int) -> list[Fold]:
    """Seeded folds over at most ROWS rows, stratified for classes; empty if a fold would be too small.

    Args:
        table: training rows.
        seed: of the choice of rows and of the folds.

    Returns:
        folds of which every class is among the rows to fit.

    >>> from qcompile.model.schema import Column, Schema
    >>> schema = Schema((Column("a", "numeric"),), "y", "classification", ("no", "yes"))
    >>> pairs = folds_of(Table(np.zeros((600, 1)), np.arange(600) % 2, schema, "doc"), 0)
    >>> len(pairs), [len(part) for part in pairs[0]]
    (5, [480, 120])
    """
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold, train_test_split

    y, task = table.y, table.schema.task
    rows = np.arange(len(y))
    smallest = int(np.bincount(y).min()) if task == "classification" else len(y)
    if len(rows) > ROWS:
        strata = y if task == "classification" and smallest >= 2 else None
        rows, _ = train_test_split(rows, train_size=ROWS, random_state=seed, stratify=strata)
        rows = np.sort(rows)
        smallest = int(np.bincount(y[rows]).min()) if task == "classification" else len(rows)
    count = min(5 if len(rows) <= 1000 else 3, len(rows) // 4)
    if count < 2:
        return []
    repeats = REPEATS if len(rows) <= FEW else 1
    if task == "classification" and smallest >= count:
        splitter = RepeatedStratifiedKFold(n_splits=count, n_repeats=repeats, random_state=seed)
    else:
        splitter = RepeatedKFold(n_splits=count, n_repeats=repeats, random_state=seed)
    pairs = [(rows[a], rows[b]) for a, b in splitter.split(rows, y[rows])]
    if task == "classification":  # a fold whose training rows miss a class cannot be fitted
        pairs = [(a, b) for a, b in pairs if len(np.unique(y[a])) == len(np.unique(y))]
    return pairs


def standard_error(scores: NDArray[np.float64], rows: int) -> float:
    """Standard error of the mean over folds; repeated folds share their rows, so they count once."""
    independent = max(1, len(scores) // (REPEATS if rows <= FEW else 1))
    return float(scores.std(ddof=1) / np.sqrt(independent)) if len(scores) > 1 else 0.0
