"""``packed``, the default: weights as packed bytes, unpacked when a session is made.

Opset 13 and IR 7, so that runtimes from 2020 on load it. ONNX Runtime folds the unpacking into a
constant once; a runtime that does not fold unpacks at every run and is still exact.

    %place   = Div %weights (b, 1), [1, base, base^2, ..]
    %digit   = Mod %place, base
    %entries = Cast<int8>(low + step * %digit)
    %w       = Reshape (%entries without the padding), (d, n)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from qcompile.backends.onnx.forms import Form
from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.lower import lower
from qcompile.backends.onnx.products import matmul_integer
from qcompile.backends.onnx.values import Value
from qcompile.ir.program import Program
from qcompile.model_file.digits import digits_of, pack


def emit(program: Program, graph: Graph, tail: str) -> dict[str, Value]:
    """Append the program; the graph's value of every program value."""
    return lower(
        program, graph, lambda g, codes, top, w: matmul_integer(g, codes, top, w, unpacked), tail, unpacked
    )


def unpacked(graph: Graph, weights: NDArray[np.int8], name: str) -> str:
    """Store a matrix as packed digits and append the nodes that unpack it."""
    digits = digits_of(weights)
    if digits.per_byte == 1:
        return graph.array(weights, name)
    packed = graph.array(pack(weights, digits).reshape(-1, 1), name)
    wide = graph.cast(packed, TensorProto.INT32, f"{name}_bytes")
    places = _int32(graph, digits.base ** np.arange(digits.per_byte), "places")
    shifted = graph.node("Div", [wide, places], f"{name}_shifted")
    digit = graph.node("Mod", [shifted, _int32(graph, digits.base, "base")], f"{name}_digits")
    spread = graph.node("Mul", [digit, _int32(graph, digits.step, "step")], f"{name}_spread")
    entries = graph.node("Add", [spread, _int32(graph, digits.low, "low")], f"{name}_entries")
    small = graph.cast(entries, TensorProto.INT8, f"{name}_int8")
    if weights.size % digits.per_byte:
        flat = graph.node("Reshape", [small, graph.constant(np.array([-1]), "flat")], f"{name}_flat")
        bounds = (
            graph.constant(np.array([k]), f"{name}_{what}")
            for k, what in ((0, "first"), (weights.size, "end"))
        )
        small = graph.node("Slice", [flat, *bounds], f"{name}_kept")
    return graph.node(
        "Reshape", [small, graph.constant(np.array(weights.shape), f"{name}_shape")], f"{name}_matrix"
    )


def _int32(graph: Graph, values: Any, wanted: str) -> str:
    return graph.constant(np.asarray(values, dtype=np.int32), wanted)


FORM = Form(emit, opset=13, ir=7)
