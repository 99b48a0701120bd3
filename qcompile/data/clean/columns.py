"""Columns: what kind of cells a column holds, and its cells as numbers.

The kind is decided from the feature cells alone, never from labels:

    numbers                                   numeric
    true/false, yes/no                        boolean
    text of which nine in ten are numbers     numeric ($1,250 and 12 % too), the rest counts as missing
    dates, lists, complex numbers             refused
    other text                                categorical
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.clean.missing import is_missing_word
from qcompile.data.clean.numbers import dressed, numbers_in
from qcompile.errors import DataError
from qcompile.model.schema import Column

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cells", "Words", "factorize", "interpret", "is_text", "read_as", "refuse_infinite"]

TRUTH = {"true": "false", "yes": "no", "t": "f", "y": "n"}
MOSTLY = 0.9
MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
DATE = re.compile(
    rf"(\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}[ -]{MONTH}[ -]\d{{2,4}}|{MONTH} \d{{1,2}},? \d{{4}})([ T]\d{{1,2}}:\d{{2}}.*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Cells:
    """A column with its (n,) float64 cells (NaN is missing) and a sentence about them, or none."""

    column: Column
    values: NDArray[np.float64]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Words:
    """Text cells: (n,) index into the different texts, -1 where missing."""

    index: NDArray[np.int64]
    texts: tuple[str, ...]
    counts: NDArray[np.int64]


def is_text(series: pd.Series[Any]) -> bool:
    """Whether the cells are texts (or declared categories), not numbers, booleans or times."""
    import pandas as pd

    return isinstance(series.dtype, pd.CategoricalDtype) or not (
        pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_bool_dtype(series.dtype)
    )


def factorize(series: pd.Series[Any]) -> Words:
    """The different texts of a column, in order of appearance (of declaration, if categories)."""
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        index, found = np.asarray(series.cat.codes, dtype=np.int64), list(series.cat.categories)
    else:
        try:
            index, found = pd.factorize(series, use_na_sentinel=True)
        except TypeError as error:  # unhashable cells
            raise DataError(
                f"column {series.name!r} holds lists or tables; give one number or text per cell."
            ) from error
    texts: dict[str, int] = {}
    new = np.full(len(found) + 1, -1, dtype=np.int64)  # the last entry serves index -1
    for i, value in enumerate(found):
        text = _text(value)
        if not is_missing_word(text):
            new[i] = texts.setdefault(text, len(texts))
    mapped = new[np.asarray(index, dtype=np.int64)]
    counts = np.bincount(mapped[mapped >= 0], minlength=len(texts))
    used = counts > 0  # declared categories may not occur
    renumber = np.append(np.where(used, np.cumsum(used) - 1, -1), -1)
    kept = tuple(text for text, is_used in zip(texts, used, strict=True) if is_used)
    return Words(renumber[mapped], kept, counts[used])


def interpret(series: pd.Series[Any]) -> Cells:
    """Decide the kind of a column and turn its cells into numbers.

    Raises:
        DataError: dates, lists or complex numbers.

    >>> import pandas as pd
    >>> cells = interpret(pd.Series(["red", "blue", "?"], name="colour"))
    >>> cells.column.categories, cells.values.tolist()
    (('blue', 'red'), [1.0, 0.0, nan])
    """
    import pandas as pd

    name = str(series.name)
    if pd.api.types.is_bool_dtype(series.dtype) and not isinstance(series.dtype, pd.CategoricalDtype):
        return Cells(Column(name, "boolean"), _numbers(series))
    for what, holds in (
        ("dates", pd.api.types.is_datetime64_any_dtype),
        ("times", pd.api.types.is_timedelta64_dtype),
        ("complex numbers", pd.api.types.is_complex_dtype),
    ):
        if holds(series.dtype):
            raise _unusable(name, what, str(series.iloc[0]))
    if not is_text(series):
        return Cells(Column(name, "numeric"), _numbers(series))
    words = factorize(series)
    total = int(words.counts.sum())
    if total == 0:
        return Cells(Column(name, "numeric"), np.full(len(series), np.nan))
    if {text.lower() for text in words.texts} in [{yes, no} for yes, no in TRUTH.items()]:
        return Cells(Column(name, "boolean"), _pick(_truth(words.texts), words.index))
    dates = np.array([DATE.fullmatch(text) is not None for text in words.texts])
    if words.counts[dates].sum() >= MOSTLY * total:
        raise _unusable(name, "dates", words.texts[0])
    declared = isinstance(series.dtype, pd.CategoricalDtype)
    numbers = numbers_in(words.texts)
    junk = np.isnan(numbers)
    if not declared and words.counts[~junk].sum() >= MOSTLY * total:
        note = ""
        if junk.any():
            example = words.texts[int(np.flatnonzero(junk)[0])]
            note = (
                f"Column {name!r} holds numbers except for {_count(int(words.counts[junk].sum()), 'cell')} "
                f"such as {example!r}, which count as missing."
            )
        signs = [
            text
            for text, number in zip(words.texts, numbers, strict=True)
            if number == number and dressed(text)
        ]
        if signs and not junk.any():
            note = f"Text such as {signs[0]!r} in column {name!r} was read as a number."
        return Cells(Column(name, "numeric"), _pick(numbers, words.index), note)
    column = Column(name, "categorical", tuple(words.texts if declared else sorted(words.texts)))
    return Cells(column, _pick(_category_index(column, words.texts), words.index))


def read_as(series: pd.Series[Any], column: Column) -> NDArray[np.float64]:
    """Cells of a column whose meaning is known; what does not fit it becomes NaN.

    Args:
        series: (n,) any cells.
        column: how they were understood in training.

    Returns:
        (n,) float64.

    >>> import pandas as pd
    >>> read_as(pd.Series(["red", "green"]), Column("c", "categorical", ("blue", "red"))).tolist()
    [1.0, nan]
    """
    if column.kind != "categorical" and not is_text(series):
        return _numbers(series)
    words = factorize(series)
    if column.kind == "categorical":
        lookup = _category_index(column, words.texts)
    else:
        lookup = numbers_in(words.texts)
        if column.kind == "boolean":
            lookup = np.where(np.isnan(lookup), _truth(words.texts), lookup)
    return _pick(lookup, words.index)


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


def _text(value: Any) -> str:
    """A cell as text: numbers that are whole are written without a decimal point."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _numbers(series: pd.Series[Any]) -> NDArray[np.float64]:
    return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _pick(values: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
    """values[index], NaN where the index is -1."""
    return np.append(values, np.nan)[index]


def _truth(texts: tuple[str, ...]) -> NDArray[np.float64]:
    value = dict.fromkeys(TRUTH, 1.0) | dict.fromkeys(TRUTH.values(), 0.0)
    return np.array([value.get(text.lower(), np.nan) for text in texts], dtype=np.float64)


def _category_index(column: Column, texts: tuple[str, ...]) -> NDArray[np.float64]:
    known = {category: float(i) for i, category in enumerate(column.categories)}
    return np.array([known.get(text, np.nan) for text in texts], dtype=np.float64)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _unusable(name: str, what: str, example: str) -> DataError:
    return DataError(
        f"column {name!r} holds {what} such as {example!r}, which are neither plain numbers nor categories; "
        "replace it with numbers that matter (year, month, days since an event) or delete it."
    )
