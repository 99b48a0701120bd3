"""Wide tables: the columns that are encoded."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qcompile.data.table import Table
from qcompile.errors import DataError
from qcompile.model.encoder import ColumnKind, encode
from qcompile.model.schema import Column, Schema
from qcompile.train.select.candidates import Candidate
from qcompile.train.select.screen import KEPT, WIDE, screened, widened


def table(x: NDArray[np.float64], y: NDArray[np.float64], kinds: dict[int, str] | None = None) -> Table:
    kinds = kinds or {}
    columns = tuple(
        Column(f"x{i}", "categorical", ("a", "b", "c")) if kinds.get(i) == "categorical"
        else Column(f"x{i}", kinds.get(i, "numeric"))  # type: ignore[arg-type]
        for i in range(x.shape[1])
    )  # fmt: skip
    return Table(x, y > 0, Schema(columns, "y", "classification", ("no", "yes")), "drawn")


def drawn(rows: int, columns: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((rows, columns))


def test_a_table_that_is_not_wide_keeps_every_column() -> None:
    x = drawn(30, WIDE, 0)
    given = table(x, x[:, 0])
    narrow, places = screened(given)
    assert narrow is given and places.tolist() == list(range(WIDE))


@pytest.mark.parametrize("seed", range(3))
def test_columns_that_decide_are_kept_alone_or_in_a_product(seed: int) -> None:
    x = drawn(300, WIDE + 200, seed)
    _, places = screened(table(x, x[:, 3] - x[:, 1100]))
    assert len(places) == KEPT and {3, 1100} <= set(places.tolist())
    _, places = screened(table(x, x[:, 5] * x[:, 1150]))
    assert {5, 1150} <= set(places.tolist())


def test_the_order_of_the_columns_does_not_matter() -> None:
    x = drawn(80, WIDE + 50, 1)
    order = np.random.default_rng(2).permutation(x.shape[1])
    y = x[:, 7] + x[:, 9] * x[:, 11]
    _, places = screened(table(x, y))
    _, moved = screened(table(x[:, order], y))
    assert sorted(order[moved].tolist()) == places.tolist()


def test_only_the_rows_given_decide() -> None:
    x = drawn(120, WIDE + 10, 3)
    whole = table(x, x[:, 4])
    fitted = whole.rows(np.arange(60))
    changed = x.copy()
    changed[60:] = -changed[60:]
    other = table(changed, changed[:, 4]).rows(np.arange(60))
    assert screened(fitted)[1].tolist() == screened(other)[1].tolist()


@pytest.mark.parametrize(
    "option", [Candidate("uniform", {"bits": 4}), Candidate("uniform", {"bits": 8}, 0.5),
               Candidate("thermometer", {"k": 2}), Candidate("splits", {"count": 25})], ids=str,
)  # fmt: skip
def test_every_encoder_reads_whole_rows_and_few_columns_of_them(option: Candidate) -> None:
    x = drawn(60, WIDE + 20, 4)
    x[:, 5] = np.arange(60) % 3
    x[::7, 9] = np.nan
    given = table(x, np.nan_to_num(x[:, 9]) + (x[:, 5] == 1), {5: "categorical"})
    encoder = option.fit(given)
    narrow, places = screened(given)
    assert encoder.features == x.shape[1]
    assert set(encoder.feature[encoder.kind != ColumnKind.CONSTANT].tolist()) <= set(places.tolist())
    assert {5, 9} <= set(places.tolist())
    alone = Candidate(option.encoder, option.options).fit(narrow)
    if option.share == 1:
        np.testing.assert_array_equal(encode(encoder, x), encode(alone, narrow.x))


def test_a_column_without_a_value_or_without_change_is_no_trouble() -> None:
    x = drawn(40, WIDE + 5, 5)
    x[:, 0], x[:, 1] = np.nan, 3.0
    assert not {0, 1} & set(screened(table(x, x[:, 2]))[1].tolist())


def test_an_infinite_cell_is_refused_even_where_nothing_reads_it() -> None:
    x = drawn(40, WIDE + 5, 6)
    x[0, 1001] = np.inf
    with pytest.raises(DataError, match="'x1001' holds an infinite number"):
        Candidate("uniform", {"bits": 4}).fit(table(x, x[:, 2]))


def test_a_widened_encoder_gives_the_codes_of_the_narrow_one() -> None:
    x = drawn(50, 6, 7)
    places = np.array([1, 4])
    y = x[:, 1]
    schema = Schema((Column("a", "numeric"), Column("b", "numeric")), "y", "regression")
    narrow = Candidate("uniform", {"bits": 4}).fit(Table(x[:, places], y, schema, "drawn"))
    np.testing.assert_array_equal(encode(widened(narrow, places, 6), x), encode(narrow, x[:, places]))
