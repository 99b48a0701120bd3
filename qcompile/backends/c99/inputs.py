"""What to feed: the elements of a row with their names, the codes of categories, what the model reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qcompile.backends.c99.names import comment
from qcompile.backends.c99.plan.reads import features_read
from qcompile.errors import DataError
from qcompile.ir.ops import Encode
from qcompile.ir.program import Program
from qcompile.model.schema import Column, Schema

LONGEST = 24  # characters of an enumerator that come from a person's name


@dataclass(frozen=True)
class Enumerator:
    """A constant of an enum in the header, and the comment behind it; ``name`` lacks the model's prefix."""

    name: str
    value: int
    what: str


@dataclass(frozen=True)
class Inputs:
    """What a header says of a row.

    Attributes:
        features: every element of a row; empty where the elements have no names.
        codes: of every category of every categorical column.
        slim: elements of a slim row; empty where the model reads every feature, or none.
    """

    features: tuple[Enumerator, ...]
    codes: tuple[Enumerator, ...]
    slim: tuple[Enumerator, ...]


def inputs_of(program: Program) -> Inputs:
    """Names, codes and use of the elements of a row of a program.

    The columns' kinds, units and categories are those of the schema that training stored; an imported
    program has names at most.
    """
    encode = next((op for op in program.ops if isinstance(op, Encode)), None)
    length = encode.encoder.features if encode else program.input.type.length
    read = features_read(program).tolist()
    columns = _columns(program, length)
    names = _distinct([c.name for c in columns] or [f"x{i}" for i in range(length)])
    used = set(read) if encode else set(range(length))
    features = tuple(
        Enumerator(f"FEATURE_{names[i]}", i, _what(column, span, i in used))
        for i, (column, span) in enumerate(zip(columns, _ranges(program, len(columns)), strict=True))
    )
    pairs = [(c, code, text) for c in columns for code, text in enumerate(c.categories)]
    coded = _distinct([f"{c.name} {text}" for c, _, text in pairs])
    codes = tuple(
        Enumerator(f"CODE_{name}", code, f"{comment(column.name)} is {comment(text)}")
        for name, (column, code, text) in zip(coded, pairs, strict=True)
    )
    slim = [Enumerator(f"SLIM_{names[i]}", k, f"element {i} of a whole row") for k, i in enumerate(read)]
    return Inputs(features, codes, tuple(slim) if len(slim) < length else ())


def _columns(program: Program, length: int) -> Sequence[Column]:
    """Columns of the stored schema, or names alone; none where they are not those of a row."""
    provenance = program.metadata.get("provenance", {})
    schema = provenance.get("schema") if isinstance(provenance, Mapping) else None
    columns: Sequence[Column] = [Column(name, "numeric") for name in program.columns]
    if isinstance(schema, Mapping):
        try:
            columns = Schema.from_json(schema).columns
        except DataError:  # a damaged description costs the comments, not the code
            pass
    return columns if len(columns) == length else ()


def _ranges(program: Program, length: int) -> list[str]:
    """``low to high`` of every column in training; empty texts where it is not stored."""
    provenance = program.metadata.get("provenance", {})
    spans = provenance.get("ranges") if isinstance(provenance, Mapping) else None
    if not isinstance(spans, Sequence) or len(spans) != length:
        return [""] * length
    return [_range(span) for span in spans]


def _range(span: object) -> str:
    """A stored range as text.

    >>> _range([0.1, 4.0]), _range(None), _range(["*/", 1])
    ('0.1 to 4', '', '')
    """
    if not isinstance(span, Sequence) or len(span) != 2:
        return ""
    if not all(isinstance(v, int | float) for v in span):
        return ""
    return " to ".join(f"{float(v):.9g}" for v in span)


def _what(column: Column, span: str, read: bool) -> str:
    """Comment of an element: its header, its unit or kind, its range, and whether the model reads it."""
    parts = [comment(column.name)]
    if column.part:
        parts.append(f"{column.part} of {comment(column.source)}")
    elif column.kind == "categorical":
        parts.append("a code of its category")
    elif column.kind == "boolean":
        parts.append("0 or 1")
    elif column.unit:
        parts.append(f"in {comment(column.unit)}")
    if span and column.kind == "numeric":
        parts.append(f"{span} in training")
    if column.offset:
        parts.append(f"less {column.offset:.17g}")
    return ", ".join(parts) + ("" if read else "; not read")


def _distinct(names: Sequence[str]) -> list[str]:
    """Upper-case identifiers of free texts, each once.

    >>> _distinct(["sepal length (cm)", "a.b", "a b", "größe", "?"])
    ['SEPAL_LENGTH_CM', 'A_B', 'A_B_2', 'GR_SSE', 'X']
    """
    taken: set[str] = set()
    counts: dict[str, int] = {}
    out = []
    for text in names:
        plain = re.sub(r"[^A-Z0-9]+", "_", text.upper()).strip("_")[:LONGEST].rstrip("_") or "X"
        name = plain
        while name in taken:
            counts[plain] = counts.get(plain, 1) + 1
            name = f"{plain}_{counts[plain]}"
        taken.add(name)
        out.append(name)
    return out
