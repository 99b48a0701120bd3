"""``int2``: weights as ONNX's own 2-bit integers (opset 25, ONNX Runtime newer than 1.23).

Binary, ternary and 2-bit weights; a grid of more than four values is refused.
"""

from __future__ import annotations

from onnx import TensorProto

from qcompile.backends.onnx.forms import Form
from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.lower import lower
from qcompile.backends.onnx.products import matmul_integer, narrow_integers
from qcompile.backends.onnx.values import Value
from qcompile.errors import UnsupportedError
from qcompile.ir.program import Program


def emit(program: Program, graph: Graph, tail: str) -> dict[str, Value]:
    """Append the program; the graph's value of every program value.

    Raises:
        UnsupportedError: the installed onnx is older than 1.20 and has no 2-bit integers.
    """
    _known_type()
    stored = narrow_integers(TensorProto.INT2)
    return lower(
        program, graph, lambda g, codes, top, w: matmul_integer(g, codes, top, w, stored), tail, stored
    )


def expect(weights: str, inputs: int, top: int) -> None:
    """Refuse what settings alone rule out, see ``onnx_graph.expect``."""
    _known_type()
    if weights in ("3bit", "4bit"):
        raise UnsupportedError(
            f"the int2 form holds 4 different weights, and {weights} weights take {1 << int(weights[0])}; "
            "choose binary, ternary or 2bit weights, or the packed or int4 form."
        )


def _known_type() -> None:
    if not hasattr(TensorProto, "INT2"):
        raise UnsupportedError("2-bit integers need onnx 1.20 or newer: pip install -U onnx.")


FORM = Form(emit, opset=25, ir=13, expect=expect)
