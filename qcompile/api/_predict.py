"""predict: what a model says about rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.compile import file_artifact
from qcompile.data.clean.labels import known_labels
from qcompile.data.rows import Rows, load_cells, load_rows
from qcompile.errors import DataError, ModelError
from qcompile.importers.open import open_model
from qcompile.ir.program import Program
from qcompile.model.reading import Reading
from qcompile.model.schema import Column, Schema
from qcompile.report.answers import Predictions
from qcompile.run.runner import runner


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions, and how many were right where the table has the label.

    Attributes:
        predictions: class names, or numbers.
        scores: (n, C) int64 exact scores.
        record: the same as plain values.
    """

    predictions: tuple[str, ...] | tuple[float, ...]
    scores: NDArray[np.int64]
    record: Predictions


def schema_of(network: Any, path: Path) -> Schema:
    """The columns a model reads.

    Raises:
        ModelError: the file does not say.
    """
    if "schema" not in network.provenance:
        raise ModelError(
            f"{path} does not say which columns it reads; it was not written by `qcompile build`."
        )
    return Schema.from_json(network.provenance["schema"])


def predict(model: str | Path, data: Any, reading: Reading | None = None) -> Predicted:
    """Run the model in ONNX Runtime on the rows of a table.

    Args:
        model: a model file, a build folder, or what ``import`` wrote or reads.
        data: file, "sklearn:NAME", "openml:NAME" or a pandas frame with the training columns; for an
            imported model with as many columns as it reads, in its order.
        reading: how missing cells are written in these rows, if not as in the training table.

    Raises:
        QCompileError: the model or the table cannot be read, or a column is missing.
    """
    opened = open_model(Path(model))
    provenance = opened.program.metadata.get("provenance", {})
    if opened.network is None:
        if "schema" in provenance:  # a program that ``compile`` made of a network of ours
            schema, remark = Schema.from_json(provenance["schema"]), ""
            rows = load_rows(data, schema, reading)
        else:
            schema, rows, remark = _imported_rows(opened.program, data)
        from qcompile.backends.onnx.build import build

        artifact = build(opened.program)
    else:
        schema, remark = schema_of(opened.network, opened.path), ""
        rows = load_rows(data, schema, reading)
        artifact = file_artifact(opened)
    session = runner(artifact, "onnxruntime")
    scores, found = session.scores(rows.x), session.predict(rows.x)
    _expect_shapes(opened.path, schema, scores, found, len(rows.x))
    if schema.task == "classification":
        predictions: tuple[Any, ...] = tuple(schema.classes[int(i)] for i in found)
    else:
        predictions = tuple(float(v) for v in np.ravel(found))
    quality, sentence = _quality(schema, found, rows.y)
    record = Predictions(
        model=str(opened.path),
        task=schema.task,
        label=schema.label,
        rows=len(rows.x),
        unseen=rows.unseen,
        unreadable=rows.unreadable,
        predictions=predictions,
        scores=tuple(tuple(int(s) for s in line) for line in scores),
        quality=quality,
        sentence=" ".join(filter(None, (sentence or remark, *rows.notes))),
    )
    return Predicted(predictions, scores, record)


def _expect_shapes(path: Path, schema: Schema, scores: Any, found: Any, rows: int) -> None:
    """The graph is the file's own, whose digest anybody can renew: its answers may have any shape.

    Raises:
        ModelError: they are not one per row, or name no class.
    """
    shaped = scores.ndim == 2 and len(scores) == rows == len(found) and found.ndim in (1, 2)
    if shaped and schema.task == "classification":
        shaped = found.ndim == 1 and bool(((found >= 0) & (found < len(schema.classes))).all())
    if not shaped:
        raise ModelError(
            f"{path} is damaged (its graph answers {rows} rows with scores of shape {scores.shape} and "
            f"decisions of shape {found.shape}); build the model again."
        )


def _imported_rows(program: Program, data: Any) -> tuple[Schema, Rows, str]:
    """Rows for a program, whose columns and classes are numbers, and what could not be compared."""
    if program.columns:  # of ours: how texts become numbers is not known of it
        raise ModelError(
            "this program does not say how it reads its columns; give the model it was made from."
        )
    x, labels = load_cells(data, program.input.type.length)
    columns = tuple(Column(f"x{j}", "numeric") for j in range(x.shape[1]))
    label = "label" if labels is None else str(labels.name)
    task = "classification" if "label" in program.outputs else "regression"
    schema = Schema(columns, label, task, program.classes if task == "classification" else ())
    if labels is None:
        return schema, Rows(x, None), ""
    try:
        return schema, Rows(x, known_labels(labels, task, schema.classes)), ""
    except DataError as error:
        return schema, Rows(x, None), f"Not compared with the labels: {error}"


def _quality(schema: Schema, found: NDArray[Any], y: NDArray[Any] | None) -> tuple[float | None, str]:
    """Share of agreement or R2, over the rows that have a label."""
    if y is None or not len(y):
        return None, ""
    known = y >= 0 if schema.task == "classification" else ~np.isnan(y)
    found, y = np.ravel(found)[known], y[known]
    rows = f"{len(y)} rows" if known.all() else f"{len(y)} rows with a label"
    if schema.task == "classification":
        share = float((found == y).mean())
        return share, f"{100 * share:.1f} % of {rows} agree with column {schema.label!r}."
    spread = float(((y - y.mean()) ** 2).sum())
    r2 = 1 - float(((found - y) ** 2).sum()) / spread if spread > 0 else float("nan")
    return r2, f"R2 {r2:.3f} against column {schema.label!r} on {rows}."
