"""Dialect: from the bytes of a text table to its text, its delimiter and its first line."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qcompile.errors import DataError

__all__ = ["MAX_BYTES", "Dialect", "rows_of", "settle"]

MAX_BYTES = 8 * 2**30  # more than this many bytes of text hold more cells than ``raw.MAX_CELLS``
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Dialect:
    """A text table as one delimiter and lines.

    Attributes:
        text: without comment lines before the first row.
        delimiter: one character.
        notes: sentences on what was done.
    """

    text: str
    delimiter: str
    notes: tuple[str, ...] = ()


def settle(path: Path) -> Dialect:
    """Read a text file, packed by gzip or not, and find out how its cells are parted.

    Encodings: UTF-8, UTF-16 with its mark, else Latin-1. Lines before the table that begin with
    ``#`` are comments. The delimiter is a tab for .tsv, else whichever of comma, semicolon, tab
    and bar the first line has most of; with none of them, and equally many words in the
    first lines, blanks part the cells.

    Raises:
        DataError: the file is empty, damaged or not text.
    """
    notes = []
    text, encoding = _decode(path, _content(path))
    if encoding == "latin-1":
        notes.append(f"{path.name} is not UTF-8; it was read as Latin-1.")
    if "\0" in text:
        raise DataError(f"{path} is not a text table (it contains null bytes); is its extension wrong?")
    comments = re.match(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*", text)
    skipped = comments.group().count("#") if comments else 0
    if comments and skipped and text[comments.end() :].strip():
        notes.append(f"The comment lines before the table in {path.name} were skipped.")
        text = text[comments.end() :]
    lines = [line for line, _ in zip(_lines(text), range(50), strict=False)]
    if not lines:
        raise DataError(f"{path} is empty; give a table with a header line and at least four rows.")
    if ".tsv" in path.suffixes:
        return Dialect(text, "\t", tuple(notes))
    delimiter = max(",;\t|", key=lines[0].count)
    words = {len(line.split()) for line in lines}
    if delimiter not in lines[0] and len(words) == 1 and words != {1} and '"' not in text:
        notes.append(f"The cells of {path.name} are separated by blanks.")
        return Dialect("\n".join(",".join(line.split()) for line in _lines(text)), ",", tuple(notes))
    return Dialect(text, delimiter, tuple(notes))


def rows_of(dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every line that is not blank.

    Raises:
        csv.Error: a cell is longer than the csv module takes.
    """
    reader = csv.reader(
        io.StringIO(dialect.text, newline=""), delimiter=dialect.delimiter, skipinitialspace=True
    )
    for row in reader:
        if row and not (len(row) == 1 and not row[0].strip()):
            yield reader.line_num, row


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in io.StringIO(text, newline=None) if line.strip())


def _content(path: Path) -> bytes:
    if path.suffix.lower() != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as packed:
            content = packed.read(MAX_BYTES + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is not a valid gzip file ({error}); pack it again.") from error
    if len(content) > MAX_BYTES:
        raise DataError(
            f"{path} unpacks to more than {MAX_BYTES / 2**30:.3g} GiB; take a sample of the rows."
        )
    return content


def _decode(path: Path, content: bytes) -> tuple[str, str]:
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError:
        return content.decode("latin-1"), "latin-1"
