"""Artifact: what a back-end makes of a program."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qcompile.ir.program import Program

__all__ = ["Artifact", "digest_of"]


@dataclass(frozen=True, eq=False)
class Artifact:
    """Files by name, the one to run, and the program they came from.

    Attributes:
        kind: "numba", "onnx", "c99": which runner opens it.
        files: relative name -> content; the same program gives the same bytes.
        entry: the file that a runner starts from.
        digest: sha256 of the content.
        program: the program it was built from, where known.
        provenance: JSON-able facts (back-end, options).
    """

    kind: str
    files: Mapping[str, bytes]
    entry: str
    digest: str
    program: Program | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


def digest_of(files: Mapping[str, bytes]) -> str:
    """sha256 over names and contents, in the order of the names.

    >>> digest_of({"a": b"1", "b": b"2"}) == digest_of({"b": b"2", "a": b"1"})
    True
    """
    total = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()
