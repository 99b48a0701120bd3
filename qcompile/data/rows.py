"""Rows: reading more rows of a table whose columns a model knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data import story
from qcompile.data.clean.columns import as_numbers, truth, without_sentinels
from qcompile.data.clean.dates import date_parts
from qcompile.data.clean.labels import LABEL_NAMES, known_labels
from qcompile.data.clean.missing import is_mark, is_missing_word
from qcompile.data.clean.numbers import Written, numbers_in
from qcompile.data.clean.said import cells
from qcompile.data.clean.words import factorize, is_text, pick
from qcompile.data.read.raw import Wanted
from qcompile.data.read.source import open_source
from qcompile.errors import DataError, did_you_mean
from qcompile.model.reading import Reading
from qcompile.model.schema import Column, Schema

if TYPE_CHECKING:
    import pandas as pd

    from qcompile.data.read.source import Source


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows for a model, and what in them it does not know.

    Attributes:
        x: (n, f) float32, less the columns' offsets; missing and unknown cells are NaN.
        y: (n,) class indices (-1 where missing) or targets (NaN where missing), or None if the
            label column is not there.
        unseen: number of cells with a category that training did not see.
        unreadable: number of cells that are neither a number (or date) nor a mark for none.
        notes: sentences on the two, and on the reading of the file.
    """

    x: NDArray[np.float32]
    y: NDArray[Any] | None
    unseen: int = 0
    unreadable: int = 0
    notes: tuple[str, ...] = ()


def load_rows(source: Source, schema: Schema, reading: Reading | None = None) -> Rows:
    """Read rows for a model whose schema is known; columns may come in any order.

    Args:
        source: as for ``load``; other columns than those of the schema are ignored.
        schema: of the model; it says how the cells of its columns are written.
        reading: what the user says about this source; None, or in part: as in training.

    Raises:
        DataError: a column is missing, or a label is not one of the classes.
    """
    reading = (reading or Reading()).for_model(schema.reading)
    texts = {c.header for c in schema.columns if _as_written(c)} | (
        {schema.label} if schema.classes else set()
    )
    headers = tuple(dict.fromkeys(c.header for c in schema.columns))
    raw = open_source(source, Wanted(headers, frozenset(texts)))
    absent = [name for name in headers if name not in raw.frame.columns]
    if absent:
        raise DataError(
            f"{raw.source} has no column {absent[0]!r}, which the model reads ({len(absent)} of "
            f"{len(headers)} are missing).{did_you_mean(absent[0], raw.frame.columns)}"
        )
    x = np.empty((len(raw.frame), len(schema.columns)), dtype=np.float32, order="F")
    unknown: list[tuple[Column, dict[str, int]]] = []
    with np.errstate(over="ignore"):
        for j, column in enumerate(schema.columns):
            values, strange = read_as(raw.frame[column.header], column, reading)
            x[:, j] = values - column.offset
            unknown += [(column, strange)] if strange else []
    target = raw.target
    if schema.label in raw.frame.columns and schema.label not in headers:
        target = raw.frame[schema.label]
    y = None
    if target is not None:
        y = known_labels(target, schema.task, schema.classes, reading, raw.decimal)
    unseen = sum(sum(s.values()) for c, s in unknown if c.kind == "categorical")
    unreadable = sum(sum(s.values()) for c, s in unknown if c.kind != "categorical")
    notes = (*raw.notes, *story.joined((c.name, _about(c, strange)) for c, strange in unknown))
    return Rows(np.ascontiguousarray(x), y, unseen, unreadable, notes)


def read_as(
    series: pd.Series[Any], column: Column, reading: Reading | None = None
) -> tuple[NDArray[np.float64], dict[str, int]]:
    """Cells of a column whose meaning is known; what does not fit it becomes NaN.

    Args:
        series: (n,) any cells.
        column: how they were understood in training.
        reading: what means a missing cell.

    Returns:
        (n,) float64, and the texts that do not fit with their numbers of cells.

    >>> import pandas as pd
    >>> read_as(pd.Series(["red", "green"]), Column("c", "categorical", ("blue", "red")))
    (array([ 1., nan]), {'green': 1})
    """
    if column.kind != "categorical" and not column.part and not is_text(series):
        return without_sentinels(as_numbers(series), reading), {}
    words = factorize(series)
    if column.kind == "categorical":
        place = {category: float(i) for i, category in enumerate(column.categories)}
        lookup = np.array([place.get(text, np.nan) for text in words.texts], dtype=np.float64)
        missing = is_missing_word
    elif column.part:
        parts = date_parts(words.texts, column.order)
        lookup, missing = parts[column.part], is_mark
        anything = ~np.isnan(np.array(list(parts.values()))).all(axis=0)
    else:
        lookup = numbers_in(words.texts, Written(column.decimal, column.unit))
        missing = is_mark
        if column.kind == "boolean":
            lookup = np.where(np.isnan(lookup), truth(words.texts), lookup)
    known = ~np.isnan(lookup) | (anything if column.part else False)
    given = () if reading is None or reading.missing is None else reading.missing
    strange = {
        words.texts[i]: int(words.counts[i])
        for i in np.flatnonzero(~known).tolist()
        if not (missing(words.texts[i]) or words.texts[i] in (*given, *column.marks))
    }
    return without_sentinels(pick(lookup, words.index), None if column.categories else reading), strange


def load_cells(source: Source, width: int) -> tuple[NDArray[np.float32], pd.Series[Any] | None]:
    """Read rows for a model that knows its columns by their order alone.

    Args:
        source: as for ``load``, with exactly the model's columns, and a column of labels if any.
        width: columns that the model reads.

    Returns:
        x: (n, width) float32; missing cells are NaN.
        labels: the cells of a column called class, label, target, .., if there is one more than ``width``.

    Raises:
        DataError: more or fewer columns, or a cell that is not a number.
    """
    raw = open_source(source, Wanted(()))
    frame, target = raw.frame, raw.target
    if len(frame.columns) == width + 1:
        named = [name for name in frame.columns if str(name).strip().lower() in LABEL_NAMES]
        if len(named) == 1:
            frame, target = frame.drop(columns=named[0]), frame[named[0]]
    if len(frame.columns) != width:
        raise DataError(
            f"{raw.source} has {len(frame.columns)} columns, the model reads {width}, in the order of its "
            "input; leave out the others (one more, called label, is compared with the predictions)."
        )
    x = np.empty((len(frame), width), dtype=np.float32)
    with np.errstate(over="ignore"):
        for j, name in enumerate(frame.columns):
            x[:, j], strange = read_as(frame[name], Column(str(name), "numeric", (), raw.decimal))
            if strange:
                raise DataError(
                    f"column {str(name)!r} of {raw.source} holds {next(iter(strange))[:40]!r}; an imported "
                    "model reads numbers."
                )
    return x, target


def _as_written(column: Column) -> bool:
    """Whether its cells must not become numbers on the way: 2.082 may be two thousand."""
    return column.kind != "numeric" or column.decimal != "." or bool(column.unit or column.part)


def _about(column: Column, strange: dict[str, int]) -> str:
    n, first = sum(strange.values()), next(iter(strange))
    what = "a category that training did not see" if column.kind == "categorical" else "no number"
    if column.part:
        what = "no date"
    verb, read = ("is", "was") if n == 1 else ("are", "were")
    return f"{{}}: {cells(n)} such as {first[:40]!r} {verb} {what} and {read} read as missing."
