"""Small graphs between quantizers, and their execution by ONNX Runtime without optimisation."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper

from qcompile.importers.qonnx import read_program
from qcompile.ir.program import Program
from support.dialects import Recipe, Writer, finished

MICROSOFT = "com.microsoft"


class Graph(Writer):
    """Nodes of a graph whose scales are powers of two, so that float32 is exact."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(Recipe(8, 8, (1, 1), seed=seed))

    def pair(self, scale, zero=0, dtype=np.int8) -> list[str]:
        return [self.constant(scale, "scale"), self.constant(zero, "zero", dtype)]

    def qdq(self, value: str, scale=2.0**-4, zero=0, dtype=np.int8, domain: str = "") -> str:
        """QuantizeLinear and DequantizeLinear."""
        pair = self.pair(scale, zero, dtype)
        codes = self.node("QuantizeLinear", [value, *pair], domain)
        return self.node("DequantizeLinear", [codes, *pair], domain)

    def weight(self, *shape: int, scale: float = 2.0**-7, most: int = 127) -> str:
        """An int8 weight behind DequantizeLinear."""
        whole = self.constant(self.rng.integers(-most, most + 1, shape), "weight", np.int8)
        return self.node("DequantizeLinear", [whole, *self.pair(scale)])

    def dense(self, value: str, inputs: int, outputs: int) -> str:
        """A product and a bias."""
        bias = self.constant(self.rng.integers(-64, 64, outputs) / 64, "bias")
        return self.node("Gemm", [value, self.weight(inputs, outputs), bias])

    def model(
        self,
        value: str,
        inputs: int | tuple[int, ...],
        outputs: int,
        opset: int = 20,
        microsoft: bool = False,
    ) -> onnx.ModelProto:
        domain = MICROSOFT if microsoft else ""
        return finished(self.nodes, self.tensors, value, "N", inputs, outputs, domain, opset=opset, ir=9)


def imported(model: onnx.ModelProto, folder: Path) -> Program:
    path = folder / "source.onnx"
    path.write_bytes(model.SerializeToString())
    return read_program(path)


def executed(model: onnx.ModelProto, x: np.ndarray, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """First output of ONNX Runtime, as rows."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    made = session.run(None, {name: x if shape is None else x.reshape(len(x), *shape)})[0]
    return np.asarray(made).reshape(len(x), -1)


def opset_of(model: onnx.ModelProto, domain: str, version: int) -> onnx.ModelProto:
    """The model with one more domain."""
    model.opset_import.append(helper.make_opsetid(domain, version))
    return model
