"""Columns of dates and times do not stop a build: they are left out, or read as their parts."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.data.clean.columns import interpret
from qcompile.data.clean.dates import is_date
from qcompile.data.load import load
from qcompile.data.rows import load_rows
from qcompile.model.reading import Reading

# How people write a moment, and the parts that such a text has.
FORMS = {
    "%Y-%m-%d": "ymw", "%Y/%m/%d": "ymw", "%Y.%m.%d": "ymw", "%d.%m.%Y": "ymw", "%d/%m/%Y": "ymw",
    "%m/%d/%Y": "ymw", "%d-%m-%Y": "ymw", "%d %b %Y": "ymw", "%d-%b-%Y": "ymw", "%B %d, %Y": "ymw",
    "%b %d %Y": "ymw", "%d-%b-%y": "ymw", "%a, %d %b %Y": "ymw", "%Y-%m-%d %H:%M:%S": "ymwh",
    "%Y-%m-%dT%H:%M:%SZ": "ymwh", "%d/%m/%Y %H:%M": "ymwh", "%m/%d/%Y %I:%M %p": "ymwh",
    "%Y-%m-%d %H:%M:%S.%f": "ymwh", "%Y-%m-%dT%H:%M:%S+01:00": "ymwh", "%Y-%m": "ym", "%Y/%m": "ym",
    "%m/%Y": "ym", "%b-%Y": "ym", "%B %Y": "ym", "%Y-%b": "ym", "%d-%b": "m", "%b-%d": "m", "%b %d": "m",
    "%H:%M:%S": "h", "%H:%M": "h", "%I:%M %p": "h", "%I:%M:%S %p": "h",
}  # fmt: skip
PART = {"y": "year", "m": "month", "w": "weekday", "h": "hour"}
VALUE = {
    "y": lambda t: t.year, "m": lambda t: t.month, "w": lambda t: t.weekday(), "h": lambda t: t.hour,
}  # fmt: skip
MOMENTS = st.datetimes(datetime.datetime(1975, 1, 1), datetime.datetime(2060, 1, 1))


@settings(max_examples=150, deadline=None)
@given(
    form=st.sampled_from(sorted(FORMS)),
    moments=st.lists(MOMENTS, min_size=60, max_size=60),
    gap=st.integers(0, 5),
)
def test_the_parts_of_a_date_in_any_spelling(form: str, moments: list[datetime.datetime], gap: int) -> None:
    # Two days that leave no doubt whether the day or the month comes first.
    moments[:2] = [datetime.datetime(2001, 2, 27, 9, 30), datetime.datetime(2002, 3, 28, 17, 30)]
    texts = [m.strftime(form) for m in moments]
    texts[2 : 2 + gap] = [""] * gap
    frame = pd.DataFrame({"f": np.sin(np.arange(60.0)), "when": texts, "y": ["u", "v", "w"] * 20})
    table = load(frame, reading=Reading(dates="parts", keep=("when",)))
    assert table.schema.names == ("f", *(f"when.{PART[p]}" for p in FORMS[form]))
    for j, part in enumerate(FORMS[form], start=1):
        wanted = np.array(
            [np.nan if not text else VALUE[part](m) for text, m in zip(texts, moments, strict=True)]
        )
        np.testing.assert_array_equal(table.x[:, j], wanted)
    rows = load_rows(frame.iloc[:1], table.schema)
    np.testing.assert_array_equal(rows.x, table.x[:1])
    assert load(frame).schema.names == ("f",)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_dates_are_left_out_by_default_and_the_note_says_what_to_do(form: str) -> None:
    moments = pd.date_range("2001-01-30 01:07", periods=60, freq="26h13min")
    frame = pd.DataFrame({"f": np.sin(np.arange(60.0)), "when": moments.strftime(form), "y": [0, 1] * 30})
    table = load(frame)
    assert table.schema.names == ("f",)
    assert any(
        n.startswith("Left out: column 'when', which holds") and "--dates parts" in n for n in table.notes
    )


@pytest.mark.parametrize(
    "cells",
    [
        pd.date_range("2020-01-01", periods=40, freq="31h"),
        pd.date_range("2020-01-01", periods=40, freq="31h", tz="UTC"),
        pd.period_range("2020-01", periods=40, freq="M"),
        [datetime.date(2020, 1 + i % 12, 1 + i % 28) for i in range(40)],
        [datetime.time(i % 24, 30) for i in range(40)],
    ],
)
def test_dates_of_frames_have_the_same_parts(cells: object) -> None:
    frame = pd.DataFrame({"f": np.sin(np.arange(40.0)), "when": cells, "y": [0, 1] * 20})
    assert load(frame).schema.names == ("f",)
    table = load(frame, reading=Reading(dates="parts"))
    assert len(table.schema.names) > 1 and not np.isnan(table.x).any()
    np.testing.assert_array_equal(load_rows(frame, table.schema).x, table.x)
    if hasattr(cells, "hour") and not isinstance(cells, pd.PeriodIndex):
        assert table.x[:, -1].tolist() == list(cells.hour)


def test_durations_are_seconds() -> None:
    frame = pd.DataFrame({"d": pd.to_timedelta(np.arange(40) ** 2 % 37, unit="min"), "y": [0, 1] * 20})
    table = load(frame)
    np.testing.assert_array_equal(table.x[:, 0], 60.0 * (np.arange(40) ** 2 % 37))
    np.testing.assert_array_equal(load_rows(frame, table.schema).x, table.x)


@pytest.mark.parametrize(
    "text", ["10-20", "1.5", "marble 12", "3/4", "2010-13", "99:99", "4:3", "v1.2.3", "12/2", "May"]
)
def test_what_only_looks_like_a_date_is_none(text: str) -> None:
    assert not is_date(text)
    assert not interpret(pd.Series([text, "other"] * 10, name="c")).date


def test_a_file_whose_other_columns_teach_is_built_whatever_its_dates(tmp_path) -> None:
    lines = [f"2010-0{1 + i % 9},{i * 7 % 11},{'uv'[i % 2]}" for i in range(40)]
    (tmp_path / "t.csv").write_text("month,a,y\n" + "\n".join(lines) + "\n")
    assert load(tmp_path / "t.csv").schema.names == ("a",)
    parts = load(tmp_path / "t.csv", reading=Reading(dates="parts"))
    assert parts.schema.names == ("month.month", "a")  # the year is 2010 in every row


@pytest.mark.parametrize("name", ["date", "OrderDate", "pickup_day", "DATUM"])
def test_whole_numbers_in_a_column_of_dates_are_days(name: str, tmp_path) -> None:
    days = pd.date_range("2019-12-30", periods=60)
    frame = pd.DataFrame(
        {"f": np.sin(np.arange(60.0)), name: days.strftime("%Y%m%d").astype(int), "y": [0, 1] * 30}
    )
    assert load(frame).schema.names == ("f",)
    frame.to_csv(tmp_path / "t.csv", index=False)
    for source in (frame, tmp_path / "t.csv"):
        table = load(source, reading=Reading(dates="parts"))
        assert table.schema.names == ("f", f"{name}.year", f"{name}.month", f"{name}.weekday")
        np.testing.assert_array_equal(table.x[:, 3], days.day_of_week)
        np.testing.assert_array_equal(load_rows(source, table.schema).x, table.x)
    plain = frame.rename(columns={name: "amount"})
    assert load(plain.sample(frac=1, random_state=0)).schema.names == ("f", "amount")
