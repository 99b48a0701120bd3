"""Run an exported model in onnx's reference evaluator: slow, written in numpy by other people.

It shares no code with ONNX Runtime, so a graph on which both agree means what its operators mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.errors import UnsupportedError

if TYPE_CHECKING:
    from onnx.reference import ReferenceEvaluator


@dataclass(frozen=True, eq=False)
class ReferenceRunner:
    """An evaluator, dtype and shape of the rows it takes, and the output that ``predict`` returns."""

    evaluator: ReferenceEvaluator
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    decision: str
    name: str = "reference"

    def run(self, x: NDArray[Any], outputs: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The named outputs (all by default) of raw rows."""
        wanted = list(outputs or self.evaluator.output_names)
        rows = np.ascontiguousarray(x, dtype=self.dtype)
        rows = rows.reshape(len(rows), *self.shape)
        with np.errstate(over="ignore"):  # the encoder lets float32 overflow to infinity, then clips
            found = self.evaluator.run(wanted, {self.evaluator.input_names[0]: rows})
        return dict(zip(wanted, found, strict=True))

    def scores(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """(n, C) exact integer scores."""
        return self.run(x, ["scores"])["scores"].astype(np.int64)

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """(n,) class index in classification; values in regression: (n,), or (n, C) for more columns."""
        found = self.run(x, [self.decision])[self.decision]
        return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


def open_artifact(artifact: Artifact) -> ReferenceRunner:
    """A runner for an artifact of kind "onnx".

    Raises:
        UnsupportedError: another kind of artifact.
    """
    import onnx
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    if artifact.kind != "onnx":
        raise UnsupportedError(
            f"the reference evaluator runs artifacts of kind 'onnx', not {artifact.kind!r}."
        )
    model = onnx.load_from_string(artifact.files[artifact.entry])
    evaluator = ReferenceEvaluator(model)
    outputs = evaluator.output_names
    decision = next((name for name in ("class_index", "values") if name in outputs), outputs[0])
    fed = model.graph.input[0].type.tensor_type
    dtype = helper.tensor_dtype_to_np_dtype(fed.elem_type)
    shape = tuple(size.dim_value for size in fed.shape.dim[1:])
    return ReferenceRunner(evaluator, dtype, shape, decision)
