"""predict: what a model says about rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.api.model import file_artifact, network_of, open_model, runner
from qcompile.data.load import load_rows
from qcompile.data.schema import Schema
from qcompile.errors import ModelError

__all__ = ["Predicted", "predict", "schema_of"]


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
    record: dict[str, Any]


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


def predict(model: str | Path, data: Any) -> Predicted:
    """Run the model file in ONNX Runtime on the rows of a table.

    Args:
        model: the model file, or a build folder.
        data: file, "sklearn:NAME", "openml:NAME" or a pandas frame with the training columns.

    Raises:
        QCompileError: the model or the table cannot be read, or a column is missing.
    """
    opened = open_model(Path(model))
    schema = schema_of(network_of(opened), opened.path)
    x, y = load_rows(data, schema)
    session = runner(file_artifact(opened), "onnxruntime")
    scores = session.scores(x)
    found = session.predict(x)
    if schema.task == "classification":
        predictions: tuple[Any, ...] = tuple(schema.classes[int(i)] for i in found)
    else:
        predictions = tuple(float(v) for v in np.ravel(found))
    quality, sentence = _quality(schema, found, y)
    record = {
        "model": str(opened.path),
        "task": schema.task,
        "label": schema.label,
        "rows": len(x),
        "predictions": list(predictions),
        "scores": scores,
        "quality": quality,
        "sentence": sentence,
    }
    return Predicted(predictions, scores, record)


def _quality(schema: Schema, found: NDArray[Any], y: NDArray[Any] | None) -> tuple[float | None, str]:
    if y is None or not len(y):
        return None, ""
    if schema.task == "classification":
        share = float((np.ravel(found) == y).mean())
        return share, f"{100 * share:.1f} % of {len(y)} rows agree with column {schema.label!r}."
    spread = float(((y - y.mean()) ** 2).sum())
    r2 = 1 - float(((np.ravel(found) - y) ** 2).sum()) / spread if spread > 0 else float("nan")
    return r2, f"R2 {r2:.3f} against column {schema.label!r} on {len(y)} rows."
