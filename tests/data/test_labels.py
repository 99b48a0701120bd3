from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qcompile.data.clean.labels import decide_task, known_labels, read_labels


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["a", "b"] * 4, "classification"),
        ([True, False] * 4, "classification"),
        ([2, 4] * 4, "classification"),
        ([0.5, 1.5] * 4, "classification"),
        ([-1, 1] * 4, "classification"),
        ([0, 1, 2] * 4, "classification"),
        ([1.0, 2.0, 7.0] * 4, "classification"),
        (["1", "2", "3"] * 4, "classification"),
        (pd.Categorical([3, 5, 8] * 4), "classification"),
        (list(range(20)) * 2, "classification"),
        (list(range(21)) * 2, "regression"),
        ([3, 4, 5, 6, 7, 8] * 2, "regression"),
        ([0.5, 1.25, 3.0] * 4, "regression"),
        ([-1, 0, 1] * 4, "classification"),
        ([-2, 0, 1] * 4, "regression"),
        (["0.5", "1.25", "3", "?"] * 4, "regression"),
    ],
)
def test_the_rule_for_the_task(cells: object, task: str) -> None:
    assert decide_task(pd.Series(cells, name="y"))[0] == task


def test_the_rule_and_its_override_are_said() -> None:
    labels = read_labels(pd.Series([3, 4, 5, 8] * 3, name="stars"))
    assert labels.notes[0] == (
        "Task: regression, because the label 'stars' holds whole numbers from 3 to 8, "
        "which do not count from 0 or 1 (--task classification overrides)."
    )
    forced = read_labels(pd.Series([3, 4, 5, 8] * 3, name="stars"), task="classification")
    assert forced.classes == ("3", "4", "5", "8") and "as requested" in forced.notes[0]


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        ([10, 9, 2, 10, 9, 2], ("2", "9", "10")),
        ([1.0, 0.0, 1.0, 0.0], ("0", "1")),
        ([0.5, -1.0, 0.5, -1.0], ("-1", "0.5")),
        (["b", "a", "b", "a"], ("a", "b")),
        (["10", "9", "10", "9"], ("9", "10")),
        ([True, False, True, False], ("False", "True")),
        (pd.Categorical(["lo", "hi", "lo", "hi"], categories=["lo", "mid", "hi"]), ("lo", "hi")),
        (pd.array([1, 2, None, 1, 2], dtype="Int64"), ("1", "2")),
    ],
)
def test_classes_of_any_type_are_named_and_ordered(cells: object, classes: tuple[str, ...]) -> None:
    series = pd.Series(cells, name="y")
    labels = read_labels(series, "classification")
    assert labels.classes == classes and labels.y.dtype == np.int64
    again = known_labels(series, "classification", classes)
    assert again is not None
    np.testing.assert_array_equal(again[labels.keep], labels.y)


def test_rows_without_a_label_and_lone_classes_are_left_out_and_told() -> None:
    labels = read_labels(pd.Series(["a", "b", None, "a", "rare", "b", "?", "b"], name="y"))
    assert labels.keep.tolist() == [True, True, False, True, False, True, False, True]
    assert labels.y.tolist() == [0, 1, 0, 1, 1]
    assert "Left out: 2 rows without a label." in labels.notes
    assert "Left out: 1 row that is the only one of its class ('rare')." in labels.notes


def test_targets_are_float64() -> None:
    labels = read_labels(pd.Series([0.1, 0.2, np.nan, 0.4, 0.7], name="y"))
    assert labels.y.tolist() == [0.1, 0.2, 0.4, 0.7] and labels.classes == ()


def test_booleans_may_be_a_target_if_asked() -> None:
    assert read_labels(pd.Series([True, False] * 4, name="y"), "regression").y.tolist() == [1.0, 0.0] * 4


def test_no_label_at_all_is_none() -> None:
    assert known_labels(pd.Series([None, np.nan], name="y"), "classification", ("a", "b")) is None
    assert known_labels(pd.Series([None, np.nan], name="y"), "regression", ()) is None
