"""export_model: a model in another form of ONNX, compared with the interpreter before it is written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from qcompile.api.equality import Outcome, outcome, test_bench
from qcompile.api.model import open_model, runner
from qcompile.backends.artifact import Artifact
from qcompile.backends.onnx.build import build
from qcompile.errors import CheckFailed, UnsupportedError
from qcompile.files import staged_file
from qcompile.ir.program import Program
from qcompile.model_file.form import form_sentence, onnx_form
from qcompile.run.qonnx import open_artifact

__all__ = ["Exported", "companions", "export_model", "write_files"]

# Seeded rows of the comparison, besides the worst-case rows: the last two take milliseconds for each.
ROWS = {"onnxruntime": 1000, "reference": 100, "qonnx": 20}
UNCHECKED = "Not executed here: this form runs in the qonnx package (pip install qonnx)."


@dataclass(frozen=True, eq=False)
class Exported:
    """The file that was written, and the facts about it."""

    path: Path
    record: dict[str, Any]


def export_model(
    model: str | Path, output: str | Path, form: str = "packed", *, tail: str = "auto"
) -> Exported:
    """Write a model as ONNX in a form, after every output bit has been compared on 1,000 rows.

    Args:
        model: a model file of ours, a build folder, another tool's low-bit ONNX file, or a .qir program.
        output: the ONNX file; an existing one is replaced as a whole. What a form needs beside it
            has the same name and another ending.
        form: "packed", "dense", "int4", "int2", "qonnx", "reference", ..: a file name of
            backends/onnx/forms.
        tail: type of the integers behind the first layer: "auto" (by the proved bound), "int32",
            "double" or "int64".

    Raises:
        ModelError: the model is missing, unreadable or damaged.
        UnsupportedError: there is no such form or tail, or the form cannot hold this model.
        CompileError: a value may leave the exact range of the type.
        CheckFailed: the exported graph differs from the model; nothing is written.
    """
    opened = open_model(Path(model))
    artifact = build(opened.program, option=form, tail=tail)
    checked = _compare(opened.program, artifact, form)
    if checked is not None and not checked.equal:
        raise CheckFailed(f"the {form} form {checked.sentence}; nothing was written. Please report it.")
    sizes = write_files(artifact, Path(output))
    facts = onnx_form(onnx.load_from_string(artifact.files[artifact.entry]))
    told = UNCHECKED if checked is None else f"{checked.backend}: {checked.sentence}."
    record = {
        "model": str(opened.path),
        "output": str(output),
        **facts,
        "runtime": artifact.provenance["runtime"],
        "verified": vars(checked) if checked is not None else None,
        "files": sizes,
        "sentences": [f"{form_sentence(facts)}.", told],
    }
    return Exported(Path(output), record)


def write_files(artifact: Artifact, path: Path) -> dict[str, dict[str, Any]]:
    """Write an ONNX artifact to ``path``, what it needs beside it; returns bytes and sha256 by name.

    Raises:
        QCompileError: a file cannot be written.
    """
    named = {path: artifact.files[artifact.entry], **companions(artifact, path)}
    for place, content in reversed(named.items()):  # the model last: it is complete when it is there
        with staged_file(place) as staged:
            staged.write_bytes(content)
    return {
        str(place): {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for place, content in named.items()
    }


def companions(artifact: Artifact, path: Path) -> dict[Path, bytes]:
    """Files of an artifact other than the model, under the model's name."""
    rest = {name: data for name, data in artifact.files.items() if name != artifact.entry}
    return {path.with_suffix(Path(name).suffix): data for name, data in rest.items()}


def _compare(program: Program, artifact: Artifact, form: str) -> Outcome | None:
    """The comparison in the runtime that the form is for; None where that is not installed."""
    runtime = str(artifact.provenance["runtime"])
    x = test_bench(program, ROWS["reference" if form == "reference" else runtime], 0)
    if runtime != "qonnx":
        return outcome("ONNX Runtime", program, runner(artifact, runtime), x)
    try:
        opened = open_artifact(artifact)
    except UnsupportedError:
        return None
    return outcome("qonnx", program, opened, x)
