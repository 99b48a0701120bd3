"""Large offsets: what float32 would merge is read as a difference, the same for every consumer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.data.load import load
from qcompile.data.rows import load_rows
from qcompile.estimators import QuantizedPolynomialClassifier
from qcompile.model.offsets import narrow, offset_of
from qcompile.model.schema import Column

SMALL = np.round(np.random.default_rng(0).normal(size=200), 3)


@settings(max_examples=100, deadline=None)
@given(
    base=st.sampled_from([4e8, -4e8, 1.7e9, 1.7e12, 3e14, 2.0**31, 20230101000000.0]),
    spread=st.sampled_from([1.0, 7.5, 100.0]),
    outlier=st.sampled_from([None, 0.0, np.nan]),
)
def test_cells_that_differ_stay_different(base: float, spread: float, outlier: float | None) -> None:
    values = base + np.round(SMALL * spread, 1)
    if outlier is not None:
        values[7] = outlier
    offset = offset_of(values)
    cells = narrow(values[:, None], [Column("a", "numeric", offset=offset)])[:, 0]
    present = ~np.isnan(values)
    merged = len(np.unique(values[present])) - len(np.unique(cells[present]))
    assert merged == 0 and (np.isnan(cells) == ~present).all()
    order = np.argsort(values[present], kind="stable")
    assert (np.diff(cells[present][order]) >= 0).all()


@pytest.mark.parametrize(
    "values",
    [
        SMALL,
        SMALL * 1e30,
        np.exp(SMALL),
        1000 + SMALL,
        np.arange(200.0),
        1e6 + np.arange(200.0),
        np.full(9, 4e8),
    ],
)
def test_columns_that_float32_holds_have_no_offset(values: np.ndarray) -> None:
    assert offset_of(values) == 0.0


def test_the_offset_is_stored_said_and_used_for_new_rows(tmp_path) -> None:
    frame = pd.DataFrame(
        {"t": 4e8 + SMALL, "f": np.sin(np.arange(200.0)), "y": np.where(SMALL > 0, "u", "v")}
    )
    frame.loc[:20, "y"] = "u"  # no copy of the label
    table = load(frame)
    assert table.schema.columns[0].offset == 4e8
    np.testing.assert_array_equal(table.x[:, 0], (frame["t"] - 4e8).astype(np.float32))
    assert any("Column 't' is read less 400000000" in note for note in table.notes)
    frame.to_csv(tmp_path / "t.csv", index=False)
    np.testing.assert_array_equal(load_rows(tmp_path / "t.csv", table.schema).x, table.x)


def test_an_estimator_learns_the_same_from_a_column_and_from_its_difference() -> None:
    other = np.cos(np.arange(200.0))
    y = SMALL + 0.2 * other > 0
    settings = dict(encoder="uniform", bits=4, beta=0.03, neurons=8)
    near = QuantizedPolynomialClassifier(**settings).fit(np.column_stack([SMALL, other]), y)
    x = np.column_stack([2.0**29 + SMALL, other])
    far = QuantizedPolynomialClassifier(**settings).fit(x, y)
    exact = np.column_stack([x[:, 0] - 2.0**29, other])
    assert far.columns_[0].offset == 2.0**29
    assert far.score(x, y) >= near.score(exact, y) - 0.01
    np.testing.assert_array_equal(far.compile("host")(x), far.predict(x))
