"""build: from a table to a certified, compiled, checked and costed model, in one folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx

from qcompile.api._expected_form import expect_form
from qcompile.api._export_model import companion_paths, companions
from qcompile.api._train import read_table
from qcompile.backends.compile import PACKED, RUNS_HERE, Compiled, compile_program
from qcompile.backends.titles import backend_name
from qcompile.certificate import make as certificates
from qcompile.cost.every_target import target_part
from qcompile.cost.rows import CostReport
from qcompile.cost.this_machine import machine
from qcompile.cost.total import costs
from qcompile.events import Event, Listener, ignore
from qcompile.facts import OneRowEnergy, OneRowLatency, Written
from qcompile.files import staged_folder
from qcompile.ir.lower import lower
from qcompile.model.reading import Reading
from qcompile.model_file.form import FilePart, file_part, onnx_form
from qcompile.model_file.names import CERTIFICATE, MODEL, NUMBERS, PAGE
from qcompile.numerals import number
from qcompile.report import record as parts
from qcompile.report.page.page import drawn_by, render
from qcompile.report.program import program_part
from qcompile.report.written import written
from qcompile.run.runner import runner
from qcompile.targets.schema import load_target
from qcompile.train.choices import Choices
from qcompile.train.proof import certified
from qcompile.train.table import train as train_table
from qcompile.train.trained import Trained
from qcompile.verify.equality import compare_all


@dataclass(frozen=True, eq=False)
class Built:
    """The result of ``build``.

    Attributes:
        folder: holds model.onnx, certificate.npz, report.html and report.json.
        trained: the network with its proof and scores.
        compiled: its program and artifacts.
        costs: every measured and modelled figure.
        record: the content of report.json.
    """

    folder: Path
    trained: Trained
    compiled: Compiled
    costs: CostReport
    record: parts.Report


def build(
    source: Any,
    output: str | Path = "build",
    *,
    label: str | None = None,
    task: str | None = None,
    reading: Reading | None = None,
    target: str | Path = "host",
    form: str = PACKED,
    choices: Choices | None = None,
    force: bool = False,
    on_event: Listener = ignore,
) -> Built:
    """Train, certify, compile, verify and measure.

    Args:
        source: file, "sklearn:NAME", "openml:NAME", or a pandas frame.
        output: folder; its earlier files are replaced only when everything has succeeded.
        label: column to predict; the last one by default.
        task: "classification" or "regression"; decided from the label by default.
        reading: how missing cells are written, which columns are kept or dropped, how dates are read.
        target: a target's name or a TOML file.
        form: form of the ONNX file, a file name of backends/onnx/forms.
        choices: training settings.
        force: replace files that qcompile did not write, and keep them as NAME.bak.
        on_event: called with an event at every stage.

    Raises:
        QCompileError: the table, a setting, the target or the output cannot be used.
        CheckFailed: an artifact does not compute what the interpreter computes.
    """
    goal = load_target(target)
    choices = choices or Choices()
    expect_form(form, choices)
    names = [MODEL, CERTIFICATE, NUMBERS, PAGE, *(p.name for p in companion_paths(Path(MODEL), form))]
    with staged_folder(Path(output), names, written, force) as folder:
        table = read_table(source, label, task, reading, on_event)
        expect_form(form, choices, table)
        trained = train_table(table, choices, on_event)
        lowered = lower(trained.network, "model")
        compiled = compile_program(lowered, form)
        program = program_part(compiled.program, compiled.passes)
        model = parts.model_part(trained.network)
        told = f"{model.neurons} neurons of {model.bits_per_weight}-bit weights: {program.sentence}"
        on_event(Event("program", told, model))

        runners = {name: runner(compiled.artifacts[backend], name) for backend, name in RUNS_HERE}
        outcomes = compare_all(compiled.program, runners, table.x[trained.test_index], on_event)
        report = costs(lowered, compiled.program, compiled.artifacts, list(runners.values()), goal)
        _tell_costs(report, on_event)

        files = _write(folder, trained, compiled)
        assert trained.proof is not None
        record = parts.Report(
            format=parts.FORMAT,
            certificate=parts.certificate_part(certified(trained.proof)),
            accuracy=parts.accuracy_part(trained.metrics),
            model=model,
            data=parts.data_part(table, trained),
            training=parts.training_part(trained),
            program=program,
            verification=outcomes,
            costs=report,
            files=files,
            machine=machine(),
            targets=target_part(lowered, report, goal),
            page=drawn_by(),
        )
        page = render(record, trained.network).encode()
        (folder / PAGE).write_bytes(page)
        record = replace(record, files={**files, PAGE: file_part(page)})
        (folder / NUMBERS).write_text(parts.report_text(record), encoding="utf-8")
        sizes = {name: (folder / name).stat().st_size for name in (*files, NUMBERS, PAGE)}
    for name, size in sizes.items():
        path = Path(output) / name
        on_event(Event("written", f"{path} ({size:,} bytes)", Written(str(path), size)))
    return Built(Path(output), trained, compiled, report, record)


def _write(folder: Path, trained: Trained, compiled: Compiled) -> dict[str, FilePart]:
    file = compiled.file
    written = {folder / MODEL: file.files[file.entry], **companions(file, folder / MODEL)}
    for path, content in written.items():
        path.write_bytes(content)
    certificates.save(folder / CERTIFICATE, trained.certificates)
    names = (*(path.name for path in written), CERTIFICATE)
    found = {name: file_part((folder / name).read_bytes()) for name in names}
    form = onnx_form(onnx.load_from_string(file.files[file.entry]))
    return {**found, MODEL: replace(found[MODEL], onnx=form)}


def _tell_costs(report: CostReport, on_event: Listener) -> None:
    """One sentence on time and one on energy, for one row."""
    measured = report.select("latency_p50", batch=1)
    latency = measured or report.select("latency", operation="total")
    told = ", ".join(f"{backend_name(r.backend)} {number(r.expected)} us" for r in latency)
    figures = {r.backend: r.expected for r in latency}
    how = "median, measured here" if measured else f"{report.target}, modelled"
    on_event(Event("latency", f"{told} for one row ({how})", OneRowLatency(figures)))
    energy = report.select("energy", operation="total")
    if energy:
        told = ", ".join(f"{backend_name(r.backend)} {number(r.expected)} uJ" for r in energy)
        origin = f"{energy[0].origin}: {energy[0].source}"
        figures = {r.backend: r.expected for r in energy}
        on_event(Event("energy", f"{told} for one row ({origin})", OneRowEnergy(figures, origin)))
