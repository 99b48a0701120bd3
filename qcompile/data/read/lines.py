"""Lines that are no rows: a title above a table, its header once more inside, a line of sums below.

Programs that join files repeat headers; spreadsheets and statistical offices write titles and footers.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from qcompile.data.read.dialect import Dialect, rows_of
from qcompile.data.read.raw import brief, refuse_width
from qcompile.errors import DataError

LOOKED_AT = 1000  # rows by which a header is recognised
ABOVE, BELOW = 20, 5  # lines that a title and a footer may have
SUMS = re.compile(
    r"(?:grand |sub)?(?:total|sum|average|mean|count|gesamt|summe|insgesamt|totaal|somme)s?\b.*", re.I
)


@dataclass(frozen=True)
class Survey:
    """What has to be known of all lines before any cell is interpreted.

    Attributes:
        first: cells of the first line.
        widths: numbers of cells below it, each with the first line of that number.
        ended: whether all these lines end in an empty cell.
        sample: some of them, as wide as the first line.
        sizes: the number of cells of every line.
        again: lines (counted from 0) that equal the first.
        above: the first lines.
        below: the last lines.
    """

    first: list[str]
    widths: dict[int, int]
    ended: bool
    sample: list[list[str]]
    sizes: array[int] = field(default_factory=lambda: array("q"))
    again: tuple[int, ...] = ()
    above: tuple[tuple[str, ...], ...] = ()
    below: tuple[tuple[str, ...], ...] = ()


def survey(path: Path, dialect: Dialect) -> Survey:
    """Go over all lines once.

    Raises:
        DataError: a line is no table row, or there are too many columns.
    """
    widths: dict[int, int] = {}
    sample: list[list[str]] = []
    sizes, again, above, below = array("q"), [], [], []
    ended, line = True, 1
    first: list[str] = []
    rows = rows_of(dialect)
    try:
        first = next(rows, (0, first))[1]
        if not first:
            raise DataError(f"{path} is empty; give a table with a header line and at least four rows.")
        refuse_width(str(path), len(first))
        sizes.append(len(first))
        above.append(tuple(first))
        for line, row in rows:
            widths.setdefault(len(row), line)
            ended = ended and not row[-1].strip()
            if len(row) == len(first):
                if row == first:
                    again.append(len(sizes))
                if len(sample) < LOOKED_AT:
                    sample.append(row)
            sizes.append(len(row))
            below.append(tuple(row))
            if len(above) <= ABOVE:
                above.append(tuple(row))
            if len(below) > 4 * BELOW:
                del below[: 3 * BELOW]
    except csv.Error as error:
        raise DataError(f"{path} line {line + 1} is not a table row ({brief(error)}); correct it.") from error
    return Survey(first, widths, ended, sample, sizes, tuple(again), tuple(above), tuple(below[-BELOW:]))


def without_odd_lines(path: Path, dialect: Dialect, seen: Survey, has_header: bool) -> Dialect:
    """The table without lines that are no rows, and a note on each kind; as it is if there are none.

    Args:
        path: of the file, for notes.
        dialect: its text.
        seen: from ``survey``.
        has_header: whether the first line names the columns, so that an equal one is no row.
    """
    n = len(seen.sizes)
    usual = Counter(seen.sizes).most_common(1)[0][0]
    above = next((i for i, row in enumerate(seen.above) if _may_be_header(row, usual)), 0)
    drop: dict[int, str] = {}
    if usual > 1 and 0 < above <= ABOVE and n - above > above:
        drop.update(dict.fromkeys(range(above), "above"))
    elif has_header:
        drop.update(dict.fromkeys(seen.again, "again"))
    tail = list(seen.below)
    sample = [tuple(row) for row in seen.sample]
    while tail and len(drop) < n - 2 and _is_footer(tail[-1], tail[:-1] or sample, usual):
        drop[n - (len(seen.below) - len(tail)) - 1] = "below"
        tail.pop()
    if not drop:
        return dialect
    notes = [*dialect.notes]
    counts = Counter(drop.values())
    for where, told in (("above", ""), ("below", f" ({_first(seen.below[-1])!r})")):
        if counts[where]:
            lines = _lines(counts[where])
            notes.append(f"Left out of {path.name}: {lines} {where} the table{told}.")
    if counts["again"]:
        notes.append(f"Left out of {path.name}: {_lines(counts['again'])} that repeat the header.")
    kept = (row for i, (_, row) in enumerate(rows_of(dialect)) if i not in drop)
    return Dialect(_written(kept, dialect.delimiter), dialect.delimiter, tuple(notes))


def _may_be_header(row: tuple[str, ...], usual: int) -> bool:
    """Whether a line is as wide as the table (or lacks the name of its row names) and no mere title."""
    return len(row) >= max(2, usual - 1) and sum(bool(cell.strip()) for cell in row) > 1


def _is_footer(row: tuple[str, ...], before: list[tuple[str, ...]], usual: int) -> bool:
    """Whether a last line is text below the table: a remark alone, or a sum by its name."""
    cells = [cell.strip() for cell in row]
    filled = [cell for cell in cells if cell]
    if usual < 2 or not filled or not any(c.isalpha() for c in filled[0]) or not cells[0]:
        return False
    if any(other and other[0].strip() == cells[0] for other in before):
        return False
    if SUMS.fullmatch(cells[0]):
        numbers = sum(any(c.isdigit() for c in other[0]) for other in before if other)
        return len(cells) < usual or "" in cells or 2 * numbers >= len(before)
    remark = len(filled) == 1 and (" " in cells[0] or ":" in cells[0])
    return remark and (len(cells) < usual or usual > 2)


def _written(rows: Iterator[list[str]], delimiter: str) -> str:
    import io

    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _lines(n: int) -> str:
    return f"{n:,} line{'' if n == 1 else 's'}"


def _first(row: tuple[str, ...]) -> str:
    return next((cell for cell in row if cell.strip()), "")[:40]
