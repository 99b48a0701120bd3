"""Splits: the comparisons that boosted trees of depth two gain most by, one bit each.

Quantiles of a column cut where rows are many; these bits cut where the target changes, and a column
that says nothing gets none. The network then needs few of them: trees that compare at most two
columns are sums of products of such bits, which is what a neuron computes.

The bits are chosen from the targets, so validation must choose them inside each fold.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from qcompile.data.assemble import Code, encoder_of, fill_values, greater
from qcompile.data.dataset import targets
from qcompile.data.encode._boost import boost
from qcompile.data.encode._cuts import cuts
from qcompile.data.table import Table
from qcompile.errors import DataError
from qcompile.model.encoder import ColumnKind, Encoder

TREES = 150  # over all score columns, at least FEWEST each
FEWEST, MANY = 40, 600  # of many score columns each has fewer
CUTS = 255  # thresholds of a column that compete
ROWS, CELLS = 8000, 4_000_000  # boosting reads at most so many rows, and rows times columns

# Prefixes are nested: one order of a table's comparisons serves every count.
_orders: WeakKeyDictionary[Table, tuple[Code, ...]] = WeakKeyDictionary()


def fit(table: Table, count: int = 50, constants: int = 1) -> Encoder:
    """Fit on training rows.

    Args:
        table: training rows.
        count: comparisons, 1 to 400; fewer where the trees make fewer.
        constants: copies of the constant, see ``assemble``.

    Returns:
        An encoder of 1-bit codes.

    Raises:
        DataError: count outside 1..400, or see ``assemble``.

    >>> from qcompile.model.schema import Column, Schema
    >>> schema = Schema((Column("a", "numeric"), Column("b", "numeric")), "y", "regression")
    >>> x = np.random.default_rng(0).standard_normal((200, 2))
    >>> encoder = fit(Table(x, x[:, 1] > 0.3, schema, "doc"), count=1)
    >>> int(encoder.feature[0]), bool(abs(encoder.shift[0] - 0.3) < 0.02)
    (1, True)
    """
    if not 1 <= count <= 400:
        raise DataError(f"count is {count}, but the splits encoder makes 1 to 400 comparisons.")
    order = _orders.get(table)
    if order is None:
        order = _orders[table] = _order(table)
    codes = sorted(order[:count], key=lambda c: (c.kind, c.feature, c.shift))
    return encoder_of("splits", 1, codes, fill_values(table), constants)


def _order(table: Table) -> tuple[Code, ...]:
    """Every comparison of the trees, the most useful first."""
    rows = np.arange(len(table))
    most = min(ROWS, max(500, CELLS // max(1, 2 * table.x.shape[1])))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(0).choice(len(rows), most, replace=False))
    bins, ordered, codes = _columns(table)
    if not codes:
        return ()
    wanted = targets(table)[rows]
    logistic = table.schema.task == "classification"
    trees = max(min(FEWEST, MANY // wanted.shape[1]), TREES // wanted.shape[1], 1)
    total: dict[tuple[int, int], float] = {}
    for y in wanted.T:
        gains = boost(bins[rows], ordered, y, trees, logistic=logistic)
        share = 1 / max(sum(gains.values()), 1e-300)
        for key, gain in gains.items():
            total[key] = total.get(key, 0.0) + gain * share
    best = sorted(total, key=lambda key: (-round(total[key], 9), key))
    return tuple(codes[column][at] for column, at in best)


def _columns(table: Table) -> tuple[NDArray[np.intp], NDArray[np.bool_], list[list[Code]]]:
    """Columns of bins, whether they are ordered, and the code of each comparison of a bin."""
    fill, bins, ordered, codes = fill_values(table), [], [], []
    for f, column in enumerate(table.schema.columns):
        missing = np.isnan(table.x[:, f])
        value = np.where(missing, fill[f], table.x[:, f])
        if column.kind == "categorical":
            seen, at = np.unique(value, return_inverse=True)
            made = [Code(ColumnKind.EQUAL, f, float(v)) for v in seen]
        else:
            at_ = [0.5] if column.kind == "boolean" else cuts(value, CUTS)
            at = np.searchsorted(np.asarray(at_, dtype=np.float32), value, side="left")
            made = greater(f, at_)
        if len(np.unique(at)) > 1:
            bins.append(at)
            ordered.append(column.kind != "categorical")
            codes.append(made)
        if 0 < missing.sum() < len(missing):
            bins.append(missing)
            ordered.append(True)
            codes.append([Code(ColumnKind.MISSING, f)])
    if not bins:
        return np.empty((len(table), 0), dtype=np.intp), np.empty(0, dtype=bool), []
    return np.column_stack(bins).astype(np.intp), np.array(ordered), codes
