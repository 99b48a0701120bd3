"""Records read back from their JSON: every field by its declared type, so a wrong file is refused by name."""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar

__all__ = ["from_json"]

Record = TypeVar("Record")


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
