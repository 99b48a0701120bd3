"""Seals: a JSON record, or a text, that says whether it is as it was written.

A seal guards against accidents, not against forgers: anybody can compute it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from qcompile.json_records import Json

SEAL = "seal"
MARK = "# sha256 "


def sealed(record: Mapping[str, Any]) -> Json:
    """The record with the sha256 of its own content; values are plain JSON.

    >>> intact(sealed({"gap": 0.05})), intact({**sealed({"gap": 0.05}), "gap": 0.0})
    (True, False)
    """
    return {**record, SEAL: _digest(record)}


def intact(record: Any) -> bool:
    """Whether nothing in a record was changed since it was sealed."""
    return isinstance(record, dict) and record.get(SEAL) == _digest(record)


def sealed_text(text: str) -> str:
    r"""A text whose last line, a comment, is the sha256 of the others.

    >>> intact_text(sealed_text("a\n")), intact_text(sealed_text("a\n").replace("a", "b", 1))
    (True, False)
    """
    return f"{text}{MARK}{hashlib.sha256(text.encode()).hexdigest()}\n"


def intact_text(text: str) -> bool:
    """Whether nothing in a text was changed since it was sealed."""
    body, found, _ = text.rpartition(MARK)
    return bool(found) and sealed_text(body) == text


def _digest(record: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in record.items() if key != SEAL}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
