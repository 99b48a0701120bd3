"""verify: every artifact equals the interpreter, and the certificate holds on the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qcompile.backends.compile import Compiled, as_it_is, compile_program, shipped
from qcompile.checks import Check
from qcompile.errors import QCompileError, UnsupportedError
from qcompile.importers.open import Model, model_path, network_of, open_model
from qcompile.model.reading import Reading
from qcompile.model_file.container import read_model
from qcompile.model_file.keys import DIGEST, digest
from qcompile.model_file.names import CERTIFICATE, MODEL, NUMBERS, PROGRAM
from qcompile.report.answers import Verification
from qcompile.report.recheck import read_report, reported_figures, reported_files
from qcompile.run.runner import runner
from qcompile.train.recheck import proof_on_data, proof_on_paper, table_of
from qcompile.verify.core import folder_on_core, on_core
from qcompile.verify.equality import outcome, test_bench
from qcompile.verify.folder import is_firmware, read_firmware

# The reference evaluator takes milliseconds per row, so it sees fewer seeded rows.
REFERENCE_ROWS = 200
QONNX_ROWS = 30  # worst-case rows among them


@dataclass(frozen=True, eq=False)
class Verified:
    """Every check that was made."""

    checks: tuple[Check, ...]
    record: Verification

    @property
    def passed(self) -> bool:
        """Whether all answers are yes."""
        return all(c.passed for c in self.checks)

    @property
    def sentence(self) -> str:
        """What failed, in one line."""
        return " ".join(f"{c.name}: {c.sentence}" for c in self.checks if not c.passed)


def verify(
    folder: str | Path,
    data: Any = None,
    *,
    rows: int = 1000,
    seed: int = 0,
    targets: Sequence[str | Path] = (),
    reading: Reading | None = None,
) -> Verified:
    """Check a build folder, a model file alone, or what ``import`` or ``compile`` wrote.

    Args:
        folder: what ``build`` or ``import`` wrote, or the C files that ``compile`` wrote.
        data: the table it was built from; with it the certificate and the deployed network's
            objective are recomputed from the data alone.
        rows: seeded random rows per artifact, besides the worst-case rows.
        seed: seed of these rows.
        targets: cores on which the generated C is run in an emulator and compared as well.
        reading: how missing cells are written in the data, if not as in the training table.

    Raises:
        QCompileError: a file is missing or unreadable, or the data are not a table.
    """
    if rows < 1:
        raise QCompileError(f"rows is {rows}; give at least 1.")
    place = Path(folder)
    if is_firmware(place):
        if data is not None:
            raise QCompileError(
                f"{place} holds compiled C, so there is no certificate to check on data; leave it out, or "
                "verify the build that it was made from."
            )
        return _verified(folder, _firmware(place, targets, rows, seed))
    if all((place / name).is_file() for name in (MODEL, PROGRAM)) and not (place / NUMBERS).is_file():
        if data is not None:
            raise QCompileError(
                f"{place} was imported, so there is no certificate to check on data; leave it out."
            )
        model = open_model(place)
        checks = [_compiled_file(model, rows, seed)]
        checks += _artifacts(model, compile_program(model.program), rows, seed)
        return _verified(folder, [*checks, *_on_cores(model, targets, rows, seed)])
    if place.is_dir():
        read_model(model_path(place))  # a file that is no model is an error, a changed one an answer
    report = read_report(place) if place.is_dir() else {}
    checks = list(reported_files(place, report)) if report else []
    if not all(c.passed for c in checks if c.name == MODEL):
        if data is not None:
            told = "was not recomputed from the data, because the model file is not the one that was built."
            checks.append(Check("certificate", False, told))
        return _verified(folder, checks)
    model = open_model(place)
    compiled = compile_program(model.program)
    checks += _artifacts(model, compiled, rows, seed)
    checks += _on_cores(model, targets, rows, seed)
    certificate = model.path.parent / CERTIFICATE
    table = None if data is None else table_of(network_of(model), data, reading)
    if table is not None:
        checks += proof_on_data(certificate, network_of(model), table)
    elif place.is_dir():
        checks += proof_on_paper(certificate, network_of(model))
    if report:
        checks += reported_figures(place, report, model, compiled, table)
    return _verified(folder, checks)


def _verified(folder: str | Path, checks: Sequence[Check]) -> Verified:
    record = Verification(str(folder), all(c.passed for c in checks), tuple(checks))
    return Verified(tuple(checks), record)


def _on_cores(model: Model, targets: Sequence[str | Path], rows: int, seed: int) -> Iterator[Check]:
    for target in targets:
        core = on_core(model.program, target, min(rows, REFERENCE_ROWS), seed)
        yield Check(core.backend, core.equal, core.sentence)


def _compiled_file(model: Model, rows: int, seed: int) -> Check:
    """The ONNX file that ``import`` wrote, as it is, against the program beside it."""
    path = model.path.with_name(MODEL)
    file = read_model(path, external=False)
    if digest(file) not in {entry.value for entry in file.metadata_props if entry.key == DIGEST}:
        return Check(MODEL, False, "was changed after qcompile wrote it; import the source again.")
    artifact = replace(as_it_is(model), files={MODEL: path.read_bytes()})
    found = outcome(
        MODEL, model.program, runner(artifact, "onnxruntime"), test_bench(model.program, rows, seed)
    )
    return Check(MODEL, found.equal, found.sentence)


def _firmware(place: Path, targets: Sequence[str | Path], rows: int, seed: int) -> list[Check]:
    """The C files of a compiled folder as they are, edited or not, on their core against the interpreter."""
    artifact, changed = read_firmware(place)
    told = f"changed since they were written: {', '.join(changed)}" if changed else "as they were written"
    checks = [Check("files", True, f"are {told}")]
    for target in targets or [artifact.provenance.get("target") or "host"]:
        core = folder_on_core(place, target, min(rows, REFERENCE_ROWS), seed)
        checks.append(Check(core.backend, core.equal, core.sentence))
    return checks


def _artifacts(model: Model, compiled: Compiled, rows: int, seed: int) -> Iterator[Check]:
    """The model file in two runtimes and the compiled kernels, against the interpreter."""
    program = compiled.program
    x = test_bench(program, rows, seed)
    few = test_bench(program, min(rows, REFERENCE_ROWS), seed)
    artifacts = shipped(model, compiled)
    file = artifacts["onnx_graph"]
    # A file in another dialect is not what ONNX Runtime ran, and the answer must not sound so.
    what = ", a packed copy" if model.network is not None and "file" not in file.provenance else ""
    tests = [
        ("numba kernels", "host", artifacts["numba_cpu"], x),
        (f"ONNX Runtime{what}", "onnxruntime", file, x),
        (f"ONNX reference evaluator{what}", "reference", file, few),
    ]
    if what:
        tests.append(("qonnx package", "qonnx", as_it_is(model), few[-QONNX_ROWS:]))
    for name, runtime, artifact, bench in tests:
        try:
            opened = runner(artifact, runtime)
        except UnsupportedError:
            if runtime != "qonnx":
                raise
            continue  # not installed, or the file is in yet another dialect
        found = outcome(name, program, opened, bench)
        yield Check(name, found.equal, found.sentence)
