"""Which files of a folder an earlier run wrote and nobody has changed since: these may be replaced.

report.json      names the files of a build and is sealed itself
artifact.json    the same of compiled C, manifest.json of a shared library
NAME.onnx        has its own digest; the library beside it has the name of its operator in it
NAME.qir         is sealed
NAME.xml         JUnit of a check: the suite has the name of this program
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from qcompile.errors import QCompileError
from qcompile.files.seal import intact, intact_text
from qcompile.json_records import Json

MANIFESTS = ("report.json", "artifact.json", "manifest.json")
LARGEST = 1 << 30


def written(folder: Path) -> dict[str, str]:
    """Relative name -> sha256 of the files that are as an earlier run wrote them, as far as it is known."""
    found: dict[str, str] = {}
    for name in MANIFESTS:
        found |= _listed(folder / name)
    for path in folder.iterdir():
        if path.suffix in KINDS and path.is_file() and path.stat().st_size <= LARGEST:
            found |= KINDS[path.suffix](path)
    return found


def _listed(path: Path) -> dict[str, str]:
    """What a sealed manifest says of its folder, and the manifest itself."""
    try:
        content = path.read_bytes()
        record = json.loads(content)
        if not intact(record):
            return {}
        files: Json = record["files"]
        named = {n: str(v["sha256"] if isinstance(v, dict) else v) for n, v in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {**named, path.name: hashlib.sha256(content).hexdigest()}


def _model(path: Path) -> dict[str, str]:
    from qcompile.model_file.container import read_model
    from qcompile.model_file.keys import DIGEST, digest

    try:
        model = read_model(path, external=False)
        if digest(model) not in {e.value for e in model.metadata_props if e.key == DIGEST}:
            return {}
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
        library = path.with_suffix(".so")
        if library.is_file():
            content = library.read_bytes()
            if any(n.domain and n.op_type.encode() in content for n in model.graph.node):
                found[library.name] = hashlib.sha256(content).hexdigest()
        return found
    except (OSError, QCompileError):
        return {}


def _program(path: Path) -> dict[str, str]:
    try:
        content = path.read_bytes()
        return {path.name: hashlib.sha256(content).hexdigest()} if intact_text(content.decode()) else {}
    except (OSError, UnicodeDecodeError):
        return {}


def _junit(path: Path) -> dict[str, str]:
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    ours = b'<testsuite name="qcompile.' in content[:200]
    return {path.name: hashlib.sha256(content).hexdigest()} if ours else {}


KINDS = {".onnx": _model, ".qir": _program, ".xml": _junit}
