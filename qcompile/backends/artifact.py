"""Artifact: what a back-end makes of a program."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from qcompile.ir.program import Program


@dataclass(frozen=True, eq=False)
class Artifact:
    """Files by name, the one to run, and the program they came from.

    Attributes:
        kind: "numba", "onnx", "c99": which runner opens it.
        files: relative name -> content; the same program gives the same bytes.
        entry: the file that a runner starts from.
        program: the program it was built from, where known.
        provenance: JSON-able facts (back-end, options).
    """

    kind: str
    files: Mapping[str, bytes]
    entry: str
    program: Program | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """sha256 over the names and contents of the files, in the order of the names.

        >>> one, two = ({"a": b"1", "b": b"2"}, {"b": b"2", "a": b"1"})
        >>> Artifact("c99", one, "a").digest == Artifact("c99", two, "a").digest
        True
        """
        total = hashlib.sha256()
        for name in sorted(self.files):
            for part in (name.encode(), self.files[name]):
                total.update(len(part).to_bytes(8, "little") + part)
        return total.hexdigest()
