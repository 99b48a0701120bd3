"""``custom``: the fused kernel inside an ONNX Runtime session, as an operator in a library beside the file.

    x -> Network_0123456789abcdef (domain "qcompile") -> scores int64, class_index int64

The kernel is the one that ``run.host`` uses, compiled ahead of time for this machine's instruction set; the
operator's name comes from the network, so that a file and another network's library do not go together.
A session needs the library:

    options.register_custom_ops_library("model.so")

What follows the scores (values, labels, probabilities) is in standard operators, as in every form.
"""

from __future__ import annotations

from onnx import TensorProto, helper

from qcompile.backends.onnx import steps
from qcompile.backends.onnx.forms import Form
from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.values import Value, tensor_value
from qcompile.errors import UnsupportedError
from qcompile.ir.ops import Scale
from qcompile.ir.program import Program

DOMAIN = "qcompile"


def emit(program: Program, graph: Graph, tail: str) -> dict[str, Value]:
    """Append the operator and the final scale.

    Raises:
        CompileError: the program is not a two-layer network within the kernel's bounds.
        UnsupportedError: another tail than int64 is asked for.
    """
    from qcompile.backends.library.onnx_operator import fused_form, operator_name

    if tail not in ("auto", "int64"):
        raise UnsupportedError(f"the custom form gives int64 scores; tail {tail!r} is for the other forms.")
    form = fused_form(program)
    source = graph.input(program.input.result, TensorProto.FLOAT, form.encoder.features)
    roles = [role for role in ("scores", "label") if role in program.outputs]
    results = [graph.name(f"network_{role}") for role in roles]
    operator = operator_name(program)
    graph.nodes.append(helper.make_node(operator, [source], results, name="network", domain=DOMAIN))
    values = {
        program.outputs[role]: tensor_value(name, TensorProto.INT64)
        for role, name in zip(roles, results, strict=True)
    }
    last = program[program.outputs["values"]] if "values" in program.outputs else None
    if isinstance(last, Scale):
        values[last.result] = steps.scale(graph, last, values[program.outputs["scores"]])
    return values


def files(program: Program) -> dict[str, bytes]:
    """The library beside the model file.

    Raises:
        UnsupportedError: there is no C compiler here.
    """
    from qcompile.backends.library.onnx_operator import operator_library

    return {"model.so": operator_library(program)}


def expect(weights: str, inputs: int, top: int) -> None:
    """Refuse what settings alone rule out, see ``onnx_graph.expect``: there is no compiler here."""
    from qcompile.backends.library.object import linker

    linker()


FORM = Form(emit, opset=13, ir=7, readable=False, domain=DOMAIN, files=files, expect=expect)
