"""Rows for a model that exists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qcompile.data.load import load
from qcompile.data.rows import load_rows
from qcompile.errors import DataError

FRAME = pd.DataFrame(
    {
        "size": [1.5, 2.5, 3.5, 4.5, 5.5, 6.5],
        "colour": ["red", "blue", "red", "green", "red", "blue"],
        "ok": [True, False, True, False, True, False],
        "y": ["a", "b", "a", "b", "a", "b"],
    }
)
SCHEMA = load(FRAME).schema


def test_columns_in_another_order_and_extra_ones_do_not_matter() -> None:
    rows = load_rows(FRAME[["ok", "y", "colour", "size"]].assign(extra=1), SCHEMA)
    x, y = rows.x, rows.y
    np.testing.assert_array_equal(x, load(FRAME).x)
    assert y is not None and y.tolist() == [0, 1, 0, 1, 0, 1]


def test_without_labels_there_are_rows_only() -> None:
    rows = load_rows(FRAME.drop(columns="y"), SCHEMA)
    x, y = rows.x, rows.y
    assert x.shape == (6, 3) and x.dtype == np.float32 and y is None
    assert load_rows(FRAME.assign(y=None), SCHEMA).y is None


def test_some_labels_missing() -> None:
    y = load_rows(FRAME.assign(y=["a", None, "?", "b", "a", "b"]), SCHEMA).y
    assert y is not None and y.tolist() == [0, -1, -1, 1, 0, 1]


def test_cells_that_do_not_fit_are_missing() -> None:
    rows = pd.DataFrame({"size": ["big", "2"], "colour": ["violet", "red"], "ok": ["yes", "perhaps"]})
    x = load_rows(rows, SCHEMA).x
    np.testing.assert_array_equal(x, np.array([[np.nan, np.nan, 1], [2, 2, np.nan]], dtype=np.float32))


def test_a_single_row_is_enough() -> None:
    assert load_rows(FRAME.head(1), SCHEMA).x.tolist() == [[1.5, 2.0, 1.0]]


def test_numbers_that_were_whole_in_training_match_after_a_missing_cell_made_them_floats() -> None:
    frame = pd.DataFrame({"g": [1.0, 2.5, 3.5, 1.5], "y": [1, 2, 1, 2]})
    schema = load(frame).schema
    y = load_rows(frame.assign(y=[1.0, np.nan, 2.0, 1.0]), schema).y
    assert schema.classes == ("1", "2") and y is not None and y.tolist() == [0, -1, 1, 0]


def test_declared_categories_and_plain_cells_mean_the_same() -> None:
    frame = pd.DataFrame({"c": pd.Categorical([1, 2, 1, 2]), "g": [0.5, 1.5, 2.5, 4.0], "y": [0, 1, 0, 1]})
    schema = load(frame).schema
    assert schema.columns[0].categories == ("1", "2")
    x = load_rows(frame.assign(c=[2.0, 1.0, np.nan, 2.0]), schema).x
    np.testing.assert_array_equal(x[:, 0], [1, 0, np.nan, 1])


def test_regression_targets() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.5, 3.0, 5.0], "y": [0.5, 1.5, 2.25, 9.0]})
    schema = load(frame).schema
    y = load_rows(frame.assign(y=[1.0, np.nan, 2.0, 3.0]), schema).y
    np.testing.assert_array_equal(y, [1.0, np.nan, 2.0, 3.0])


def test_arrays_of_an_npz_file_are_found_by_position(tmp_path: Path) -> None:
    x = np.array([[0.0, 7.0, 1.0], [1.0, 7.0, 4.0], [2.0, 7.0, 9.0], [3.0, 7.0, 3.0]])
    np.savez(tmp_path / "a.npz", x=x, y=[0, 1, 0, 1])
    table = load(tmp_path / "a.npz")
    assert table.schema.names == ("x1", "x3")
    read = load_rows(tmp_path / "a.npz", table.schema)
    rows, y = read.x, read.y
    np.testing.assert_array_equal(rows, x[:, [0, 2]])
    assert y is not None and y.tolist() == [0, 1, 0, 1]


def test_a_missing_column_is_named_with_the_nearest_one() -> None:
    with pytest.raises(DataError, match=r"no column 'colour'.*1 of 3 are missing.*Did you mean 'color'\?"):
        load_rows(FRAME.rename(columns={"colour": "color"}), SCHEMA)


def test_a_class_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(DataError, match=r"holds 'c', but the model knows the classes a, b"):
        load_rows(FRAME.assign(y=["c"] * 6), SCHEMA)
