"""``qonnx``: the network in the QONNX dialect, for FINN, hls4ml and the qonnx package itself.

Those tools compute in float32 on tensors that carry integers, with a batch size that is fixed (1):

    x      -> encoder -> IntQuant (B bits, scale 1)                 codes
    codes  -> Mul 2, Sub M                                          odd levels
    levels -> MatMul (BipolarQuant u), MatMul (BipolarQuant v) -> Mul -> MatMul (IntQuant alpha) -> scores

Ternary and wider weights are IntQuant instead of BipolarQuant, thresholds are MultiThreshold. Exact while
every sum stays below 2^24, where float32 has all integers; a program that may leave that is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from qcompile.backends.onnx.encoder import emit_encoder
from qcompile.backends.onnx.forms import Form
from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.step_encoder import filled_columns
from qcompile.backends.onnx.values import Value, tensor_value
from qcompile.errors import CompileError, UnsupportedError
from qcompile.ir.bounds import element_bounds
from qcompile.ir.ops import Add, Affine, Argmax, Dot, Encode, Input, Mul, Op, Poly, Scale, Sign, Threshold
from qcompile.ir.program import Program
from qcompile.ir.ranges import Range
from qcompile.ir.support import require
from qcompile.model.step_encoder import StepEncoder
from qcompile.model_file.keys import ALPHA, WEIGHTS

BATCH = 1
DOMAIN = "qonnx.custom_op.general"
FLOAT = TensorProto.FLOAT
EXACT = 2**24


def emit(program: Program, graph: Graph, tail: str) -> dict[str, Value]:
    """Append the program up to its scores; values and labels are left to the tools.

    Raises:
        CompileError: a value may leave the integers of float32.
        UnsupportedError: another tail than "auto" is asked for.
    """
    if tail != "auto":
        raise UnsupportedError(f"the qonnx form computes in float32; tail {tail!r} is for the other options.")
    lowering = _Lowering(program, graph)
    for op in program.ops:
        if type(op) in lowering.steps:
            lowering.values[op.result] = lowering.steps[type(op)](op)
    return {name: tensor_value(value, FLOAT) for name, value in lowering.values.items()}


def expect(weights: str, inputs: int, top: int) -> None:
    """Refuse what settings alone rule out, see ``onnx_graph.expect``: (top inputs)^2 of one neuron."""
    if weights != "ternary" and (top * inputs) ** 2 >= EXACT:
        raise UnsupportedError(
            f"a neuron over {inputs} inputs with codes up to {top} reaches {(top * inputs) ** 2}, and QONNX "
            "tools compute in float32, which is exact below 2^24; use fewer input bits or the packed form."
        )


class _Lowering:
    def __init__(self, program: Program, graph: Graph) -> None:
        self.program, self.graph = program, graph
        self.values: dict[str, str] = {}
        self.ranges = element_bounds(program)
        self.steps: Mapping[type[Op], Callable[[Any], str]] = {
            Input: lambda op: graph.input(op.result, FLOAT, op.type.length, batch=BATCH),
            Encode: self.encode,
            Affine: self.affine,
            Dot: self.dot,
            Mul: lambda op: self.checked("Mul", op, self.pair(op)),
            Add: lambda op: self.checked("Add", op, self.pair(op)),
            Poly: self.poly,
            Threshold: self.threshold,
        }
        require(program, (*self.steps, Argmax, Sign, Scale), "QONNX")

    def pair(self, op: Mul | Add) -> list[str]:
        return [self.values[op.a], self.values[op.b]]

    def checked(self, node: str, op: Op, inputs: list[str], bound: int = 0) -> str:
        """Append a node whose result, partial sums included, float32 holds exactly."""
        bound = max(bound, max((max(-lo, hi) for lo, hi in self.ranges[op.result]), default=0))
        if bound >= EXACT:
            raise CompileError(
                f"%{op.result} may reach {bound}, and QONNX tools compute in float32, which is exact below "
                "2^24; use fewer input bits or smaller second-layer integers, or the packed form."
            )
        return self.graph.node(node, inputs, op.result)

    def number(self, value: Any, wanted: str) -> str:
        return self.graph.constant(np.asarray(value, dtype=np.float32), wanted)

    def quantized(self, value: str, bits: int, signed: bool, wanted: str) -> str:
        inputs = [value, self.number(1, "scale"), self.number(0, "zero_point"), self.number(bits, "bits")]
        flags = {"signed": int(signed), "narrow": 0, "rounding_mode": "ROUND"}
        return self.graph.node("IntQuant", inputs, wanted, domain=DOMAIN, **flags)

    def encode(self, op: Encode) -> str:
        if isinstance(op.encoder, StepEncoder):
            value = filled_columns(self.graph, self.values[op.a], op.encoder)
            inputs = [value, self.graph.array(op.encoder.steps, f"{op.result}.steps")]
            kind = f"UINT{op.encoder.bits}"
            return self.graph.node("MultiThreshold", inputs, op.result, domain=DOMAIN, out_dtype=kind)
        codes = emit_encoder(self.graph, self.values[op.a], op.encoder)
        return self.quantized(self.graph.cast(codes, FLOAT, "codes_float"), op.encoder.bits, False, op.result)

    def affine(self, op: Affine) -> str:
        source, largest = self.ranges[op.a], max(np.abs(op.scale).max(), 1)
        bound = int(largest) * max((max(-lo, hi) for lo, hi in source), default=0)
        scaled = [self.values[op.a], self.number(op.scale, f"{op.result}.scale")]
        product = self.graph.node("Mul", scaled, f"{op.result}_scaled")
        return self.checked("Add", op, [product, self.number(op.shift, f"{op.result}.shift")], bound)

    def dot(self, op: Dot) -> str:
        sizes = np.array([max(-lo, hi) for lo, hi in self.ranges[op.a]], dtype=object)
        bound = max(np.abs(op.weight.astype(object)) @ sizes, default=0)
        name = ALPHA if op.result == self.program.outputs["scores"] else WEIGHTS
        stored = self.graph.array(op.weight.T.astype(np.float32), name)
        return self.checked("MatMul", op, [self.values[op.a], self._weights(stored, op.weight)], int(bound))

    def _weights(self, stored: str, weight: NDArray[np.int64]) -> str:
        if weight.size and (np.abs(weight) == 1).all():
            return self.graph.node("BipolarQuant", [stored, self.number(1, "scale")], "signs", domain=DOMAIN)
        low, high = int(weight.min(initial=0)), int(weight.max(initial=0))
        return self.quantized(stored, max(high.bit_length(), (-low - 1).bit_length()) + 1, True, "integers")

    def poly(self, op: Poly) -> str:
        c2, c1, c0 = op.coefficients
        t, a = self.values[op.a], max(1, max((max(-lo, hi) for lo, hi in self.ranges[op.a]), default=0))
        bound = abs(c2) * a * a + abs(c1) * a + abs(c0)
        inner = self.graph.node("Mul", [t, self.number(c2, "c2")], f"{op.result}_quadratic")
        inner = self.graph.node("Add", [inner, self.number(c1, "c1")], f"{op.result}_linear")
        product = self.graph.node("Mul", [inner, t], f"{op.result}_product")
        return self.checked("Add", op, [product, self.number(c0, "c0")], bound)

    def threshold(self, op: Threshold) -> str:
        low, high = _span(self.ranges[op.a])
        edge = max(-low, high) + 1
        levels = np.clip(op.levels, -edge, edge) * op.sign[:, None].astype(np.int64)
        flipped = self.graph.node("Mul", [self.values[op.a], self.number(op.sign, "direction")], "directed")
        inputs = [flipped, self.number(np.sort(levels, axis=1), f"{op.result}.levels")]
        kind = f"UINT{op.levels.shape[1].bit_length()}"
        result = self.graph.node("MultiThreshold", inputs, op.result, domain=DOMAIN, out_dtype=kind)
        if edge >= EXACT:
            raise CompileError(f"%{op.a} may reach {edge}, which float32 does not hold exactly.")
        return result


def _span(ranges: list[Range]) -> Range:
    return min((lo for lo, _ in ranges), default=0), max((hi for _, hi in ranges), default=0)


FORM = Form(emit, opset=13, ir=8, readable=False, runtime="qonnx", domain=DOMAIN, batch=BATCH, expect=expect)
