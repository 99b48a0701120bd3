"""The same function as a float32 ONNX graph: what a user would deploy who did not quantize.

    codes -> float32 levels -> MatMul u, MatMul v -> Mul -> MatMul alpha

It is the yardstick of ``qcompile profile``, not a back-end: float32 sums are rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.network import Network

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


@dataclass(frozen=True, eq=False)
class FloatTwin:
    """A session of the float32 graph, to be timed beside exact runners."""

    session: InferenceSession
    name: str = "onnx float32"

    def scores(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """(n, C) float32 values of alpha times neurons."""
        rows = np.ascontiguousarray(x, dtype=np.float32)
        found: NDArray[np.float32] = self.session.run(["scores"], {"x": rows})[0]
        return found


def open_twin(network: Network, threads: int = 1) -> FloatTwin:
    """A session of ``float_model`` in ONNX Runtime, with as many threads as the exact runners have."""
    from qcompile.run.onnxruntime import open_session

    return FloatTwin(open_session(float_model(network), threads))


def float_model(network: Network) -> bytes:
    """The serialised graph: input "x" (N, features) float32, output "scores" (N, C) float32."""
    from onnx import TensorProto, helper

    from qcompile.backends.onnx.encoder import emit_encoder
    from qcompile.backends.onnx.graph import BATCH, Graph

    graph = Graph(reserved=("scores",))
    x = graph.input("x", TensorProto.FLOAT, network.encoder.features)
    codes = graph.cast(emit_encoder(graph, x, network.encoder), TensorProto.FLOAT, "codes_float")
    doubled = graph.node("Mul", [codes, graph.constant(np.float32(2), "two")], "doubled")
    levels = graph.node(
        "Sub", [doubled, graph.constant(np.float32(network.encoder.top), "top_float")], "levels_float"
    )

    def weights(matrix: NDArray[Any], name: str) -> str:
        return graph.constant(np.ascontiguousarray(matrix, dtype=np.float32), name)

    t = graph.node("MatMul", [levels, weights(network.u.T, "u")], "t")
    if network.form == "bilinear":
        h = graph.node("Mul", [t, graph.node("MatMul", [levels, weights(network.v.T, "v")], "s")], "h")
    else:
        a, b, c = (
            graph.constant(np.float32(k), f"coefficient_{n}")
            for n, k in zip("abc", network.activation, strict=True)
        )
        slope = graph.node("Add", [graph.node("Mul", [t, a], "at"), b], "slope")
        h = graph.node("Add", [graph.node("Mul", [slope, t], "curve"), c], "h")
    scores = graph.node("MatMul", [h, weights(network.alpha, "alpha")], "sums")
    if network.constants.any():
        bias = graph.constant(network.constants.astype(np.float32), "bias")
        scores = graph.node("Add", [scores, bias], "shifted")
    columns = int(network.alpha.shape[1])
    graph.output(scores, "scores", TensorProto.FLOAT, [BATCH, columns], "values without the scale")
    message = helper.make_graph(graph.nodes, "float32", graph.inputs, graph.outputs, graph.constants)
    model = helper.make_model(message, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    return bytes(model.SerializeToString(deterministic=True))
