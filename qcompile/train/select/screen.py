"""The raw columns of a wide table that are worth encoding.

A fit costs d^2 to d^3 in the encoded inputs d, and a table of thousands of columns and few hundred rows
cannot say which of so many products matter. What is left of a wide table are the columns whose price is
highest at the constant network, the prices that column generation starts from: with targets y less
their mean and standardised columns z,

    of a column itself     |sum_i y_i z_ik|           half of the places
    of a product           max_j |sum_i y_i z_ik z_ij|   the other half

Screening of this kind keeps every column that matters with a probability that tends to one, even where
columns outnumber rows exponentially. Source: [FL08]. It is part of fitting an encoder: validation screens
inside each fold, and no held row decides what is kept.
"""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from qcompile.data.dataset import targets
from qcompile.data.encode import uniform
from qcompile.data.table import Table
from qcompile.model.encoder import Encoder, encode, levels
from qcompile.train.one_thread import one_blas_thread

# Tables up to WIDE columns keep them all; of a wider one KEPT are encoded.
WIDE, KEPT = 1000, 128
ROWS = 1500  # more rows do not change the order of the columns that matter
PRODUCTS = 2e10  # products of columns are priced up to so many operations
BLOCK = 512  # columns whose products are priced at a time

# Several encoders are fitted on the same rows.
_kept: WeakKeyDictionary[Table, NDArray[np.intp]] = WeakKeyDictionary()


def screened(table: Table) -> tuple[Table, NDArray[np.intp]]:
    """The table with the columns worth encoding, and their places in it; all of a table that is not wide.

    Args:
        table: training rows.

    >>> from qcompile.model.schema import Column, Schema
    >>> x = np.random.default_rng(0).standard_normal((60, 1200))
    >>> schema = Schema(tuple(Column(f"x{i}", "numeric") for i in range(1200)), "y", "regression")
    >>> narrow, places = screened(Table(x, x[:, 7] - x[:, 900], schema, "doc"))
    >>> narrow.x.shape, bool(np.isin([7, 900], places).all())
    ((60, 128), True)
    """
    count = len(table.schema.columns)
    if count <= WIDE:
        return table, np.arange(count)
    places = _kept.get(table)
    if places is None:
        places = _kept[table] = _places(table)
    columns = tuple(table.schema.columns[i] for i in places)
    narrow = replace(table, x=table.x[:, places], schema=replace(table.schema, columns=columns))
    return narrow, places


def widened(encoder: Encoder, places: NDArray[np.intp], features: int) -> Encoder:
    """An encoder of some columns as one of whole rows; columns that it does not read are filled with 0.

    >>> narrow = Encoder("uniform", 1, [1, 4], [0, 0], [0.5, 0.0], [1.0, 1.0], [0.25])
    >>> whole = widened(narrow, np.array([2]), 4)
    >>> whole.feature.tolist(), whole.fill.tolist()
    ([2, 0], [0.0, 0.0, 0.25, 0.0])
    """
    if len(places) == features:
        return encoder
    fill = np.zeros(features, dtype=np.float32)
    fill[places] = encoder.fill
    constant = encoder.kind == encoder.kind.max()  # CONSTANT is the last kind, and always there
    return replace(encoder, feature=np.where(constant, 0, places[encoder.feature]), fill=fill)


@one_blas_thread()
def _places(table: Table) -> NDArray[np.intp]:
    """(KEPT,) columns in their order."""
    rows = np.arange(len(table))
    if len(rows) > ROWS:
        rows = np.linspace(0, len(rows) - 1, ROWS).astype(int)
    encoder = uniform.fit(table, bits=8)
    z = levels(encode(encoder, table.x[rows]), encoder.bits) / encoder.top
    z -= z.mean(axis=0)
    z /= np.maximum(np.sqrt(np.square(z).mean(axis=0)), 1e-12)
    wanted = targets(table)[rows]
    wanted = wanted - wanted.mean(axis=0)
    own = np.abs(z.T @ wanted).max(axis=1)
    with_another = _products(z, wanted)
    features = len(table.schema.columns)
    kept: list[int] = []
    for prices, most in ((own, KEPT // 2), (with_another, KEPT)):
        each = np.zeros(features)
        np.maximum.at(each, encoder.feature, np.round(prices / max(float(prices.max()), 1e-300), 9))
        each[kept] = -1.0
        kept += np.argsort(-each, kind="stable")[: most - len(kept)].tolist()
    return np.sort(np.array(kept, dtype=np.intp))


def _products(z: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d,) the highest price of a product of each column with another; of the column itself if too costly."""
    n, d = z.shape
    if n * d * d * wanted.shape[1] > PRODUCTS:
        return np.asarray(np.abs(z.T @ wanted).max(axis=1))
    best = np.zeros(d)
    for y in wanted.T:
        pulled = z * y[:, None]
        for start in range(0, d, BLOCK):
            block = np.abs(pulled[:, start : start + BLOCK].T @ z)
            here = np.arange(len(block))
            block[here, start + here] = 0.0
            best[start : start + BLOCK] = np.maximum(best[start : start + BLOCK], block.max(axis=1))
    return best
