from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from qcompile.data.table import Table
from qcompile.errors import DataError
from qcompile.model.schema import Column, Schema

SCHEMA = Schema(
    (Column("größe", "numeric"), Column("c", "categorical", ("a", 'b"')), Column("ok", "boolean")),
    "y",
    "classification",
    ("no", "yes"),
)


def test_a_schema_survives_json_text() -> None:
    assert Schema.from_json(json.loads(json.dumps(SCHEMA.to_json()))) == SCHEMA


@pytest.mark.parametrize("key", ["columns", "label", "task", "classes"])
def test_a_damaged_description_is_one_sentence(key: str) -> None:
    plain = SCHEMA.to_json()
    for damaged in ({k: v for k, v in plain.items() if k != key}, plain | {key: 7}):
        if (key, damaged.get(key)) == ("label", 7):
            continue  # a label called 7 is fine
        with pytest.raises(DataError, match="description of the columns is damaged"):
            Schema.from_json(damaged)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Column("a", "date"), "allowed: numeric, boolean, categorical"),
        (lambda: Column("a", "categorical"), "has categories"),
        (lambda: Column("a", "numeric", ("x",)), "has categories"),
        (lambda: Column("a", "categorical", ("x", "x")), "equal categories"),
        (lambda: Schema((), "y", "ranking"), "allowed: classification, regression"),
        (lambda: Schema((), "y", "classification", ("one",)), "do not fit the task"),
        (lambda: Schema((), "y", "regression", ("a", "b")), "do not fit the task"),
        (lambda: Schema((Column("a", "numeric"),) * 2, "y", "regression"), "same name"),
    ],
)
def test_contradictions_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("x", "y", "held_out", "message"),
    [
        (np.zeros((2, 2)), [0, 1], 0, "do not fit"),
        (np.zeros((2, 3)), [0], 0, "do not fit"),
        (np.zeros((2, 3)), [0, 2], 0, "outside the classes"),
        (np.zeros((2, 3)), [-1, 0], 0, "outside the classes"),
        (np.zeros((2, 3)), [0, 1], 3, "held_out is 3"),
    ],
)
def test_a_table_that_contradicts_its_schema_is_refused(x: Any, y: Any, held_out: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Table(x, y, SCHEMA, "t", (), held_out)
