"""Labels: classification or regression, the classes, and the target as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.clean.columns import Cells, as_numbers, interpret, refuse_infinite
from qcompile.data.clean.missing import is_mark, is_missing_word
from qcompile.data.clean.numbers import numbers_in, written
from qcompile.data.clean.words import Words, factorize, is_text, pick, without_marks, without_missing
from qcompile.errors import DataError, did_you_mean
from qcompile.model.reading import Reading
from qcompile.model.schema import TASKS

if TYPE_CHECKING:
    import pandas as pd

LABEL_NAMES = ("class", "label", "target", "outcome", "y", "diagnosis", "species", "survived")
# Whole numbers with more different values than this count or measure something.
MOST_CLASS_NUMBERS = 20
TEXT, CATEGORIES = "holds text", "holds categories"


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of the rows that are kept.

    Attributes:
        task: "classification" or "regression".
        classes: class names, sorted (numbers by value, declared categories as declared).
        keep: (n,) bool, which rows are kept.
        y: (kept,) int64 class indices or float64 targets.
        notes: sentences.
    """

    task: str
    classes: tuple[str, ...]
    keep: NDArray[np.bool_]
    y: NDArray[np.int64] | NDArray[np.float64]
    notes: tuple[str, ...]


def decide_task(series: pd.Series[Any], cells: Cells | None = None) -> tuple[str, str]:
    """The task that labels suggest, and why, as the end of a sentence.

    Text, booleans and declared categories name classes, and so do any two numbers. Whole
    numbers name classes if there are at most 20 of them and they count from 0 or 1, or are
    -1, 0 and 1; other numbers (scores from 3 to 8, prices) are amounts to be predicted.

    >>> import pandas as pd
    >>> decide_task(pd.Series([1, 2, 3, 1, 2, 3]))[0], decide_task(pd.Series([3, 5, 8]))[0]
    ('classification', 'regression')
    """
    import pandas as pd

    if pd.api.types.is_bool_dtype(series.dtype) or isinstance(series.dtype, pd.CategoricalDtype):
        return "classification", CATEGORIES
    cells = cells or interpret(series)
    if cells.column.kind != "numeric":
        return "classification", TEXT if is_text(series) else CATEGORIES
    distinct = np.unique(cells.values[~np.isnan(cells.values)])
    if len(distinct) <= 2:
        return "classification", "has two values"
    if not (distinct == np.round(distinct)).all():
        return "regression", "holds numbers with fractions"
    if len(distinct) > MOST_CLASS_NUMBERS:
        return "regression", f"has {len(distinct)} different numbers"
    if distinct.tolist() == [-1.0, 0.0, 1.0]:
        return "classification", "has the values -1, 0 and 1"
    if distinct[0] in (0.0, 1.0):
        return "classification", f"holds {len(distinct)} whole numbers that count from {distinct[0]:g}"
    return (
        "regression",
        f"holds whole numbers from {distinct[0]:g} to {distinct[-1]:g}, which do not count from 0 or 1",
    )


def read_labels(
    series: pd.Series[Any], task: str | None = None, reading: Reading | None = None, decimal: str = "."
) -> Labels:
    """Turn the label column into class indices or targets.

    Rows without a label are left out, and so are rows that are the only one of their class.

    Args:
        series: (n,) label cells of any type.
        task: overrides ``decide_task``.
        reading: what means a missing label.
        decimal: decimal mark of the file.

    Raises:
        DataError: no labels, one class only, a class for most rows, a constant or infinite
            target, or text where numbers are needed.
    """
    name = str(series.name)
    if task is not None and task not in TASKS:
        raise DataError(f"task is {task!r}, allowed: {', '.join(TASKS)}.{did_you_mean(task, TASKS)}")
    reading = reading or Reading()
    cells = interpret(series, reading, decimal)
    if cells.date:
        raise DataError(
            f"label column {name!r} holds dates such as {cells.date!r}, which are neither plain numbers nor "
            "classes; replace it with numbers that matter (days since an event) or choose another label."
        )
    if task is None:
        task, reason = decide_task(series, cells)
        other = TASKS[1 - TASKS.index(task)]
        choice = "" if reason in (TEXT, CATEGORIES) else f" (--task {other} overrides)"
        said = f"Task: {task}, because the label {name!r} {reason}{choice}."
    else:
        said = f"Task: {task}, as requested, with the label {name!r}."
    if task == "regression":
        labels = _targets(cells, name)
    else:
        labels = _classes(series, name, cells, reading)
    return Labels(task, labels.classes, labels.keep, labels.y, (said, *labels.notes))


def known_labels(
    series: pd.Series[Any],
    task: str,
    classes: tuple[str, ...],
    reading: Reading | None = None,
    decimal: str = ".",
) -> NDArray[Any] | None:
    """Labels of rows for a model that exists: class indices (-1 where missing) or targets.

    Returns:
        (n,) int64 or float64, or None if no row has a label.

    Raises:
        DataError: a label that is not one of the classes.
    """
    reading = reading or Reading()
    if task == "regression":
        values = as_numbers(series) if not is_text(series) else _known_targets(series, reading, decimal)
        return None if np.isnan(values).all() else values
    words = factorize(series)
    index = {text: i for i, text in enumerate(classes)}
    found = [index.get(text, index.get(_canonical(text), -1)) for text in words.texts]
    unknown = [
        text
        for text, place in zip(words.texts, found, strict=True)
        if place < 0 and not _is_missing(text, reading)
    ]
    if unknown:
        raise DataError(
            f"label column {series.name!r} holds {unknown[0]!r}, but the model knows the classes "
            f"{', '.join(classes)}.{did_you_mean(unknown[0], classes)}"
        )
    y = np.array([*found, -1], dtype=np.int64)[words.index]
    return None if (y < 0).all() else y


def _known_targets(series: pd.Series[Any], reading: Reading, decimal: str) -> NDArray[np.float64]:
    words = without_marks(factorize(series), reading)
    return pick(numbers_in(words.texts, written(words.texts, words.counts, decimal)), words.index)


def _is_missing(text: str, reading: Reading) -> bool:
    if reading.missing is not None:
        return text == "" or text in reading.missing
    return is_missing_word(text) or is_mark(text)


def _canonical(text: str) -> str:
    """A number as classes are named: 1.0 is 1.

    >>> _canonical("1.0"), _canonical("2.50"), _canonical("one")
    ('1', '2.5', 'one')
    """
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else str(number)


def _class_words(series: pd.Series[Any], cells: Cells, reading: Reading) -> Words:
    """The classes by name; a column of numbers names them as numbers."""
    words = factorize(series)
    if cells.column.kind != "numeric" or words.declared or not is_text(series):
        return without_missing(words, reading)
    if len(without_marks(words, reading).texts) < 2:  # "None" and "1": two classes by name
        return without_missing(words, reading)
    words = without_marks(words, reading)
    names: dict[str, int] = {}
    new = np.array([names.setdefault(_canonical(t), len(names)) for t in words.texts] + [-1], dtype=np.int64)
    index = new[words.index]
    return Words(index, tuple(names), np.bincount(index[index >= 0], minlength=len(names)))


def _targets(cells: Cells, name: str) -> Labels:
    if cells.column.kind == "categorical":
        raise DataError(
            f"label column {name!r} holds text such as {cells.column.categories[0]!r}, but regression "
            "predicts numbers; use task='classification' or choose another label."
        )
    refuse_infinite(name, cells.values)
    keep = ~np.isnan(cells.values)
    y = cells.values[keep]
    if len(y) < 4:
        raise DataError(f"label column {name!r} has {len(y)} numbers; regression needs at least four rows.")
    if y.min() == y.max():
        raise DataError(
            f"label column {name!r} is {y[0]:g} in every row, so there is nothing to learn; choose another."
        )
    notes = tuple(note.replace("{}", f"Label {name!r}", 1) for note in cells.notes)
    return Labels("regression", (), keep, y, (*notes, *_left_out(keep)))


def _classes(series: pd.Series[Any], name: str, cells: Cells, reading: Reading) -> Labels:
    if not is_text(series):
        refuse_infinite(name, series.to_numpy(dtype=np.float64, na_value=np.nan))
    words = _class_words(series, cells, reading)
    labelled = int(words.counts.sum())
    if labelled >= 4 and len(words.texts) == 1:
        raise DataError(
            f"label column {name!r} is {words.texts[0]!r} in every row, so there is nothing to learn; "
            "classification needs two classes. Choose another label column."
        )
    if labelled >= 4 and 2 * len(words.texts) > labelled:
        raise DataError(
            f"label column {name!r} has {len(words.texts)} different values in {labelled} rows, too many for "
            "classes; choose another label column, or task='regression' if they are numbers."
        )
    lone = np.flatnonzero(words.counts == 1).tolist()
    kept = np.flatnonzero(words.counts > 1).tolist()
    if len(kept) < 2:
        what = f"only {words.texts[kept[0]]!r}" if kept else "no class"
        raise DataError(
            f"label column {name!r} has {what} in two rows or more, but classification needs two such "
            "classes; choose another label column or add rows."
        )
    if not words.declared:
        kept = _sorted(kept, words.texts)
    new = np.full(len(words.texts) + 1, -1, dtype=np.int64)
    new[kept] = np.arange(len(kept))
    y = new[words.index]
    keep = y >= 0
    told = cells.notes if cells.column.kind == "categorical" else cells.notes[:1]
    notes = [note.replace("{}", f"Label {name!r}", 1) for note in told]
    notes += _left_out(words.index >= 0)
    if lone:
        names = ", ".join(repr(words.texts[i]) for i in lone[:5])
        what = "row that is the only one of its" if len(lone) == 1 else "rows that are the only one of their"
        notes.append(f"Left out: {len(lone)} {what} class ({names}).")
    return Labels("classification", tuple(words.texts[i] for i in kept), keep, y[keep], tuple(notes))


def _sorted(kept: list[int], texts: tuple[str, ...]) -> list[int]:
    """By value if every class is a number, else by text."""
    try:
        return sorted(kept, key=lambda i: float(texts[i]))
    except ValueError:
        return sorted(kept, key=lambda i: texts[i])


def _left_out(keep: NDArray[np.bool_]) -> list[str]:
    missing = int((~keep).sum())
    return [f"Left out: {missing:,} row{'s' * (missing > 1)} without a label."] if missing else []
