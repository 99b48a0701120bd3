"""What a model file says of its input columns, in few bytes: a table of pixels has hundreds of them.

    names    ["pixel1", .., "pixel784"]                  <-> {"prefix": "pixel", "first": 1, "count": 784}
    schema   [{"name": .., "kind": .., "categories": []}, ..]  <-> runs of columns of one kind, without names

Anything else stays as it is. The schema's names are the network's, so they are stored once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from qcompile.json_records import Json

MAX_NAMES = 1 << 20
DESCRIBED = {"name", "kind", "categories"}  # and, where it is not the usual, how the cells are written


def short_names(names: Sequence[str]) -> list[str] | Json:
    """Column names as they are, or, where they are numbered one after the other, what they share.

    >>> short_names(["pixel1", "pixel2", "pixel3"])
    {'prefix': 'pixel', 'first': 1, 'count': 3}
    >>> short_names(["age", "weight", "height"])
    ['age', 'weight', 'height']
    """
    found = re.fullmatch(r"(.*?)(0|[1-9][0-9]{0,8})", names[0], re.DOTALL) if names else None
    if found and 2 < len(names) <= MAX_NAMES:
        short = {"prefix": found[1], "first": int(found[2]), "count": len(names)}
        if long_names(short) == tuple(names):
            return short
    return list(names)


def long_names(stored: Sequence[str] | Mapping[str, Any]) -> tuple[str, ...]:
    """Inverse of ``short_names``.

    Raises:
        ValueError: the count is negative or absurd.
    """
    if not isinstance(stored, Mapping):
        return tuple(stored)
    first, count = int(stored["first"]), int(stored["count"])
    if not 0 <= count <= MAX_NAMES:
        raise ValueError(f"no model has {count} column names")
    return tuple(f"{stored['prefix']}{first + k}" for k in range(count))


def short_provenance(provenance: Mapping[str, Any], names: Sequence[str]) -> Json:
    """A provenance whose schema describes the columns ``names``, with runs of equal columns.

    >>> column = {"kind": "numeric", "categories": []}
    >>> full = {"seed": 1, "schema": {"columns": [{"name": n, **column} for n in "abc"]}}
    >>> short = short_provenance(full, "abc")
    >>> short["schema"]["columns"]
    [{'count': 3, 'kind': 'numeric', 'categories': []}]
    >>> long_provenance(short, "abc") == full
    True
    """
    schema = provenance.get("schema")
    if not isinstance(schema, Mapping) or not isinstance(schema.get("columns"), (list, tuple)):
        return dict(provenance)
    columns: Sequence[Any] = schema["columns"]
    plain = all(isinstance(c, Mapping) and set(c) >= DESCRIBED for c in columns)
    if not plain or not columns or [c["name"] for c in columns] != list(names):
        return dict(provenance)
    runs = [(facts, len(list(run))) for facts, run in groupby(columns, _without_name)]
    short = [{"count": count, **facts} for facts, count in runs]
    return {**provenance, "schema": {**schema, "columns": short}}


def _without_name(column: Mapping[str, Any]) -> Json:
    return {key: column[key] for key in column if key != "name"}


def long_provenance(stored: Mapping[str, Any], names: Sequence[str]) -> Json:
    """Inverse of ``short_provenance``.

    Raises:
        ValueError: the runs have another number of columns than there are names.
    """
    schema = stored.get("schema")
    if not isinstance(schema, Mapping) or not isinstance(schema.get("columns"), list):
        return dict(stored)
    runs: list[Any] = schema["columns"]
    if not runs or not all(isinstance(run, Mapping) and "count" in run for run in runs):
        return dict(stored)
    counts = [int(run["count"]) for run in runs]
    if min(counts) < 1 or sum(counts) != len(names):
        raise ValueError(f"the schema describes {sum(counts)} columns, the model has {len(names)}")
    facts = [run for run, count in zip(runs, counts, strict=True) for _ in range(count)]
    columns = [
        {"name": name} | {key: run[key] for key in run if key != "count"}
        for name, run in zip(names, facts, strict=True)
    ]
    return {**stored, "schema": {**schema, "columns": columns}}
