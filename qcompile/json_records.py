"""Records as JSON and back: one writer, and one reader that holds every field to its declared type.

``Json`` is a parsed JSON object whose content nothing has vouched for yet; it stays at the edge.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

Json = dict[str, Any]

Record = TypeVar("Record")


def to_json(record: Any, ascii: bool = False) -> str:
    """A record as JSON text: keys in the given order, numbers that JSON cannot hold as null.

    Args:
        record: of dataclasses, mappings, sequences, arrays, numbers and text.
        ascii: write other characters as JSON's escapes.

    >>> import numpy as np
    >>> print(to_json({"gap": float("nan"), "width": np.int64(3)}), end="")
    {
     "gap": null,
     "width": 3
    }
    """
    return json.dumps(_plain(record), indent=1, allow_nan=False, ensure_ascii=ascii) + "\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy, which --help does not import
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def from_json(kind: type[Record], text: str | bytes) -> Record:
    """The inverse of ``to_json`` for a dataclass; null is NaN where a number is declared.

    Raises:
        ValueError: no JSON, or a field is missing or of another type; the message names it.

    >>> from qcompile.facts import Divided
    >>> from_json(Divided, '{"train": 3, "test": 1}')
    Divided(train=3, test=1)
    >>> from_json(Divided, '{"train": 3}')
    Traceback (most recent call last):
    ValueError: test is missing
    """
    return typing.cast(Record, _read(kind, json.loads(text), ""))


def _read(kind: Any, value: Any, name: str) -> Any:
    if is_dataclass(kind):
        return _record(kind, value, name)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _union(inner, value, name)
    if origin is tuple:
        return _tuple(inner, value, name)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise ValueError(f"{name} is {_shown(value)}, expected an object")
        return {key: _read(inner[1], item, f"{name}.{key}") for key, item in value.items()}
    if kind is float and value is None:
        return math.nan
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind in (int, str, bool) and type(value) is kind:
        return value
    raise ValueError(f"{name} is {_shown(value)}, expected {getattr(kind, '__name__', kind)}")


def _record(kind: Any, value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{name or 'the record'} is {_shown(value)}, expected an object")
    hints, found = typing.get_type_hints(kind), {}
    for field in fields(kind):
        place = f"{name}.{field.name}".lstrip(".")
        if field.name in value:
            found[field.name] = _read(hints[field.name], value[field.name], place)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{place} is missing")
    return kind(**found)


def _union(kinds: tuple[Any, ...], value: Any, name: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    rest = [kind for kind in kinds if kind is not type(None)]
    return _read(rest[0], value, name)


def _tuple(kinds: tuple[Any, ...], value: Any, name: str) -> Any:
    if not isinstance(value, list):
        raise ValueError(f"{name} is {_shown(value)}, expected a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], item, f"{name}[{k}]") for k, item in enumerate(value))
    if len(kinds) != len(value):
        raise ValueError(f"{name} has {len(value)} entries, expected {len(kinds)}")
    return tuple(_read(k, item, f"{name}[{i}]") for i, (k, item) in enumerate(zip(kinds, value, strict=True)))


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
