"""Identifiers and copies of the label are left out and said; --keep keeps them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.data.clean.identifiers import named_like_one
from qcompile.data.clean.label_copies import relation
from qcompile.data.load import load
from qcompile.errors import DataError
from qcompile.model.reading import Reading

NAMES = (
    "CustomerId", "PassengerId", "EmployeeNumber", "MRN", "SEQN", "case_no", "CLIENTNUM", "RowNumber",
    "rownames", "id", "ID", "Id_", "customerID", "patient_id", "Loan_ID", "Order ID", "encounter_id",
    "patient_nbr", "SampleNo", "index", "S.No.", "Sr No", "Unnamed: 0", "user-id", "Transaction Number",
    "emp_id", "ProductKey", "instant_id", "objectid", "Record ID", "recordid", "uuid", "Booking_ID",
    "member_id2", "studentid",
)  # fmt: skip
QUANTITIES = (
    "citric acid", "paid", "humid", "bid", "area", "fnlwgt", "population", "number of rooms", "price",
    "balance", "steps", "distance_km", "num_reviews", "income", "capital_gain", "salary", "zn", "fluid",
    "grid_load",
    "votes", "duration", "NumberOfDependents", "total_minutes", "amount", "views", "thyroid", "solid",
)  # fmt: skip
RNG = np.random.default_rng(0)


def framed(n: int = 200, **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    f = rng.normal(size=n)
    return pd.DataFrame({"f": f, **columns, "y": np.where(f + rng.normal(size=n) > 0, "u", "v")})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["unsorted", "floats", "few duplicates", "texts"])
def test_a_column_named_like_an_identifier_is_left_out_and_can_be_kept(name: str, kind: str) -> None:
    cells = RNG.choice(10**7, 200, replace=False)
    if kind == "few duplicates":
        cells[:10] = cells[10:20]
    column = {"unsorted": cells, "floats": cells.astype(float), "few duplicates": cells}.get(
        kind, np.array([f"C-{c}" for c in cells])
    )
    table = load(framed(**{name: column}))
    assert table.schema.names == ("f",)
    assert any(note.startswith(f"Left out: column {name!r}") for note in table.notes)
    assert "--keep COLUMN keeps a column that was left out." in table.notes
    assert load(framed(**{name: column}), reading=Reading(keep=(name,))).schema.names == ("f", name)


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_column_named_like_a_quantity_is_kept_however_many_values_differ(name: str) -> None:
    assert not named_like_one(name)
    assert load(framed(**{name: RNG.choice(10**7, 200, replace=False)})).schema.names == ("f", name)


@pytest.mark.parametrize("name", ["rownames", "RowNumber", "Unnamed: 0", "id"])
def test_a_row_counter_in_two_runs_is_left_out(name: str) -> None:
    assert load(framed(**{name: np.tile(np.arange(1, 101), 2)})).schema.names == ("f",)


@settings(max_examples=80, deadline=None)
@given(
    classes=st.integers(2, 6),
    renaming=st.permutations(range(6)),
    as_text=st.booleans(),
    gaps=st.integers(0, 6),
)
def test_a_copy_of_the_label_under_other_names_is_left_out_in_the_first_lines(
    classes: int, renaming: list[int], as_text: bool, gaps: int
) -> None:
    y = np.random.default_rng(classes).permutation(np.arange(120) % classes)
    copy = np.array(renaming)[y].astype(object)
    cells = [f"k{v}" if as_text else int(v) for v in copy]
    cells[:gaps] = [None] * gaps
    frame = pd.DataFrame({"f": np.sin(np.arange(120.0)), "twin": cells, "y": [f"c{v}" for v in y]})
    table = load(frame)
    assert table.schema.names == ("f",)
    assert table.notes[1].startswith("Warning: column 'twin' is a copy of the label")
    assert load(frame, reading=Reading(keep=("twin",))).schema.names == ("f", "twin")


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (np.arange(120) % 6, "tells"),  # each of six values has one of three classes
        (np.arange(120) % 3 + np.linspace(0, 0.5, 120), "tells"),  # thresholds part the classes
        (np.arange(120) % 2, ""),
        (np.arange(120) % 60 * 7919 % 61, ""),  # values that occur twice tell by being rare
    ],
)
def test_a_single_column_that_predicts_the_label_is_pointed_out(column: np.ndarray, found: str) -> None:
    y = np.arange(120) % 3
    assert relation(column.astype(float), y, False) == found
    frame = pd.DataFrame({"f": np.sin(np.arange(120.0)), "tell": column, "y": [f"c{v}" for v in y]})
    table = load(frame)
    said = [n for n in table.notes[:2] if n.startswith("Warning: column 'tell' predicts the label perfectly")]
    assert bool(said) == bool(found) and "tell" in table.schema.names


@pytest.mark.parametrize(
    "copy", [lambda y: y, lambda y: 2.54 * y, lambda y: 32 - 1.8 * y, lambda y: np.float32(y)]
)
def test_a_target_in_another_unit_is_a_copy(copy) -> None:
    y = np.random.default_rng(0).normal(size=100) * 50
    table = load(pd.DataFrame({"f": np.sin(y) + np.cos(3 * y), "twin": copy(y), "y": y}))
    assert table.schema.names == ("f",) and "'twin' is a copy" in table.notes[1]


def test_a_copy_that_is_all_there_is_stays_with_a_warning() -> None:
    y = np.arange(100) % 2
    table = load(pd.DataFrame({"twin": y, "y": y}))
    assert table.schema.names == ("twin",) and "all there is to learn from" in table.notes[1]


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (dict(keep=("ff",)), "there is no column 'ff' to keep.*Did you mean 'f'"),
        (dict(drop=("ff",)), "there is no column 'ff' to drop"),
        (dict(drop=("y",)), "'y' is the label and cannot be dropped"),
        (dict(drop=("f",), keep=("f",)), "'f' is to be kept and dropped"),
        (dict(dates="part"), "dates is 'part', allowed: leave, parts.*Did you mean 'parts'"),
    ],
)
def test_options_that_name_nothing_are_refused(reading: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(framed(), reading=Reading(**reading))


def test_a_dropped_column_is_not_read_and_said() -> None:
    table = load(framed(g=np.arange(200) % 7), reading=Reading(drop=("g",)))
    assert table.schema.names == ("f",) and "Dropped, as asked: column 'g'." in table.notes
