"""Run an exported model of the qonnx form in the qonnx package: row by row, in float32, by other people.

The package executes one row per call in milliseconds: for conformance, not for speed.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.errors import UnsupportedError
from qcompile.ir.ops import Scale


@dataclass(frozen=True, eq=False)
class QonnxRunner:
    """A wrapped model, the names of its input and output, and what follows the scores outside of it.

    ``decides`` is for classes; ``scale`` makes values of scores where there are none, if the program has it.
    """

    model: Any
    feed: str
    result: str
    decides: bool
    scale: Scale | None = None
    name: str = "qonnx"

    def scores(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """(n, C) exact integer scores."""
        from qonnx.core.onnx_exec import execute_onnx

        rows = np.ascontiguousarray(x, dtype=np.float32)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = [execute_onnx(self.model, {self.feed: row[None]})[self.result] for row in rows]
        return np.concatenate(found).astype(np.int64)

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """(n,) index of the largest score, or of its sign; (n, C) values where nothing is decided."""
        scores = self.scores(x)
        if not self.decides:
            return scores if self.scale is None else np.asarray(self.scale.meaning(scores))
        return scores.argmax(axis=1) if scores.shape[1] > 1 else (scores[:, 0] >= 0).astype(np.int64)


def open_artifact(artifact: Artifact) -> QonnxRunner:
    """A runner for an artifact of kind "onnx" in the qonnx form.

    Raises:
        UnsupportedError: another kind of artifact, or the qonnx package is not installed.
    """
    import onnx

    if artifact.kind != "onnx":
        raise UnsupportedError(f"qonnx runs artifacts of kind 'onnx', not {artifact.kind!r}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from qonnx.core.modelwrapper import ModelWrapper
            from qonnx.transformation.infer_shapes import InferShapes
    except ImportError:
        raise UnsupportedError("the qonnx package is not installed: pip install qonnx.") from None
    model = onnx.load_from_string(artifact.files[artifact.entry])
    domains = {opset.domain for opset in model.opset_import} - {"", "ai.onnx"}
    if domains != {"qonnx.custom_op.general"}:
        raise UnsupportedError(f"qonnx runs its own dialect; this file has operators of {sorted(domains)}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrapped = ModelWrapper(model).transform(InferShapes())
    program = artifact.program
    decides = program is not None and "label" in program.outputs
    last = [op for op in program.ops if op.result == program.outputs.get("values")] if program else []
    scale = next((op for op in last if isinstance(op, Scale)), None)
    return QonnxRunner(wrapped, model.graph.input[0].name, model.graph.output[0].name, decides, scale)
