"""A folder that ``compile`` wrote: what makes its C files checkable again, by anyone, later.

artifact.json   target, kernels, names, sha256 of every file, and what was measured with which compiler
program.qir     the exact integer program that the C must equal
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qcompile.backends.artifact import Artifact
from qcompile.errors import ModelError, newer_version
from qcompile.files import digests_of
from qcompile.files.seal import sealed
from qcompile.ir.program import Program
from qcompile.ir.text import dump, parse
from qcompile.json_records import Json
from qcompile.model_file.names import DESCRIPTION, PROGRAM

MANIFEST, KIND = "manifest.json", "qcompile firmware"
NEWEST = 1  # version of the description; one without a version has 1
LARGEST = 1 << 30


def with_description(artifact: Artifact, program: Program, facts: Mapping[str, Any]) -> dict[str, bytes]:
    """Every file of the folder: the artifact's own, its program, and the description.

    Args:
        artifact: of kind "c99".
        program: as the model means it, before any pass.
        facts: further JSON-able entries of the description, such as what was measured.
    """
    files = {**artifact.files, PROGRAM: dump(program).encode()}
    record = {
        "kind": KIND,
        "version": NEWEST,
        "entry": artifact.entry,
        "provenance": dict(artifact.provenance),
        **facts,
        "files": digests_of(files),
    }
    return {**files, DESCRIPTION: _text(record)}


def with_digests(artifact: Artifact) -> dict[str, bytes]:
    """Every file of a shared library; its manifest has their digests, so that edited ones are noticed."""
    rest = {name: data for name, data in artifact.files.items() if name != MANIFEST}
    record = {**json.loads(artifact.files[MANIFEST]), "files": digests_of(rest)}
    return {**rest, MANIFEST: _text(record)}


def _text(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(sealed(json.loads(json.dumps(record))), indent=1, sort_keys=True) + "\n").encode()


def is_firmware(place: Path) -> bool:
    """Whether a path is a folder that ``compile`` wrote."""
    return (place / DESCRIPTION).is_file()


def described(place: Path) -> Json:
    """The description.

    Raises:
        ModelError: it is damaged, of a later version, or names a file outside the folder.
    """
    path = place / DESCRIPTION
    damaged = f"{path} is not a description that `qcompile compile` wrote; compile it again."
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        version = int(record.get("version", 1))
        sound = record["kind"] == KIND and isinstance(record["provenance"], dict)
        names = [str(name) for name in record["files"]]
        sound = sound and record["entry"] in names and PROGRAM in names
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ModelError(damaged) from None
    if version > NEWEST:
        raise ModelError(newer_version(str(path), version, NEWEST))
    inside = all(not Path(n).is_absolute() and ".." not in Path(n).parts for n in names)
    if not sound or not inside:
        raise ModelError(damaged)
    found: Json = record
    return found


def read_firmware(place: Path) -> tuple[Artifact, list[str]]:
    """The C on disk as an artifact, and the names of files that are not as they were written.

    Raises:
        ModelError: a file is missing or unreadable.
    """
    record = described(place)
    files = {}
    for name in record["files"]:
        path = place / name
        try:
            if path.stat().st_size > LARGEST:
                raise ModelError(f"{path} is larger than 1 GiB; compile it again.")
            files[name] = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path} cannot be read ({error.strerror}); compile it again.") from None
    changed = [n for n, data in files.items() if hashlib.sha256(data).hexdigest() != record["files"][n]]
    try:
        program = parse(files.pop(PROGRAM).decode("utf-8"))
    except UnicodeDecodeError:
        raise ModelError(f"{place / PROGRAM} is not text; compile it again.") from None
    entry, provenance = str(record["entry"]), dict(record["provenance"])
    return Artifact("c99", files, entry, program, provenance), changed
