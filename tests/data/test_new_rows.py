"""What new rows hold that training did not see is counted and said; only the model's columns are needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.data.load import load
from qcompile.data.rows import load_rows
from qcompile.errors import DataError
from qcompile.model.reading import Reading

N = 60
FRAME = pd.DataFrame(
    {
        "id": np.arange(N),
        "colour": ["red", "blue", "green"] * 20,
        "weight": [f"{i / 4:.2f} kg" for i in range(N)],
        "day": pd.date_range("2020-01-01", periods=N).strftime("%Y-%m-%d"),
        "f": np.sin(np.arange(N)),
        "y": ["u", "v"] * 30,
    }
)
SCHEMA = load(FRAME, reading=Reading(dates="parts")).schema
CELLS = {
    "colour": (["red", "blue"], ["violet", "Red ", "7"], ["?", ""]),
    "weight": (["1.5 kg", "3", "2,25 kg"], ["heavy", "3 stone", "12-14"], ["n.d.", "-", "#VALUE!"]),
    "day": (["2021-05-06"], ["soon", "2021-99-01"], ["--", ""]),
    "f": (["0.5", "1e3"], ["much", "0.5.5"], ["nan", "*"]),
}


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_unseen_categories_and_unreadable_cells_are_counted(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    columns, strange = {}, {}
    for name, kinds in CELLS.items():
        which = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
        columns[name] = [data.draw(st.sampled_from(kinds[k])) for k in which]
        # "Red " is red with a blank and another letter: a category that training did not see.
        strange[name] = sum(k == 1 for k in which)
    rows = load_rows(pd.DataFrame(columns), SCHEMA)
    parts = sum(c.part != "" for c in SCHEMA.columns)
    assert rows.unseen == strange["colour"]
    assert rows.unreadable == strange["weight"] + strange["f"] + parts * strange["day"]
    said = " ".join(rows.notes)
    if strange["colour"]:
        assert f"'colour': {strange['colour']} cell" in said and "training did not see" in said
    assert rows.y is None and len(rows.x) == n


def test_only_the_columns_that_the_model_reads_are_needed(tmp_path: Path) -> None:
    few = FRAME[["f", "weight", "day", "colour"]]
    np.testing.assert_array_equal(load_rows(few, SCHEMA).x, load_rows(FRAME, SCHEMA).x)
    few.assign(junk="a,b").to_csv(tmp_path / "t.csv", index=False)
    np.testing.assert_array_equal(load_rows(tmp_path / "t.csv", SCHEMA).x, load_rows(FRAME, SCHEMA).x)
    twice = pd.concat(
        [few, few[["f"]].rename(columns={"f": "z"}), few[["f"]].rename(columns={"f": "z"})], axis=1
    )
    assert len(load_rows(twice, SCHEMA).x) == N  # other columns may share a name


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_header_and_few_rows_are_that_many_rows(tmp_path: Path, rows: int) -> None:
    FRAME.head(rows).to_csv(tmp_path / "t.csv", index=False)
    read = load_rows(tmp_path / "t.csv", SCHEMA)
    np.testing.assert_array_equal(read.x, load_rows(FRAME, SCHEMA).x[:rows])
    FRAME.head(rows).to_parquet(tmp_path / "t.parquet")
    np.testing.assert_array_equal(load_rows(tmp_path / "t.parquet", SCHEMA).x, read.x)


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (Reading(drop=("f",)), "--drop f was not given in training"),
        (Reading(keep=("f",)), "--keep f was not given in training"),
    ],
)
def test_options_that_the_model_does_not_know_are_refused(reading: Reading, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_rows(FRAME, SCHEMA, reading)


def test_dates_as_training_did_not_read_them_are_refused() -> None:
    with pytest.raises(DataError, match="trained with --dates leave"):
        load_rows(FRAME, load(FRAME).schema, Reading(dates="parts"))


def test_texts_that_mean_missing_in_the_new_rows_alone() -> None:
    rows = load_rows(FRAME.head(2).assign(colour="lost"), SCHEMA, Reading(missing=("lost",)))
    assert rows.unseen == 0 and np.isnan(rows.x).any()
