"""import_model: low-bit networks of other tools become integer programs, checked and compiled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qcompile.backends.compile import FILE, RUNS_HERE, compile_program
from qcompile.errors import ModelError
from qcompile.events import Listener, ignore
from qcompile.files import staged_folder
from qcompile.files.seal import sealed_text
from qcompile.importers.qonnx import read_program
from qcompile.ir.program import Program
from qcompile.ir.text import dump
from qcompile.model_file.names import MODEL
from qcompile.report.answers import ImportedProgram
from qcompile.report.program import program_part
from qcompile.report.written import written
from qcompile.run.runner import runner
from qcompile.verify.equality import compare_all

TEXT = "program.qir"


@dataclass(frozen=True, eq=False)
class Imported:
    """An imported program and where it was written."""

    folder: Path
    program: Program
    record: ImportedProgram


def import_model(
    source: str | Path,
    output: str | Path,
    *,
    inputs: str | None = None,
    force: bool = False,
    on_event: Listener = ignore,
) -> Imported:
    """Read a QONNX, Brevitas, FINN or QDQ file; write an exact integer ONNX file and the program's text.

    Args:
        source: the ONNX file.
        output: folder for model.onnx and program.qir, which every other command reads.
        inputs: the integers that raw cells hold ("BINARY", "BIPOLAR", "UINT8", ..), where the file
            does not say.
        force: replace files that qcompile did not write, and keep them as NAME.bak.
        on_event: called with an event after every comparison.

    Raises:
        ModelError: the file is missing or damaged.
        UnsupportedError: an operator has no translation: which node, and why.
        CheckFailed: a compiled form differs from the program.
    """
    if not Path(source).is_file():
        raise ModelError(f"{source} does not exist; give an ONNX file.")
    with staged_folder(Path(output), (TEXT, MODEL), written, force) as folder:
        program = read_program(source, inputs)
        compiled = compile_program(program)
        runners = {name: runner(compiled.artifacts[backend], name) for backend, name in RUNS_HERE}
        outcomes = compare_all(compiled.program, runners, None, on_event)
        (folder / TEXT).write_text(sealed_text(dump(program)), encoding="utf-8")
        artifact = compiled.artifacts[FILE]
        (folder / MODEL).write_bytes(artifact.files[artifact.entry])
    record = ImportedProgram(
        source=str(source),
        program=program_part(compiled.program, compiled.passes),
        verification=outcomes,
        files=tuple(str(Path(output) / name) for name in (TEXT, MODEL)),
    )
    return Imported(Path(output), program, record)
