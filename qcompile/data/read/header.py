"""Header: whether the first line of a text table names the columns or is a row already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from qcompile.data.clean.missing import is_missing_word


def is_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a first line is a header, judged by the cells below it.

    A text that occurs again in its own column is a value, so it speaks for a row. A text above a
    column of numbers, or above one whose values repeat but never are this text, is a name.
    The majority decides. Without a word that tells, a line of numbers for the most part is a row,
    except 0, 1, 2, ..: frames without names are written with these.

    Args:
        first: cells of the first line.
        below: some of the next rows, of the same width.

    >>> is_header(["e", "x", "s"], [["p", "x", "y"], ["e", "b", "s"], ["e", "x", "y"]])
    False
    >>> is_header(["class", "shape", "2019"], [["p", "x", "1"], ["e", "b", "2"], ["e", "x", "3"]])
    True
    """
    known = [cell.strip() for cell in first if not is_missing_word(cell)]
    numbers = [cell for cell in known if _is_number(cell)]
    if len(numbers) > 2 and numbers == [str(i) for i in range(len(numbers))]:
        return True
    votes = 0
    for j, cell in enumerate(first):
        if not is_missing_word(cell) and not _is_number(cell):
            votes += _vote(cell.strip(), [row[j].strip() for row in below if not is_missing_word(row[j])])
    return votes > 0 or (votes == 0 and 2 * len(numbers) <= len(known))


def over_numbers(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a line without a number stands above at least one column of nothing but numbers.

    >>> over_numbers(["a", "b"], [["1", "x"], ["2", "y"]]), over_numbers(["a", "1"], [["x", "2"]])
    (True, False)
    """
    if any(_is_number(cell) for cell in first) or not below:
        return False
    columns = ([row[j] for row in below if not is_missing_word(row[j])] for j in range(len(first)))
    return any(column and all(_is_number(cell) for cell in column) for column in columns)


def _vote(cell: str, column: Sequence[str]) -> int:
    """+1: the text names its column; -1: it is one of its values; 0: it may be either."""
    if not column:
        return 0
    counts = Counter(column)
    if cell in counts:
        return -1
    repeated = len(counts) <= max(2, len(column) // 2) and len(column) > len(counts)
    return 1 if repeated or all(_is_number(text) for text in counts) else 0


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
