"""Owned files: what an earlier run wrote may be replaced; what anybody else wrote is kept.

A file is owned if it has the bytes that are to be written, or the digest that a run noted, or is
empty. ``force`` replaces others as well, and keeps each as NAME.bak.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from qcompile.errors import QCompileError

# Given a folder, sha256 by name of the files in it that a run wrote. Names are relative, with "/".
Owned = Callable[[Path], Mapping[str, str]]
SHOWN = 4


def digests_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Name -> sha256, as ``Owned`` returns and manifests note them.

    >>> digests_of({"a": b""})["a"][:8]
    'e3b0c442'
    """
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def foreign(dest: Path, new: Path | None, known: str | None) -> bool:
    """Whether a file is there that no run of ours wrote."""
    if not dest.is_file() or not dest.stat().st_size:
        return False
    digest = _digest(dest)
    return digest != known and (new is None or digest != _digest(new))


def refuse_foreign(found: list[Path]) -> None:
    """Say which files would be lost.

    Raises:
        QCompileError: there is one.
    """
    if not found:
        return
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    names = ", ".join(map(str, found[:SHOWN])) + more
    what = "was not written by qcompile, or was edited" if len(found) == 1 else "were not, or were edited"
    those = names if len(found) == 1 else f"files that qcompile wrote are replaced, but {names}"
    it = "it" if len(found) == 1 else "them"
    raise QCompileError(
        f"{those} {what} since; give another place with -o, or --force (force=True) to replace {it} and "
        "keep the old content as NAME.bak."
    )


def backups(found: list[Path]) -> None:
    """Keep each file under a name of its own beside it."""
    for path in found:
        place, number = path.with_name(path.name + ".bak"), 1
        while os.path.lexists(place):
            place, number = path.with_name(f"{path.name}.bak{number}"), number + 1
        shutil.copy2(path, place)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
