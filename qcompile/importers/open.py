"""Open a model of any kind: its program, and its network where it is one of ours.

A model is our model file or a folder that ``build`` wrote, a low-bit ONNX file of another tool
tools, or a program in its text form (``.qir``). All become a ``Program``; ours are a ``Network`` too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qcompile.errors import ModelError
from qcompile.files import readable
from qcompile.ir.lower import lower
from qcompile.ir.program import Program
from qcompile.model.network import Network
from qcompile.model_file.names import MODEL, PROGRAM, TEXT


@dataclass(frozen=True, eq=False)
class Model:
    """A model on disk and what it means.

    Attributes:
        path: the file.
        content: of the file.
        program: as lowered or imported.
        network: None for what is not our two-layer network.
    """

    path: Path
    content: bytes
    program: Program
    network: Network | None


def model_path(place: Path) -> Path:
    """The model file of a build folder, the program of an imported one or beside C, or the file itself.

    Raises:
        ModelError: neither is there.
    """
    place = Path(place)
    if place.is_dir():
        for path in (place / MODEL, place / PROGRAM):
            # What `import` wrote has both, and there the program is the model.
            if path.is_file() and not (path.name == MODEL and _is_imported(place)):
                return path
        raise ModelError(
            f"{place} holds neither {MODEL} nor {PROGRAM}; give a folder that `qcompile build` or "
            "`qcompile compile` wrote."
        )
    if not place.is_file():
        raise ModelError(
            f"{place} does not exist; give a model file or a folder that `qcompile build` wrote."
        )
    return place


def _is_imported(place: Path) -> bool:
    """Whether a folder is what ``import`` wrote: a program's text, and a model file that is no network."""
    from qcompile.model_file.container import read_model
    from qcompile.model_file.keys import DIGEST, NETWORK

    if not ((place / PROGRAM).is_file() and (place / MODEL).is_file()):
        return False
    try:
        keys = {entry.key for entry in read_model(place / MODEL, external=False).metadata_props}
    except ModelError:  # whoever opens it will say so
        return False
    return DIGEST in keys and NETWORK not in keys


def open_model(place: Path) -> Model:
    """Read a model of any kind.

    Raises:
        ModelError: it is missing, unreadable or damaged.
        UnsupportedError: an operator of another tool's file has no translation.
    """
    from qcompile.ir.text import parse
    from qcompile.model_file import read as native
    from qcompile.model_file.container import read_model
    from qcompile.model_file.keys import NETWORK

    path = model_path(place)
    content = path.read_bytes()
    if path.suffix == TEXT:
        try:
            return Model(path, content, parse(content.decode("utf-8")), None)
        except UnicodeDecodeError as error:
            raise ModelError(f"{path} is not text; a {TEXT} file is what `qcompile import` wrote.") from error
    if any(entry.key == NETWORK for entry in read_model(path).metadata_props):
        network = native.read_network(path)
        return Model(path, content, lower(network, readable(path.stem)), network)
    if _is_imported(path.parent) and path.name == MODEL:
        raise ModelError(
            f"{path} holds a compiled program, which runs but cannot be read back; give its folder "
            f"{path.parent}, or {path.parent / PROGRAM}."
        )
    from qcompile.importers import qonnx

    return Model(path, content, qonnx.read_program(path), None)


def network_of(model: Model) -> Network:
    """The network of a model file of ours.

    Raises:
        ModelError: the model is another tool's, or a program.
    """
    if model.network is None:
        raise ModelError(f"{model.path} was not trained by qcompile, so this is not recorded.")
    return model.network
