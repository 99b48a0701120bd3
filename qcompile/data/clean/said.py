"""What is said of a column that was read as numbers or as categories, with counts.

Each sentence has a gap ``{}`` for the column's name, so that equal ones can be joined.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from qcompile.data.clean.missing import ALWAYS, is_missing_word
from qcompile.data.clean.numbers import Written, number_texts
from qcompile.data.clean.words import Words
from qcompile.model.reading import Reading

SAMPLE = 1000  # texts in which units are sought


def said_of_numbers(
    words: Words, rest: Words, numbers: NDArray[np.float64], form: Written
) -> tuple[str, ...]:
    """Sentences on marks, other texts, bounds, and numbers that ``float`` does not take.

    Args:
        words: the different texts of the column.
        rest: those that are no marks for a missing cell.
        numbers: of ``rest``, NaN where a text is no number.
        form: how the numbers are written.
    """
    said = []
    kept = set(rest.texts)
    marks = {t: int(c) for t, c in zip(words.texts, words.counts, strict=True) if t and t not in kept}
    if marks:
        told = _listed(marks)
        said.append(f"{{}}: numbers, where {told} count{'s' * (sum(marks.values()) == 1)} as missing.")
    wrong = np.isnan(numbers)
    if wrong.any():
        example = rest.texts[int(np.flatnonzero(wrong)[0])]
        n = int(rest.counts[wrong].sum())
        said.append(f"{{}} holds numbers except for {cells(n)} such as {example!r}, which count as missing.")
    bounds, dressed = _odd(rest, numbers)
    if bounds:
        n, text, value = _of(rest, numbers, bounds)
        said.append(
            f"{{}}: {cells(n)} such as {text!r} {_are(n)} a bound, which was taken as the number "
            f"({value:.10g})."
        )
    if dressed:
        n, text, value = _of(rest, numbers, dressed)
        unit = f", all in {form.unit}" if form.unit else ""
        said.append(
            f"{{}}: {cells(n)} of text such as {text!r} {_were(n)} read as a number ({value:.10g}{unit})."
        )
    return tuple(said)


def said_of_words(words: Words, known: Words, reading: Reading) -> tuple[str, ...]:
    """Sentences on words such as None: taken as missing, or kept because they are frequent."""
    if reading.missing is not None:
        return ()
    kept = set(known.texts)
    usual = {
        text: int(count)
        for text, count in zip(words.texts, words.counts, strict=True)
        if text not in ALWAYS and is_missing_word(text)
    }
    gone = {text: count for text, count in usual.items() if text not in kept}
    stay = {text: count for text, count in usual.items() if text in kept}
    said = []
    if gone:
        said.append(
            f"{{}}: {_listed(gone)} {_were(sum(gone.values()))} taken as missing "
            "(--missing with the texts that mean missing keeps others as categories)."
        )
    if stay:
        first = next(iter(stay))
        said.append(
            f"{{}}: {_listed(stay)} {_were(sum(stay.values()))} kept as a category, being frequent "
            f"(--missing {first} takes it as missing)."
        )
    return tuple(said)


def said_of_units(rest: Words) -> tuple[str, ...]:
    """A sentence on numbers with several units, which therefore are categories."""
    parts = [number_texts(text) for text in rest.texts[:SAMPLE]]
    units = Counter(part.unit for part in parts if part is not None and part.unit)
    if not 2 <= len(units) <= 4 or sum(units.values()) < 0.9 * len(parts) or len(parts) < 2 * len(units):
        return ()
    told = ", ".join(repr(unit) for unit, _ in units.most_common())
    return (f"{{}}: numbers with different units ({told}); with one unit they would be read as numbers.",)


def cells(n: int) -> str:
    """``1 cell``, ``1,250 cells``."""
    return f"{n:,} cell{'' if n == 1 else 's'}"


def _odd(rest: Words, numbers: NDArray[np.float64]) -> tuple[list[int], list[int]]:
    """Indices of texts that are bounds, and of others that ``float`` does not take."""
    bounds: list[int] = []
    dressed: list[int] = []
    for i in np.flatnonzero(~np.isnan(numbers)).tolist():
        try:
            same = float(rest.texts[i]) == numbers[i]
        except ValueError:
            same = False
        if not same:
            part = number_texts(rest.texts[i])
            (bounds if part is not None and part.bound else dressed).append(i)
    return bounds, dressed


def _of(rest: Words, numbers: NDArray[np.float64], which: list[int]) -> tuple[int, str, float]:
    return int(rest.counts[which].sum()), rest.texts[which[0]], float(numbers[which[0]])


def _listed(marks: dict[str, int]) -> str:
    """``3 cells '-' and 1 cell 'n.d.'``; the first few of many."""
    told = [f"{cells(count)} {text!r}" for text, count in list(marks.items())[:4]]
    if len(marks) > 4:
        told.append(f"{cells(sum(list(marks.values())[4:]))} of {len(marks) - 4} other texts")
    return told[0] if len(told) == 1 else ", ".join(told[:-1]) + " and " + told[-1]


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"
