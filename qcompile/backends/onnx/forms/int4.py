"""``int4``: weights as ONNX's own 4-bit integers (opset 21; ONNX Runtime 1.23 and newer can cast them).

A standard type that tools understand, at 4 bits per weight; every weight grid fits.
"""

from __future__ import annotations

from onnx import TensorProto

from qcompile.backends.onnx.forms import Form
from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.lower import lower
from qcompile.backends.onnx.products import matmul_integer, narrow_integers
from qcompile.backends.onnx.values import Value
from qcompile.ir.program import Program


def emit(program: Program, graph: Graph, tail: str) -> dict[str, Value]:
    """Append the program; the graph's value of every program value."""
    stored = narrow_integers(TensorProto.INT4)
    return lower(
        program, graph, lambda g, codes, top, w: matmul_integer(g, codes, top, w, stored), tail, stored
    )


FORM = Form(emit, opset=21, ir=10)
