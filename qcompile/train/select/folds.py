"""The folds of validation: which training rows fit a network and which ones score it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.data.split import few_copies, first_copies
from qcompile.data.table import Table

# A first look reads at most so many rows; what leads there is judged on more.
FIRST, MOST = 1500, 6000
# Few rows make noisy folds, and fit in no time: their folds are repeated.
FEW, REPEATS = 400, 3


@dataclass(frozen=True, eq=False)
class Folds:
    """Pairs of tables: rows to fit, and the rows that score the fit.

    Attributes:
        parts: the pairs; the tables are made once, so that what is known of one is kept.
        repeats: how often every row is held out.
    """

    parts: tuple[tuple[Table, Table], ...]
    repeats: int = 1

    def error(self, scores: NDArray[np.float64]) -> float:
        """Standard error of the mean over folds; repeated folds share their rows, so they count once."""
        independent = max(1, len(scores) // self.repeats)
        return float(scores.std(ddof=1) / np.sqrt(independent)) if len(scores) > 1 else 0.0

    def paired_error(self, differences: NDArray[np.float64]) -> float:
        """Standard error of a mean difference of two candidates on the same folds, for rows yet unseen.

        Fits that share most of their rows do not vary independently: the variance counts
        1 / J + n_held / n_fitted times, not 1 / J. Source: [NB03].
        """
        if len(differences) < 2:
            return float("inf")
        fitted, held = self.parts[0]
        return float(differences.std(ddof=1) * np.sqrt(1 / len(differences) + len(held) / len(fitted)))


def folds_of(table: Table, seed: int, most: int = FIRST) -> Folds:
    """Seeded folds over at most ``most`` rows, stratified for classes; none if a fold would be too small.

    Args:
        table: training rows.
        seed: of the choice of rows and of the folds.
        most: rows that take part.

    Returns:
        folds of which every class is among the rows to fit.

    >>> from qcompile.model.schema import Column, Schema
    >>> schema = Schema((Column("a", "numeric"),), "y", "classification", ("no", "yes"))
    >>> folds = folds_of(Table(np.zeros((600, 1)), np.arange(600) % 2, schema, "doc"), 0)
    >>> len(folds.parts), [len(part) for part in folds.parts[0]]
    (5, [480, 120])
    """
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold, train_test_split

    y, task = table.y, table.schema.task
    rows = np.arange(len(y))
    smallest = int(np.bincount(y).min()) if task == "classification" else len(y)
    if len(rows) > most:
        strata = y if task == "classification" and smallest >= 2 else None
        rows, _ = train_test_split(rows, train_size=most, random_state=seed, stratify=strata)
        rows = np.sort(rows)
        smallest = int(np.bincount(y[rows]).min()) if task == "classification" else len(rows)
    count = min(5 if len(rows) <= 1000 else 3, len(rows) // 4)
    if count < 2:
        return Folds(())
    repeats = REPEATS if len(rows) <= FEW else 1
    if task == "classification" and smallest >= count:
        splitter = RepeatedStratifiedKFold(n_splits=count, n_repeats=repeats, random_state=seed)
    else:
        splitter = RepeatedKFold(n_splits=count, n_repeats=repeats, random_state=seed)
    pairs = [(rows[a], rows[b]) for a, b in splitter.split(rows, y[rows])]
    if task == "classification":  # a fold whose training rows miss a class cannot be fitted
        pairs = [(a, b) for a, b in pairs if len(np.unique(y[a])) == len(np.unique(y))]
    first = first_copies(table)
    if few_copies(first):  # a held row that is equal to a fitted one would score memory
        pairs = [(a, b[~np.isin(first[b], first[a])]) for a, b in pairs]
        pairs = [(a, b) for a, b in pairs if len(b) > 1]
    return Folds(tuple((table.rows(a), table.rows(b)) for a, b in pairs), repeats)
