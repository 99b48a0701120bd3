"""Story: the sentences that say what was read, what was left out and what was taken as what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qcompile.data.assemble import MAX_CATEGORIES
from qcompile.model.schema import Schema

MOST = 12  # sentences of one kind; what more columns have is counted


def named(names: Sequence[str]) -> str:
    """Column names in a sentence, the first few of many.

    >>> named(["a"]), named(["a", "b"])
    ("column 'a'", "columns 'a', 'b'")
    """
    shown = ", ".join(repr(n) for n in names[:6])
    noun = "column" if len(names) == 1 else "columns"
    return f"{noun} {shown}" + (f" and {len(names) - 6:,} more" if len(names) > 6 else "")


def joined(notes: Iterable[tuple[str, str]]) -> list[str]:
    """(column, sentence with a gap for it) as sentences; equal ones are said once, many are counted.

    >>> joined([("a", "{}: whole."), ("b", "{}: whole."), ("c", "{} holds 3.")])
    ["Columns 'a', 'b': whole.", "Column 'c' holds 3."]
    """
    by_sentence: dict[str, list[str]] = {}
    for column, sentence in notes:
        by_sentence.setdefault(sentence, []).append(column)
    told = list(by_sentence.items())
    said = [sentence.replace("{}", _capital(named(names)), 1) for sentence, names in told[:MOST]]
    more = sorted({name for _, names in told[MOST:] for name in names})
    if more:
        said.append(f"Likewise, with other texts, in {named(more)}.")
    return said


def left_out(reasons: Mapping[str, Sequence[str]]) -> list[str]:
    """Reason -> columns, as sentences."""
    return [
        f"Left out: {named(names)}, {'which' if len(names) == 1 else 'each of which'} {reason}."
        for reason, names in reasons.items()
    ]


def about(schema: Schema, x: NDArray[np.float32], held_out: int) -> list[str]:
    """Sentences on categories, missing cells, offsets and a given test set."""
    notes = []
    text = [c.name for c in schema.columns if c.kind == "categorical"]
    if text:
        most = max(len(c.categories) for c in schema.columns)
        limit = f" (the {MAX_CATEGORIES} most frequent)" if most > MAX_CATEGORIES else ""
        notes.append(f"Text in {named(text)}: one input per category of the training rows{limit}.")
    missing = np.isnan(x).sum(axis=0)
    cells = int(missing.sum())
    if cells:
        names = [schema.columns[j].name for j in np.flatnonzero(missing)]
        notes.append(
            f"{cells:,} cell{'s are' if cells > 1 else ' is'} missing, in {named(names)}: filled with the "
            "median or most frequent value of the training rows; an extra input marks them."
        )
    for column in schema.columns:
        if column.offset:
            notes.append(
                f"{_capital(named([column.name]))} is read less {column.offset:.17g}, because float32 "
                "would make different cells equal; rows given to the compiled model must be, too."
            )
    if held_out:
        notes.append(f"The source sets {held_out:,} rows aside for testing; they are used for that only.")
    return notes


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
