"""The one JSON form of every record that is printed or written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["to_json"]


def to_json(record: Any, ascii: bool = False) -> str:
    """A record as JSON text: keys in the given order, numbers that JSON cannot hold as null.

    Args:
        record: of dataclasses, mappings, sequences, arrays, numbers and text.
        ascii: write other characters as JSON's escapes.

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
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
