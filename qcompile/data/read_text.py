"""Read CSV and TSV files: delimiter, header and ragged rows are settled here."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from qcompile.data.missing import MISSING_WORDS, is_missing_word
from qcompile.data.raw import Raw, brief, named_frame
from qcompile.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_text"]


def read_text(path: Path) -> Raw:
    """Read a text table.

    The delimiter is a tab for .tsv, else whichever of comma, semicolon, tab and bar the first
    line has most of. The first line is the header, unless most of its cells are numbers:
    then it is data, and the columns are called x1, x2, ...

    Raises:
        DataError: the file is empty, has a header only, is not text, or a row has too many or
            too few cells (the message names the line).
    """
    notes: list[str] = []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="latin-1")
        notes.append(f"{path.name} is not UTF-8; it was read as Latin-1.")
    if "\0" in text:
        raise DataError(f"{path} is not a text table (it holds zero bytes); is its extension wrong?")
    first = next((line for line in io.StringIO(text) if line.strip()), None)
    if first is None:
        raise DataError(f"{path} is empty; give a table with a header line and at least four rows.")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t|", key=first.count)
    cells = next(csv.reader([first], delimiter=delimiter, skipinitialspace=True))
    header = not _is_data(cells)
    names = [c.strip() or f"unnamed: {i}" if header else f"x{i + 1}" for i, c in enumerate(cells)]
    rows = _count_rows(path, text, delimiter, len(cells)) - header
    if rows == 0:
        raise DataError(f"{path} has a header but no rows; give at least four rows of data.")
    if not header:
        notes.append(
            f"The first line of {path.name} holds numbers, so the columns are named x1 to x{len(cells)}."
        )
    return Raw(_frame(path, text, delimiter, header, names), path.name, notes=tuple(notes))


def _is_data(cells: list[str]) -> bool:
    """Whether a first line is a row rather than a header: most of its cells are numbers.

    But 0, 1, 2, .. are the headers that frames without names are written with.
    """
    known = [cell for cell in cells if not is_missing_word(cell)]
    numbers = [cell for cell in known if _is_number(cell)]
    if len(numbers) > 2 and numbers == [str(i) for i in range(len(numbers))]:
        return False
    return 2 * len(numbers) > len(known)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _count_rows(path: Path, text: str, delimiter: str, width: int) -> int:
    """Number of lines with cells, header included; refuses a line of another width."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows = 0
    try:
        for row in reader:
            if not row or (width > 1 and len(row) == 1 and not row[0].strip()):
                continue  # a blank line, which pandas skips too
            if len(row) != width:
                raise DataError(
                    f"{path} line {reader.line_num} has {len(row)} cells, but the first line has {width}; "
                    "correct that line (text that holds the delimiter needs double quotes)."
                )
            rows += 1
    except csv.Error as error:
        raise DataError(
            f"{path} line {reader.line_num} is not a table row ({brief(error)}); correct it."
        ) from error
    return rows


def _frame(path: Path, text: str, delimiter: str, header: bool, names: list[str]) -> pd.DataFrame:
    import pandas as pd

    decimal_comma = delimiter == ";" and re.search(r"(^|;)\s*-?\d+,\d+\s*(;|$)", text[:100_000], re.MULTILINE)
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=0 if header else None,
            index_col=False,
            decimal="," if decimal_comma else ".",
            skipinitialspace=True,
            keep_default_na=False,
            na_values=list(MISSING_WORDS),
            low_memory=False,
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(
            f"{path} cannot be read as a table ({brief(error)}); correct or convert it."
        ) from error
    return named_frame(frame.set_axis(names, axis=1), str(path))
