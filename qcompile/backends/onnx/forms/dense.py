"""``dense``: weights as plain int8, nothing to unpack; eight times the size of ``packed`` for signs.

For runtimes that do not fold constants when a model is loaded, and for tools that look at weights.
"""

from __future__ import annotations

from qcompile.backends.onnx.forms import Form
from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.lower import lower
from qcompile.backends.onnx.products import matmul_integer
from qcompile.backends.onnx.values import Value
from qcompile.ir.program import Program


def emit(program: Program, graph: Graph, tail: str) -> dict[str, Value]:
    """Append the program; the graph's value of every program value."""
    return lower(program, graph, lambda g, codes, top, w: matmul_integer(g, codes, top, w, Graph.array), tail)


FORM = Form(emit, opset=13, ir=7)
