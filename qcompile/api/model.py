"""A model opened: what it means, and everything on this machine that can run it.

A model is our model file or a folder that ``build`` wrote, a low-bit ONNX file of other people's
tools, or a program in its text form (``.qir``). All become a ``Program``; ours are a ``Network`` too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qcompile.backends.artifact import Artifact
from qcompile.errors import ModelError
from qcompile.ir.lower import lower
from qcompile.ir.program import Program
from qcompile.model.network import Network
from qcompile.passes.pipeline import PassRecord, optimise
from qcompile.registry import load
from qcompile.targets.schema import load_target

__all__ = [
    "FILE",
    "MODEL",
    "PACKED",
    "PROGRAM",
    "RUNS_HERE",
    "TEXT",
    "Compiled",
    "Model",
    "as_it_is",
    "compile_program",
    "file_artifact",
    "model_path",
    "network_of",
    "open_model",
    "runner",
    "shipped",
]

MODEL, TEXT = "model.onnx", ".qir"
PROGRAM = f"program{TEXT}"

# The back-ends that every installation can run, and what runs their artifacts.
FILE = "onnx_graph"
RUNS_HERE = (("numba_cpu", "host"), (FILE, "onnxruntime"))
PACKED = "packed"


@dataclass(frozen=True, eq=False)
class Compiled:
    """A program compiled for this machine.

    Attributes:
        program: after the passes.
        passes: what each did.
        artifacts: one per back-end, all of which run here.
        file: the ONNX model file in the form that was asked for; the one in ``artifacts`` where that
            runs in ONNX Runtime.
    """

    program: Program
    passes: Sequence[PassRecord]
    artifacts: Mapping[str, Artifact]
    file: Artifact


@dataclass(frozen=True, eq=False)
class Model:
    """A model on disk and what it means.

    Attributes:
        path: of the file.
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
    from qcompile.importers import qonnx
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
        return Model(path, content, lower(network, path.stem), network)
    if _is_imported(path.parent) and path.name == MODEL:
        raise ModelError(
            f"{path} holds a compiled program, which runs but cannot be read back; give its folder "
            f"{path.parent}, or {path.parent / PROGRAM}."
        )
    return Model(path, content, qonnx.read_program(path), None)


def network_of(model: Model) -> Network:
    """The network of a model file of ours.

    Raises:
        ModelError: the model is another tool's, or a program.
    """
    if model.network is None:
        raise ModelError(f"{model.path} was not trained by qcompile, so this is not known of it.")
    return model.network


def compile_program(lowered: Program, form: str = PACKED) -> Compiled:
    """Optimise for this machine (each pass checked against the interpreter), build every artifact.

    The ONNX file is made from the program as it came, so that ours can be read back as the same
    network; the kernels are made from the optimised one.

    Args:
        lowered: the program.
        form: of the ONNX file, a file name of backends/onnx/forms.

    Raises:
        QCompileError: there is no such form, or it cannot hold the program.
    """
    from qcompile.backends import numba_cpu
    from qcompile.backends.onnx import build as onnx_graph

    target = load_target("host")
    program, passes = optimise(lowered, target)
    file = onnx_graph.build(lowered, target, option=form)
    artifacts = {
        "numba_cpu": numba_cpu.build(program, target),
        FILE: file if file.provenance["runtime"] == "onnxruntime" else onnx_graph.build(lowered, target),
    }
    return Compiled(program, passes, artifacts, file)


def file_artifact(model: Model) -> Artifact:
    """A model file of ours as what ONNX Runtime runs: the bytes on disk, not a fresh copy of them.

    A file in another dialect, or one that needs a library beside it, is not run: a library found
    beside a file is never loaded unasked. Then it is a packed copy.
    """
    from qcompile.backends.onnx.build import build
    from qcompile.model_file.container import read_model

    network_of(model)
    if {opset.domain for opset in read_model(model.path).opset_import} - {"", "ai.onnx"}:
        return build(model.program)
    return as_it_is(model)


def as_it_is(model: Model) -> Artifact:
    """The bytes on disk as an artifact, whatever runtime they are for."""
    digest = hashlib.sha256(model.content).hexdigest()
    return Artifact("onnx", {MODEL: model.content}, MODEL, digest, model.program, {"file": str(model.path)})


def shipped(model: Model, compiled: Compiled) -> dict[str, Artifact]:
    """The artifacts of a model on disk: its own file, where it is ours, and the compiled kernels."""
    own = {FILE: file_artifact(model)} if model.network is not None else {}
    return {**compiled.artifacts, **own}


def runner(artifact: Artifact, name: str) -> Any:
    """Open an artifact with a runner, a file of qcompile/run."""
    return load("qcompile.run", name).open_artifact(artifact)
