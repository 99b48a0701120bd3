"""Read text tables: header, ragged rows, row names and trailing delimiters are settled here."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from qcompile.data.clean.missing import MISSING_WORDS
from qcompile.data.read.dialect import Dialect, rows_of, settle
from qcompile.data.read.header import is_header
from qcompile.data.read.raw import Raw, brief, named_frame
from qcompile.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_text"]

LOOKED_AT = 1000  # rows that decide whether the first line is a header


def read_text(path: Path) -> Raw:
    """Read a text table; see ``dialect`` for how its cells are parted.

    The first line is the header, unless the lines below say that it is a row (``header``): then
    the columns are called x1, x2, ... One cell more in every row than in the header is a row
    name (as R writes it), or nothing, if a delimiter ends every line.

    Raises:
        DataError: the file is empty, has a header only, is not text, or a row has too many or
            too few cells (the message names the line).
    """
    dialect = settle(path)
    notes = list(dialect.notes)
    first, widths, ended, sample = _survey(path, dialect)
    width = len(first)
    extra = bool(widths) and set(widths) == {width + 1}
    if set(widths) == {width - 1} and not first[-1].strip():
        first, width = first[:-1], width - 1
    if not extra:
        _refuse_ragged(path, widths, width)
        header = is_header(first, sample)
        names = [c.strip() or f"unnamed: {i}" if header else f"x{i + 1}" for i, c in enumerate(first)]
    else:
        header = True
        named = [c.strip() or f"unnamed: {i}" for i, c in enumerate(first)]
        names = [*named, ""] if ended else ["unnamed: row", *named]
    if len(widths) + (not header) == 0:
        raise DataError(f"{path} has a header but no rows; give at least four rows of data.")
    if not header:
        notes.append(f"The first line of {path.name} holds data, so the columns are named x1 to x{width}.")
    frame = _frame(path, dialect, header, names)
    last = frame.columns[-1]
    if ended and len(names) > 2 and (last == "" or (header and not first[-1].strip())):
        frame = frame.drop(columns=last)
    return Raw(named_frame(frame, str(path)), path.name, notes=tuple(notes))


def _survey(path: Path, dialect: Dialect) -> tuple[list[str], dict[int, int], bool, list[list[str]]]:
    """What has to be known before pandas may read.

    Returns:
        the first row; the widths of the rows below, each with the first line of that width;
        whether all of these rows end in an empty cell; a sample of those as wide as the first.
    """
    first: list[str] = []
    widths: dict[int, int] = {}
    ended, line = True, 1
    sample: list[list[str]] = []
    rows = rows_of(dialect)
    try:
        first = next(rows)[1]
        for line, row in rows:
            widths.setdefault(len(row), line)
            ended = ended and not row[-1].strip()
            if len(sample) < LOOKED_AT and len(row) == len(first):
                sample.append(row)
    except csv.Error as error:
        raise DataError(f"{path} line {line + 1} is not a table row ({brief(error)}); correct it.") from error
    return first, widths, ended, sample


def _refuse_ragged(path: Path, widths: dict[int, int], width: int) -> None:
    """Refuse rows of another width than the first line's."""
    for found, line in widths.items():
        if found != width:
            raise DataError(
                f"{path} line {line} has {found} cells, but the first line has {width}; "
                "correct that line (text that holds the delimiter needs double quotes)."
            )


def _frame(path: Path, dialect: Dialect, header: bool, names: list[str]) -> pd.DataFrame:
    import pandas as pd

    text, delimiter = dialect.text, dialect.delimiter
    decimal_comma = delimiter == ";" and re.search(r"(^|;)\s*-?\d+,\d+\s*(;|$)", text[:100_000], re.MULTILINE)
    try:
        return pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=0 if header else None,
            names=range(len(names)),
            index_col=False,
            decimal="," if decimal_comma else ".",
            skipinitialspace=True,
            keep_default_na=False,
            na_values=list(MISSING_WORDS),
            low_memory=False,
        ).set_axis(names, axis=1)
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(
            f"{path} cannot be read as a table ({brief(error)}); correct or convert it."
        ) from error
