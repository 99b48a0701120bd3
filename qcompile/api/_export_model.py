"""export_model: a model in another form of ONNX, compared with the interpreter before it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx

from qcompile.backends.artifact import Artifact
from qcompile.backends.onnx.build import build
from qcompile.errors import CheckFailed, UnsupportedError
from qcompile.files import file_destination, staged_files
from qcompile.importers.open import open_model
from qcompile.ir.program import Program
from qcompile.model_file.form import FilePart, file_part, form_sentence, onnx_form
from qcompile.report.answers import ExportedFile
from qcompile.report.written import written
from qcompile.run.qonnx import open_artifact
from qcompile.run.runner import runner
from qcompile.verify.equality import Outcome, outcome, test_bench

# Seeded rows of the comparison, besides the worst-case rows: the last two take milliseconds for each.
ROWS = {"onnxruntime": 1000, "reference": 100, "qonnx": 20}
# Forms with a library beside the file, and its ending.
WITH_LIBRARY, LIBRARY = ("custom",), ".so"
UNCHECKED = "Not executed here: this form runs in the qonnx package (pip install qonnx)."


@dataclass(frozen=True, eq=False)
class Exported:
    """The file that was written, and the facts about it."""

    path: Path
    record: ExportedFile


def export_model(
    model: str | Path, output: str | Path, form: str = "packed", *, tail: str = "auto", force: bool = False
) -> Exported:
    """Write a model as ONNX in a form, after every output bit has been compared on 1,000 rows.

    Args:
        model: a model file of qcompile's, a build folder, a low-bit ONNX file, or a .qir program.
        output: the ONNX file; an existing one is replaced as a whole. What a form needs beside it
            has the same name and another ending.
        form: "packed", "dense", "int4", "int2", "qonnx", "reference", ..: a file name of
            backends/onnx/forms.
        tail: type of the integers behind the first layer: "auto" (by the proved bound), "int32",
            "double" or "int64".
        force: replace files that qcompile did not write, and keep them as NAME.bak.

    Raises:
        ModelError: the model is missing, unreadable or damaged.
        UnsupportedError: there is no such form or tail, or the form cannot hold this model.
        CompileError: a value may leave the exact range of the type.
        CheckFailed: the exported graph differs from the model; nothing is written.
    """
    for place in (Path(output), *companion_paths(Path(output), form)):
        file_destination(place)
    opened = open_model(Path(model))
    artifact = build(opened.program, option=form, tail=tail)
    checked = _compare(opened.program, artifact, form)
    if checked is not None and not checked.equal:
        raise CheckFailed(f"the {form} form {checked.sentence}; nothing was written. Please report it.")
    sizes = write_files(artifact, Path(output), force)
    facts = onnx_form(onnx.load_from_string(artifact.files[artifact.entry]))
    told = UNCHECKED if checked is None else f"{checked.backend}: {checked.sentence}."
    record = ExportedFile(
        **vars(facts),
        model=str(opened.path),
        output=str(output),
        runtime=str(artifact.provenance["runtime"]),
        verified=checked,
        files=sizes,
        sentences=(f"{form_sentence(facts)}.", told),
    )
    return Exported(Path(output), record)


def write_files(artifact: Artifact, path: Path, force: bool = False) -> dict[str, FilePart]:
    """Write an ONNX artifact to ``path``, what it needs beside it; returns bytes and sha256 by name.

    Raises:
        QCompileError: a file cannot be written, or one is there that no earlier run wrote.
    """
    named = {path: artifact.files[artifact.entry], **companions(artifact, path)}
    with staged_files(list(named), written, force) as folder:
        for place, content in named.items():
            (folder / place.name).write_bytes(content)
    return {str(place): file_part(content) for place, content in named.items()}


def companion_paths(path: Path, form: str) -> list[Path]:
    """Where the files will lie that a form needs beside the model, known before there is a model."""
    return [path.with_suffix(LIBRARY)] if form in WITH_LIBRARY else []


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
