"""The splits encoder: comparisons that tell the target, in an order that serves every count."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import table_of

from qcompile.data.encode import splits
from qcompile.data.encode._boost import boost
from qcompile.data.table import Table
from qcompile.errors import DataError
from qcompile.model.encoder import ColumnKind, encode
from qcompile.model.schema import Column

COLUMNS = (
    Column("a", "numeric"),
    Column("noise", "numeric"),
    Column("b", "numeric"),
    Column("flag", "boolean"),
    Column("colour", "categorical", ("red", "green", "blue")),
)


def told(n: int = 400, seed: int = 0) -> Table:
    """A target of a threshold of a, a category, a missing cell of b, and their product."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 5)).astype(np.float32)
    x[:, 3], x[:, 4] = rng.integers(0, 2, n), rng.integers(0, 3, n)
    x[rng.random(n) < 0.2, 2] = np.nan
    parts = (x[:, 0] > 0.5), (x[:, 4] == 2), np.isnan(x[:, 2])
    signs = [np.where(part, 1.0, -1.0) for part in parts]
    return table_of(x, COLUMNS, y=signs[0] + signs[1] * signs[2] + 0.1 * signs[1] + 0.2 * signs[2])


def test_the_comparisons_of_the_target_come_first() -> None:
    encoder = splits.fit(told(), count=3)
    kinds = dict(zip(encoder.kind.tolist(), encoder.feature.tolist(), strict=True))
    assert kinds == {
        ColumnKind.GREATER: 0,
        ColumnKind.EQUAL: 4,
        ColumnKind.MISSING: 2,
        ColumnKind.CONSTANT: 0,
    }
    assert abs(encoder.shift[0] - 0.5) < 0.05 and encoder.shift[1] == 2


def test_more_bits_hold_the_fewer_ones() -> None:
    table = told()
    few, many = (splits.fit(table, count=k) for k in (5, 20))
    names = [
        set(zip(e.kind.tolist(), e.feature.tolist(), e.shift.tolist(), strict=True)) for e in (few, many)
    ]
    assert len(names[0]) == 6 and names[0] < names[1]


def test_a_target_that_never_changes_gets_the_constant_alone() -> None:
    assert splits.fit(table_of(np.arange(50.0)[:, None], COLUMNS[:1], y=np.zeros(50))).width == 1


@pytest.mark.parametrize("count", (0, 401))
def test_an_absurd_count_is_refused(count: int) -> None:
    with pytest.raises(DataError, match="1 to 400"):
        splits.fit(told(), count=count)


def test_several_classes_share_the_bits() -> None:
    x = np.random.default_rng(1).uniform(-1, 1, (300, 2)).astype(np.float32)
    y = (x[:, 0] > 0.4).astype(int) + (x[:, 1] > -0.4)
    encoder = splits.fit(table_of(x, COLUMNS[:2], y), count=2)
    assert sorted(encoder.feature[:2].tolist()) == [0, 1]
    assert encode(encoder, x).max() == 1


@pytest.mark.parametrize("logistic", (True, False))
def test_the_first_split_is_the_best_of_all_by_trying_every_one(logistic: bool) -> None:
    rng = np.random.default_rng(2)
    bins = rng.integers(0, 6, (90, 4))
    ordered = np.array([True, False, True, False])
    y = np.where(rng.random(90) < 0.5, 1.0, -1.0) if logistic else rng.standard_normal(90)
    slope, curvature = (-y / 2, 0.25) if logistic else (-y, 1.0)

    def gain(side: np.ndarray) -> float:
        parts = [slope[side], slope[~side], slope]
        g, h = [p.sum() for p in parts], [curvature * len(p) + 1 for p in parts]
        return g[0] ** 2 / h[0] + g[1] ** 2 / h[1] - g[2] ** 2 / h[2]

    every = {
        (c, t): gain(bins[:, c] > t if ordered[c] else bins[:, c] == t) for c in range(4) for t in range(6)
        if 4 <= (bins[:, c] > t if ordered[c] else bins[:, c] == t).sum() <= 86
    }  # fmt: skip
    gains = boost(bins, ordered, y, 1, logistic=logistic)
    best = max(every, key=every.__getitem__)
    assert best in gains and gains[best] == pytest.approx(every[best], rel=1e-5)  # gradients have 24 bits
