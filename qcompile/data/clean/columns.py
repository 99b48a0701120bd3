"""Columns: what kind of cells a column holds, and its cells as numbers.

The kind is decided from the feature cells alone, never from labels:

    numbers                                   numeric
    text of numbers and of marks for none     numeric ($1,250, 12.3 kg, <0.5, and -, n.d., #DIV/0!)
    true/false, yes/no                        boolean
    dates, times                              left out, or numeric parts (year, month, weekday, hour)
    lists, complex numbers                    refused
    other text                                categorical
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.clean.dates import are_day_numbers, date_parts, day_order, is_date
from qcompile.data.clean.numbers import number_texts, numbers_in, written
from qcompile.data.clean.said import said_of_numbers, said_of_units, said_of_words
from qcompile.data.clean.words import Words, factorize, is_text, pick, without_marks, without_missing
from qcompile.errors import DataError
from qcompile.model.reading import Reading
from qcompile.model.schema import Column

if TYPE_CHECKING:
    import pandas as pd

TRUTH = {"true": "false", "yes": "no", "t": "f", "y": "n"}
MOSTLY = 0.9  # share of the cells of a column, marks for missing ones aside, that make its kind
SAMPLE = 1000  # texts by which dates are recognised
# Where fewer cells are numbers, the others are marks only if they are few texts beside many numbers.
MANY_NUMBERS, FEW_TEXTS = 10, 0.2


@dataclass(frozen=True, eq=False)
class Cells:
    """A column with its (n,) float64 cells (NaN is missing), and what was done in reading them.

    Attributes:
        column: name, kind and format.
        values: (n,) float64.
        notes: sentences with a gap for the names of the columns, ``{}``.
        date: an example, if the column holds dates or times.
    """

    column: Column
    values: NDArray[np.float64]
    notes: tuple[str, ...] = ()
    date: str = ""


def interpret(series: pd.Series[Any], reading: Reading | None = None, decimal: str = ".") -> Cells:
    """Decide the kind of a column and turn its cells into numbers.

    Args:
        series: (n,) cells.
        reading: what the user said about reading.
        decimal: decimal mark of the file, where the column does not tell.

    Raises:
        DataError: lists or complex numbers.

    >>> import pandas as pd
    >>> cells = interpret(pd.Series(["red", "blue", "?"], name="colour"))
    >>> cells.column.categories, cells.values.tolist()
    (('blue', 'red'), [1.0, 0.0, nan])
    >>> interpret(pd.Series(["12.3 kg", "<0.5 kg", "n.d.", "7 kg"], name="w")).values.tolist()
    [12.3, 0.5, nan, 7.0]
    """
    import pandas as pd

    reading = reading or Reading()
    name, dtype = str(series.name), series.dtype
    if pd.api.types.is_bool_dtype(dtype) and not isinstance(dtype, pd.CategoricalDtype):
        return Cells(Column(name, "boolean"), as_numbers(series))
    if pd.api.types.is_complex_dtype(dtype):
        raise DataError(
            f"column {name!r} holds complex numbers such as {series.iloc[0]}; replace it with their real "
            "and imaginary parts or delete it."
        )
    if pd.api.types.is_datetime64_any_dtype(dtype) or isinstance(dtype, pd.PeriodDtype):
        return Cells(Column(name, "numeric"), np.full(len(series), np.nan), date=str(series.iloc[0]))
    if pd.api.types.is_timedelta64_dtype(dtype):
        note = "{}: durations were read as seconds."
        return Cells(Column(name, "numeric"), as_numbers(series), (note,))
    if not is_text(series):
        values = without_sentinels(as_numbers(series), reading)
        if are_day_numbers(name, values):
            return Cells(Column(name, "numeric"), values, date=f"{values[~np.isnan(values)][0]:.0f}")
        return Cells(Column(name, "numeric", (), decimal), values)
    return _texts(name, factorize(series), reading, decimal)


def _texts(name: str, words: Words, reading: Reading, decimal: str) -> Cells:
    """Boolean, dates, numbers or categories: whatever the texts of a column are."""
    known = without_missing(words, reading)
    if {text.lower() for text in known.texts} in [{yes, no} for yes, no in TRUTH.items()]:
        values = pick(truth(known.texts), known.index)
        return Cells(Column(name, "boolean"), values, said_of_words(words, known, reading))
    rest = without_marks(words, reading)
    total = int(rest.counts.sum())
    if total and not words.declared:
        sample = rest.texts[:: max(1, len(rest.texts) // SAMPLE)]
        if np.mean([is_date(text) for text in sample]) >= MOSTLY:
            return Cells(
                Column(name, "numeric"), np.full(len(words.index), np.nan), date=next(filter(is_date, sample))
            )
        form = written(rest.texts, rest.counts, decimal)
        numbers = numbers_in(rest.texts, form)
        if _are_numbers(rest, numbers):
            junk = tuple(rest.texts[i] for i in np.flatnonzero(np.isnan(numbers)).tolist())
            column = Column(name, "numeric", (), form.decimal, form.unit, junk if len(junk) <= 20 else ())
            values = without_sentinels(pick(numbers, rest.index), reading)
            return Cells(column, values, said_of_numbers(words, rest, numbers, form))
    if not len(known.texts):
        return Cells(Column(name, "numeric"), np.full(len(words.index), np.nan))
    column = Column(name, "categorical", tuple(known.texts if words.declared else sorted(known.texts)))
    place = {text: float(i) for i, text in enumerate(column.categories)}
    values = pick(np.array([place[text] for text in known.texts], dtype=np.float64), known.index)
    return Cells(column, values, (*said_of_words(words, known, reading), *said_of_units(rest)))


def _are_numbers(rest: Words, numbers: NDArray[np.float64]) -> bool:
    """Whether texts of which some are numbers make a column of numbers."""
    good = ~np.isnan(numbers)
    share = rest.counts[good].sum() / rest.counts.sum()
    if share < 0.5:
        return False
    if share < MOSTLY:
        different, others = len(np.unique(numbers[good])), int((~good).sum())
        if different < MANY_NUMBERS or others > max(1, FEW_TEXTS * different):
            return False
    bounds = np.array([_is_bound(text) for text, is_good in zip(rest.texts, good, strict=True) if is_good])
    # ">50K" and "<=50K" are two categories; many different bounds, or some among numbers, are numbers.
    return bool(rest.counts[good][~bounds].sum() * 2 >= rest.counts[good].sum()) or (
        len(np.unique(numbers[good])) >= MANY_NUMBERS
    )


def _is_bound(text: str) -> bool:
    if text[:1].isdigit() and text[-1:].isdigit():
        return False
    part = number_texts(text)
    return part is not None and part.bound != ""


def parts_of(series: pd.Series[Any], order: str = "") -> tuple[list[Cells], str]:
    """A column of dates or times as the parts that it has, and how its days were read.

    Args:
        series: (n,) cells of dates, or texts of them.
        order: "dmy" or "mdy" if known.

    >>> import pandas as pd
    >>> cells, said = parts_of(pd.Series(["2010-07-03", "2011-08-04"], name="when"))
    >>> [c.column.name for c in cells]
    ['when.year', 'when.month', 'when.weekday']
    """
    name = str(series.name)
    words = factorize(series)
    known, told = (order, True) if order else day_order(words.texts)
    said = "" if told else "the month before the day, as nothing in it tells"
    found = []
    for part, values in date_parts(words.texts, known).items():
        if not np.isnan(values).all():
            column = Column(f"{name}.{part}", "numeric", source=name, part=part, order=known)
            found.append(Cells(column, pick(values, words.index)))
    return found, said


def without_sentinels(values: NDArray[np.float64], reading: Reading | None) -> NDArray[np.float64]:
    """Numbers, but NaN where one is among the texts that mean a missing cell.

    >>> without_sentinels(np.array([1.0, -999.0]), Reading(missing=("NA", "-999"))).tolist()
    [1.0, nan]
    """
    numbers = numbers_in(reading.missing) if reading is not None and reading.missing else np.empty(0)
    return np.where(np.isin(values, numbers[~np.isnan(numbers)]), np.nan, values)


def refuse_infinite(name: str, values: NDArray[np.float64]) -> None:
    """Refuse a cell that is infinite, or would be as float32.

    Raises:
        DataError: naming the column and the row.
    """
    with np.errstate(over="ignore"):
        wrong = np.isinf(values.astype(np.float32))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        what = "is infinite" if np.isinf(values[row]) else f"is {values[row]:g}, too large for float32"
        raise DataError(
            f"column {name!r} {what} in row {row + 1}; replace the number, "
            "leave the cell empty, or rescale the column."
        )


def as_numbers(series: pd.Series[Any]) -> NDArray[np.float64]:
    """Cells of a numeric, boolean or duration type as float64; durations in seconds."""
    import pandas as pd

    if pd.api.types.is_timedelta64_dtype(series.dtype):
        series = series.dt.total_seconds()
    return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def truth(texts: tuple[str, ...]) -> NDArray[np.float64]:
    """1 for true, yes, ..; 0 for false, no, ..; NaN for other texts."""
    value = dict.fromkeys(TRUTH, 1.0) | dict.fromkeys(TRUTH.values(), 0.0)
    return np.array([value.get(text.lower(), np.nan) for text in texts], dtype=np.float64)
