"""train: from a table to a model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qcompile.api._expected_form import expect_form
from qcompile.api._export_model import companion_paths, companions
from qcompile.backends.compile import PACKED, compile_program
from qcompile.data.load import load
from qcompile.data.table import Table
from qcompile.events import Event, Listener, ignore
from qcompile.facts import ModelFacts, Read, Written
from qcompile.files import staged_files
from qcompile.ir.lower import lower
from qcompile.model.reading import Reading
from qcompile.model_file.form import FilePart, file_part
from qcompile.report import record as parts
from qcompile.report.written import written
from qcompile.train.choices import Choices
from qcompile.train.proof import certified
from qcompile.train.table import train as train_table
from qcompile.train.trained import Trained


@dataclass(frozen=True)
class TrainingRecord:
    """What training alone reports: the parts of ``Report`` that need no compiled program."""

    format: int
    certificate: parts.CertificatePart
    accuracy: parts.AccuracyPart
    model: ModelFacts
    data: parts.DataPart
    training: parts.TrainingPart
    files: Mapping[str, FilePart]


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """What ``train`` wrote, and the trained network."""

    path: Path
    trained: Trained
    record: TrainingRecord


def read_table(
    source: Any, label: str | None, task: str | None, reading: Reading | None, on_event: Listener
) -> Table:
    """Load a table and say what was read and what was done to it."""
    table = load(source, label=label, task=task, reading=reading)
    schema = table.schema
    on_event(
        Event(
            "data",
            " ".join(table.notes),
            Read(
                source=table.source,
                rows=len(table),
                columns=len(schema.columns),
                task=schema.task,
                classes=schema.classes,
                notes=table.notes,
            ),
        )
    )
    return table


def train(
    source: Any,
    output: str | Path = "model.onnx",
    *,
    label: str | None = None,
    task: str | None = None,
    reading: Reading | None = None,
    form: str = PACKED,
    choices: Choices | None = None,
    force: bool = False,
    on_event: Listener = ignore,
) -> TrainedModel:
    """Train on a table and write the model file, with a summary of the certificate inside.

    Args:
        source: file, "sklearn:NAME", "openml:NAME", or a pandas frame.
        output: the model file; replaced only when everything has succeeded.
        label: column to predict; the last one by default.
        task: "classification" or "regression"; decided from the label by default.
        reading: how missing cells are written, which columns are kept or dropped, how dates are read.
        form: form of the ONNX file, a file name of backends/onnx/forms.
        choices: training settings.
        force: replace files that qcompile did not write, and keep them as NAME.bak.
        on_event: called with an event at every stage.

    Raises:
        QCompileError: the table, a setting or the output cannot be used.
    """
    choices = choices or Choices()
    expect_form(form, choices)
    path = Path(output)
    with staged_files([path, *companion_paths(path, form)], written, force) as folder:
        table = read_table(source, label, task, reading, on_event)
        expect_form(form, choices, table)
        trained = train_table(table, choices, on_event)
        artifact = compile_program(lower(trained.network, "model"), form).file
        files = {path: artifact.files[artifact.entry], **companions(artifact, path)}
        for place, content in files.items():
            (folder / place.name).write_bytes(content)
    for place, content in files.items():
        facts = Written(str(place), len(content))
        on_event(Event("written", f"{place} ({facts.bytes:,} bytes)", facts))
    assert trained.proof is not None
    record = TrainingRecord(
        format=parts.FORMAT,
        certificate=parts.certificate_part(certified(trained.proof)),
        accuracy=parts.accuracy_part(trained.metrics),
        model=parts.model_part(trained.network),
        data=parts.data_part(table, trained),
        training=parts.training_part(trained),
        files={str(place): file_part(content) for place, content in files.items()},
    )
    return TrainedModel(path, trained, record)
