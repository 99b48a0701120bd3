"""Words: the different texts of a column, and which of them mean a missing cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.clean.missing import ALWAYS, is_mark, is_missing_word
from qcompile.errors import DataError
from qcompile.model.reading import Reading

if TYPE_CHECKING:
    import pandas as pd

FREQUENT = 0.05  # share of the cells from which a word such as None is a category


@dataclass(frozen=True, eq=False)
class Words:
    """Text cells: (n,) index into the different texts, -1 where missing.

    ``declared`` says that the texts are the categories that a frame names, not merely what it holds.
    """

    index: NDArray[np.int64]
    texts: tuple[str, ...]
    counts: NDArray[np.int64]
    declared: bool = False

    def only(self, keep: NDArray[np.bool_]) -> Words:
        """The texts for which ``keep`` holds; cells with another one become missing."""
        renumber = np.append(np.where(keep, np.cumsum(keep) - 1, -1), -1)
        texts = tuple(text for text, is_kept in zip(self.texts, keep, strict=True) if is_kept)
        return Words(renumber[self.index], texts, self.counts[keep], self.declared)

    def which(self, holds: Callable[[str], bool]) -> NDArray[np.bool_]:
        """(texts,) bool."""
        return np.fromiter((holds(text) for text in self.texts), dtype=bool, count=len(self.texts))


def is_text(series: pd.Series[Any]) -> bool:
    """Whether the cells are texts (or declared categories), not numbers, booleans or durations."""
    import pandas as pd

    return isinstance(series.dtype, pd.CategoricalDtype) or not (
        pd.api.types.is_numeric_dtype(series.dtype)
        or pd.api.types.is_bool_dtype(series.dtype)
        or pd.api.types.is_timedelta64_dtype(series.dtype)
    )


def factorize(series: pd.Series[Any]) -> Words:
    """The different texts of a column, in order of appearance (of declaration, if categories).

    Raises:
        DataError: a cell holds a list or a table.
    """
    import pandas as pd

    declared = isinstance(series.dtype, pd.CategoricalDtype)
    if declared:
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
        new[i] = texts.setdefault(_text(value), len(texts))
    mapped = new[np.asarray(index, dtype=np.int64)]
    counts = np.bincount(mapped[mapped >= 0], minlength=len(texts))
    words = Words(mapped, tuple(texts), counts, declared)
    return words.only(counts > 0)  # declared categories may not occur


def without_marks(words: Words, reading: Reading) -> Words:
    """Without the texts that mean a missing cell in a column of numbers."""
    return words.only(~words.which(lambda text: is_mark(text) or text in (reading.missing or ())))


def without_missing(words: Words, reading: Reading) -> Words:
    """Without the texts that mean a missing cell in a column of texts.

    A word such as None or NA is kept where a frame names it among its categories, or where it is
    about as frequent as the other texts are.
    """
    if reading.missing is not None:
        given = ("", *reading.missing)
        return words.only(~words.which(lambda text: text in given))
    missing = words.which(is_missing_word)
    kept = frequent_words(words, missing)
    return words.only(~missing | words.which(lambda text: text in kept))


def frequent_words(words: Words, missing: NDArray[np.bool_]) -> tuple[str, ...]:
    """Words among the missing ones that are categories.

    >>> words = Words(np.array([0, 1, 1, 2, 2]), ("NA", "None", "Low"), np.array([1, 90, 80]))
    >>> frequent_words(words, np.array([True, True, False]))
    ('None',)
    """
    others = words.counts[~missing]
    if not len(others):
        return ()
    least = min(FREQUENT * int(words.counts.sum()), float(np.median(others)) / 2)
    word = words.which(lambda text: text not in ALWAYS and not text.startswith("#"))
    enough = words.declared | (words.counts >= max(2.0, least))
    return tuple(words.texts[i] for i in np.flatnonzero(missing & word & enough).tolist())


def pick(values: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
    """values[index], NaN where the index is -1."""
    return np.append(values, np.nan)[index]


def _text(value: Any) -> str:
    """A cell as text: numbers that are whole are written without a decimal point."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()
