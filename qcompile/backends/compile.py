"""Compile a program for this machine, and the file of a model as an artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qcompile.backends import numba_cpu
from qcompile.backends.artifact import Artifact
from qcompile.importers.open import Model, network_of
from qcompile.ir.program import Program
from qcompile.model_file.names import MODEL
from qcompile.passes.pipeline import PassRecord, optimise
from qcompile.targets.schema import load_target

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


def compile_program(lowered: Program, form: str = PACKED) -> Compiled:
    """Optimise for this machine (each pass checked against the interpreter), build every artifact.

    The ONNX file is made from the program as it came, so that ours can be read back as the same
    network; the kernels are made from the optimised one.

    Args:
        lowered: the program.
        form: form of the ONNX file, a file name of backends/onnx/forms.

    Raises:
        QCompileError: there is no such form, or it cannot hold the program.
    """
    from qcompile.backends.onnx.build import build

    target = load_target("host")
    program, passes = optimise(lowered, target, numba_cpu.runs(lowered))
    file = build(lowered, target, option=form)
    artifacts = {
        "numba_cpu": numba_cpu.build(program, target),
        FILE: file if file.provenance["runtime"] == "onnxruntime" else build(lowered, target),
    }
    return Compiled(program, passes, artifacts, file)


def compile_for(lowered: Program, backend: str) -> Artifact:
    """The artifact of one back-end of ``RUNS_HERE``, as in ``compile_program``, without the others' work."""
    target = load_target("host")
    if backend != FILE:
        return numba_cpu.build(optimise(lowered, target, numba_cpu.runs(lowered))[0], target)
    from qcompile.backends.onnx.build import build

    return build(lowered, target)


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
    return Artifact("onnx", {MODEL: model.content}, MODEL, model.program, {"file": str(model.path)})


def shipped(model: Model, compiled: Compiled) -> dict[str, Artifact]:
    """The artifacts of a model on disk: its own file, where it is ours, and the compiled kernels."""
    own = {FILE: file_artifact(model)} if model.network is not None else {}
    return {**compiled.artifacts, **own}
