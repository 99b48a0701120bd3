"""Read text tables: header, ragged rows, row names and trailing delimiters are settled here."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qcompile.data.read.dialect import Dialect, settle
from qcompile.data.read.header import is_header, over_numbers
from qcompile.data.read.lines import Survey, survey, without_odd_lines
from qcompile.data.read.raw import Raw, Wanted, brief, named_frame
from qcompile.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

COMMA = re.compile(
    r"[+-]?(?:\d{1,3}(?:[. ']\d{3})*|\d+),(?:\d{1,2}|\d{4,})|[+-]?0,\d+|[+-]?\d{1,3}(?:\.\d{3})+,\d+"
)
POINT = re.compile(r"[+-]?\d*\.(?:\d{1,2}|\d{4,})(?:[eE][+-]?\d+)?|[+-]?0\.\d+|[+-]?\d{1,3}(?:,\d{3})+\.\d+")
EITHER = re.compile(r"-?\d+,\d+")
LOOKED_AT = 200  # rows by which the decimal mark is recognised


def read_text(path: Path, wanted: Wanted | None = None) -> Raw:
    """Read a text table; see ``dialect`` for how its cells are parted.

    The first line is the header, unless the lines below say that it is a row (``header``): then
    the columns are called x1, x2, ... One cell more in every row than in the header is a row
    name (as R writes it), or nothing, if a delimiter ends every line. Titles, footers and repeated
    headers are left out (``lines``).

    Args:
        path: the file.
        wanted: what a model reads; then a header alone is a table of no rows.

    Raises:
        DataError: the file is empty, has a header only, is not text, or a row has too many or
            too few cells (the message names the line).
    """
    dialect = settle(path)
    seen = survey(path, dialect)
    cleaned = without_odd_lines(path, dialect, seen, _has_header(seen, wanted))
    if cleaned is not dialect:
        dialect, seen = cleaned, survey(path, cleaned)
    notes = list(dialect.notes)
    first, widths, ended = seen.first, seen.widths, seen.ended
    width = len(first)
    extra = bool(widths) and set(widths) == {width + 1}
    if set(widths) == {width - 1} and not first[-1].strip():
        first, width = first[:-1], width - 1
    if not extra:
        _refuse_ragged(path, widths, width)
        header = _has_header(seen, wanted)
        names = [c.strip() or f"unnamed: {i}" if header else f"x{i + 1}" for i, c in enumerate(first)]
    else:
        header = True
        named = [c.strip() or f"unnamed: {i}" for i, c in enumerate(first)]
        names = [*named, ""] if ended else ["unnamed: row", *named]
    if len(widths) + (not header) == 0 and wanted is None:
        raise DataError(f"{path} has a header but no rows; give at least four rows of data.")
    if not header:
        notes.append(f"The first line of {path.name} holds data, so the columns are named x1 to x{width}.")
    decimal = _decimal(dialect.delimiter, [first, *seen.sample[:LOOKED_AT]])
    frame = _frame(path, dialect, header, names, decimal, wanted.texts if wanted else frozenset())
    last = frame.columns[-1]
    if ended and len(names) > 2 and (last == "" or (header and not first[-1].strip())) and widths:
        frame = frame.drop(columns=last)
    return Raw(named_frame(frame, str(path), wanted), path.name, notes=tuple(notes), decimal=decimal)


def _has_header(seen: Survey, wanted: Wanted | None) -> bool:
    """Whether the first line names the columns: those that a model reads, or by the lines below.

    A line that occurs again is a row, unless it is text above columns of numbers.
    """
    if wanted is not None and wanted.headers and set(wanted.headers) <= {cell.strip() for cell in seen.first}:
        return True
    if is_header(seen.first, seen.sample):
        return True
    others = [row for row in seen.sample if row != seen.first]
    return bool(seen.again) and is_header(seen.first, others) and over_numbers(seen.first, others)


def _refuse_ragged(path: Path, widths: dict[int, int], width: int) -> None:
    """Refuse rows of another width than the first line's."""
    for found, line in widths.items():
        if found != width:
            raise DataError(
                f"{path} line {line} has {found} cells, but the first line has {width}; "
                "correct that line (text that holds the delimiter needs double quotes)."
            )


def _decimal(delimiter: str, rows: Sequence[Sequence[str]]) -> str:
    """The decimal mark of a file: a comma only if some cells have one and none has a point."""
    cells: Iterable[str] = {cell.strip() for row in rows for cell in row if any(c.isdigit() for c in cell)}
    if any(POINT.fullmatch(cell) for cell in cells):
        return "."
    comma = EITHER if delimiter == ";" else COMMA
    return "," if any(comma.fullmatch(cell) for cell in cells) else "."


def _frame(
    path: Path, dialect: Dialect, header: bool, names: list[str], decimal: str, texts: frozenset[str]
) -> pd.DataFrame:
    import pandas as pd

    kinds: dict[int, Any] = {i: str for i, name in enumerate(names) if name in texts}
    try:
        return pd.read_csv(
            io.BytesIO(dialect.text.encode("utf-8", "surrogatepass")),
            sep=dialect.delimiter,
            header=0 if header else None,
            names=range(len(names)),
            index_col=False,
            decimal=decimal,
            skipinitialspace=True,
            keep_default_na=False,
            na_values=[""],
            dtype=kinds,
            low_memory=False,
        ).set_axis(names, axis=1)
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(
            f"{path} cannot be read as a table ({brief(error)}); correct or convert it."
        ) from error
