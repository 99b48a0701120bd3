"""profile: how long models take here; ours on every back-end, any ONNX file in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qcompile.backends.compile import compile_program, shipped
from qcompile.cost.float_twin import open_twin
from qcompile.cost.profile import OnnxProfile, profile_files, ratios
from qcompile.cost.rows import CostReport, CostRow
from qcompile.cost.this_machine import machine
from qcompile.cost.total import BATCHES, latency_rows
from qcompile.errors import ModelError, QCompileError
from qcompile.importers.open import Model, model_path, open_model
from qcompile.model_file.container import read_model
from qcompile.model_file.keys import NETWORK
from qcompile.numerals import number
from qcompile.report.answers import ProfiledFile, Profiles
from qcompile.run.runner import runner


@dataclass(frozen=True, eq=False)
class Profiled:
    """Latency percentiles of everything that was timed."""

    costs: CostReport
    record: Profiles


def profile(
    *models: str | Path,
    batches: Sequence[int] = BATCHES,
    threads: int = 1,
    providers: Sequence[str] = (),
    shapes: Mapping[str, Sequence[int]] | None = None,
    libraries: Sequence[str | Path] = (),
    as_files: bool = False,
) -> Profiled:
    """Measure p50, p90 and p99 latency of models that take turns in one process.

    A single model of qcompile's is timed on every back-end that runs here, next to a float32 ONNX
    graph of the same function. Any other ONNX file, or several files, are timed in ONNX Runtime side by side.

    Args:
        *models: model files or build folders.
        batches: rows per call.
        threads: within an operator of ONNX Runtime, for files timed as they are.
        providers: execution providers in order of preference, likewise; the CPU by default.
        shapes: shape of one row by input name, for inputs with more free dimensions than the batch.
        libraries: of custom operators that a file needs. Loading one runs its code.
        as_files: time a model of qcompile's like any other file, in ONNX Runtime only.

    Raises:
        QCompileError: a model cannot be read, or a batch size is not positive.
    """
    if not models:
        raise QCompileError("there is no model to profile; give at least one file.")
    if not batches or min(batches) < 1 or max(batches) > 1_000_000:
        raise QCompileError(f"batch sizes are {list(batches)}; give whole numbers from 1 to 1,000,000.")
    if threads < 1:
        raise QCompileError(f"threads is {threads}; give at least 1.")
    sizes = tuple(dict.fromkeys(batches))
    paths = [model_path(Path(model)) for model in models]
    only_files = as_files or providers or shapes or libraries or threads != 1
    if len(paths) == 1 and not only_files and _compiles(paths[0]):
        rows, notes, files = _backends(open_model(paths[0]), sizes), [], []
    else:
        profiles = profile_files(paths, sizes, threads, providers or None, shapes, libraries=libraries)
        rows = tuple(replace(row, backend=str(p.path)) for p in profiles for row in p.latency)
        notes, files = _notes(profiles), [_file(p) for p in profiles]
    report = CostReport(rows, "host")
    record = Profiles(
        models=tuple(str(p) for p in paths),
        target=report.target,
        rows=report.rows,
        notes=tuple(notes),
        files=tuple(files),
        machine=machine(),
    )
    return Profiled(report, record)


def _compiles(path: Path) -> bool:
    """Whether a file is a model of ours or a program's text, and not just any ONNX file."""
    if path.suffix == ".qir":
        return True
    try:
        return any(e.key == NETWORK for e in read_model(path, external=False).metadata_props)
    except ModelError:  # too large to be ours, tensors in other files, or no model: ONNX Runtime will say
        return False


def _backends(model: Model, batches: Sequence[int]) -> tuple[CostRow, ...]:
    compiled = compile_program(model.program)
    artifacts = shipped(model, compiled)
    runners: list[Any] = [
        runner(artifacts["numba_cpu"], "host"),
        runner(artifacts["onnx_graph"], "onnxruntime"),
    ]
    if model.network is not None:
        runners.append(open_twin(model.network))
    return latency_rows(compiled.program, runners, batches)


def _file(p: OnnxProfile) -> ProfiledFile:
    operators = {str(batch): times for batch, times in p.operators.items()}
    return ProfiledFile(**{**vars(p), "path": str(p.path), "operators": operators})


def _notes(profiles: Sequence[OnnxProfile]) -> list[str]:
    """What a table of percentiles leaves out."""
    notes = []
    for p in profiles:
        memory = "" if p.memory_bytes is None else f", {p.memory_bytes / 1e6:.1f} MB of memory"
        notes.append(
            f"{p.path}: {p.size_bytes:,} bytes, session in {p.session_ms:.1f} ms, first run in "
            f"{p.first_run_ms:.2f} ms{memory}, {p.threads} thread(s), {', '.join(p.providers)}."
        )
    if len(profiles) > 1:
        for batch, found in ratios(profiles).items():
            told = ", ".join(f"{p.path} {number(r)}" for p, r in zip(profiles, found, strict=True))
            notes.append(f"Median of {batch} rows per call, as a multiple of the first file's: {told}.")
    return notes
