"""Dialect: from the bytes of a text table to its text, its delimiter and its first line."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qcompile.data.read.unpack import unpacked
from qcompile.errors import DataError

LOOKED_AT = 50  # lines by which the delimiter is chosen
DELIMITERS = ",;\t|"
SEP_LINE = re.compile(r'\s*"?sep=(\\t|[^\r\n"])"?[,;\t]*[ ]*(?:\r\n|\r|\n)', re.IGNORECASE)
LINE_END = re.compile(r"\r\n|\r|\n")
QUOTED_LINE = re.compile(r'"((?:[^"]|"")*)"[,;\t]*')  # with what a spreadsheet puts after it
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
    ``#`` are comments. A first line ``sep=;`` names the delimiter, as spreadsheets write it; lines that
    are one quoted cell each are unpacked. The delimiter is a tab for .tsv, else whichever of comma,
    semicolon, tab and bar the first line has most of, unless another parts the lines below into
    equally many cells; with none of them, and equally many words in the first lines, blanks do.

    Raises:
        DataError: the file is empty, damaged or not text.
    """
    notes = []
    text, encoding = _decode(unpacked(path))
    if encoding == "latin-1":
        notes.append(f"{path.name} is not UTF-8; it was read as Latin-1.")
    if "\0" in text:
        raise DataError(f"{path} is not a text table (it contains null bytes); is its extension wrong?")
    comments = re.match(r"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*", text)
    skipped = comments.group().count("#") if comments else 0
    if comments and skipped and text[comments.end() :].strip():
        notes.append(f"The comment lines before the table in {path.name} were skipped.")
        text = text[comments.end() :]
    named = SEP_LINE.match(text)
    if named:
        notes.append(f"The line {named.group().strip()!r} of {path.name} names the delimiter.")
        text = text[named.end() :]
    lines = [line for line, _ in zip(lines_of(text), range(LOOKED_AT), strict=False)]
    if not lines:
        raise DataError(f"{path} is empty; give a table with a header line and at least four rows.")
    if _quoted_twice(lines):
        notes.append(f"Each line of {path.name} is one quoted cell; they were read as lines of cells.")
        text = "\n".join(_unquoted(line) for line in lines_of(text))
        lines = [_unquoted(line) for line in lines]
    if named:
        return Dialect(text, "\t" if named[1] == "\\t" else named[1], tuple(notes))
    if ".tsv" in path.suffixes:
        return Dialect(text, "\t", tuple(notes))
    delimiter = _delimiter(lines)
    words = {len(line.split()) for line in lines}
    if delimiter not in lines[0] and len(words) == 1 and words != {1} and '"' not in text:
        notes.append(f"The cells of {path.name} are separated by blanks.")
        return Dialect("\n".join(",".join(line.split()) for line in lines_of(text)), ",", tuple(notes))
    return Dialect(text, delimiter, tuple(notes))


def rows_of(dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every line that is not blank.

    Raises:
        csv.Error: a cell is longer than the csv module takes.
    """
    reader = csv.reader(_raw_lines(dialect.text), delimiter=dialect.delimiter, skipinitialspace=True)
    for row in reader:
        if row and not (len(row) == 1 and not row[0].strip()):
            yield reader.line_num, row


def lines_of(text: str) -> Iterator[str]:
    """Lines that are not blank, without the blanks around them."""
    return (line.strip() for line in _raw_lines(text) if line.strip())


def _raw_lines(text: str) -> Iterator[str]:
    """Lines with their ends; one at a time, as a copy of the text would take its size again."""
    start = 0
    for end in LINE_END.finditer(text):
        yield text[start : end.end()]
        start = end.end()
    if start < len(text):
        yield text[start:]


def _delimiter(lines: list[str]) -> str:
    """What parts the cells; a title above the table does not decide."""
    first = max(DELIMITERS, key=lines[0].count)
    if first in lines[0] and _fit(lines, first)[0] >= len(lines) // 2:
        return first
    best = max(DELIMITERS, key=lambda mark: _fit(lines, mark))
    return best if _fit(lines, best)[0] > len(lines) // 2 and len(lines) > 3 else first


def _fit(lines: list[str], delimiter: str) -> tuple[int, int]:
    """How many lines have the most frequent number of cells above one, and that number."""
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)]
    except csv.Error:  # a cell longer than the csv module takes: ``rows_of`` says where
        return 0, 1
    counts = Counter(width for width in widths if width > 1)
    return max(((n, width) for width, n in counts.items()), default=(0, 1))


def _quoted_twice(lines: list[str]) -> bool:
    """Whether every line below the first is one quoted cell that holds a line of cells."""
    below = lines[1:]
    if len(below) < 2 or not all(QUOTED_LINE.fullmatch(line) for line in below):
        return False
    inside = [_unquoted(line) for line in below]
    return any(_fit(inside, mark)[0] >= 0.9 * len(inside) for mark in DELIMITERS)


def _unquoted(line: str) -> str:
    match = QUOTED_LINE.fullmatch(line)
    return match[1].replace('""', '"') if match else line


def _decode(content: bytes) -> tuple[str, str]:
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError:
        return content.decode("latin-1"), "latin-1"
