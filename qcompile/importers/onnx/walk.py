"""Walk a source graph node by node: constants fold, activations become lanes, the rest is refused by name.

Operators live in the ``_ops_*`` files; each is a function of a ``Node`` that returns its result. An
operator that raises ValueError says why it does not fit; the walk adds which node it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from qcompile.errors import ModelError, UnsupportedError
from qcompile.importers.onnx.builder import Builder
from qcompile.importers.onnx.constants import Constant
from qcompile.importers.onnx.input_type import ALLOWED, InputType, input_type
from qcompile.importers.onnx.lanes import Lane, Source
from qcompile.model_file.container import tensor_array

__all__ = ["Node", "Tensor", "Walk", "walk"]

Tensor = Lane | Constant

# The dialects' names for one and the same set of operators.
ALIASES = ("", "ai.onnx", "onnx.brevitas", "finn.custom_op.general", "qonnx.custom_op.general", "qonnx")
MAX_FEATURES = 1 << 20
MAX_FOLDED = 1 << 25


@dataclass(frozen=True, eq=False)
class Node:
    """One node with its inputs known.

    Versions of an operator are told apart by the inputs and attributes that a node brings, not by the
    file's opset imports, which are often missing or wrong.

    Attributes:
        inputs: tensors; None where an optional input is left out.
        attributes: by name, as Python values.
        builder: where operations are appended.
        batch: the batch size that the source graph was written for.
    """

    operator: str
    name: str
    inputs: tuple[Tensor | None, ...]
    attributes: Mapping[str, Any]
    builder: Builder
    batch: int

    def constant(self, position: int, what: str) -> np.ndarray[Any, Any]:
        """A constant input.

        Raises:
            ValueError: it is missing or computed from the input.
        """
        value = self.inputs[position] if position < len(self.inputs) else None
        if not isinstance(value, Constant):
            raise ValueError(f"its {what} is {'missing' if value is None else 'not a constant'}")
        return value.array

    def lane(self, position: int = 0) -> Lane:
        """An input that depends on the row."""
        value = self.inputs[position] if position < len(self.inputs) else None
        if not isinstance(value, Lane):
            raise ValueError("its input is missing" if value is None else "its input is a constant")
        return value

    def all_constant(self) -> bool:
        """True where no input depends on the row."""
        return all(isinstance(t, Constant) for t in self.inputs if t is not None)


Operator = Callable[[Node], Tensor]


@dataclass(frozen=True, eq=False)
class Walk:
    """What the walk found: the tensor that the graph returns, and the decision at its end, if any."""

    builder: Builder
    output: Lane
    decision: str | None


def walk(
    model: onnx.ModelProto,
    operators: Mapping[str, Operator],
    endings: tuple[str, ...],
    inputs: str | None = None,
) -> Walk:
    """Translate a graph up to its output.

    Args:
        model: any ONNX model.
        operators: by operator name, for all domains of ``ALIASES``.
        endings: operators that are allowed as the last nodes only (Softmax, ArgMax, ..).
        inputs: name of the integers that raw cells hold (_input_type.py), where the file does not say it.

    Raises:
        UnsupportedError: an operator, or this use of it, has no translation; the message names it.
        ModelError: the graph is not well formed.
    """
    graph = model.graph
    tensors: dict[str, Tensor] = {t.name: Constant(tensor_array(t)) for t in graph.initializer}
    free = [i for i in graph.input if i.name not in tensors]
    if len(free) != 1 or len(graph.output) != 1:
        raise UnsupportedError(
            f"the model has {len(free)} inputs and {len(graph.output)} outputs; a program has one of each: "
            "cut the model down to one (onnx.utils.extract_model)."
        )
    shape, batch = _input_shape(free[0])
    features = int(np.prod(shape))
    promised = _annotated_type(graph, free[0]) if inputs is None else input_type(inputs)
    if inputs is not None and promised is None:
        raise UnsupportedError(f"inputs is {inputs!r}, allowed: {ALLOWED}.")
    builder = Builder(features, promised)
    ends = np.zeros(features, dtype=np.int64)
    tensors[free[0].name] = Lane(Source("x", ends, ends, raw=True), np.arange(features).reshape(shape))
    decision: str | None = None
    folded = 0
    for node in graph.node:
        where = f"{node.op_type} (node {node.name or ', '.join(node.output)!r})"
        if node.domain not in ALIASES:
            raise UnsupportedError(
                f"{where} is of the domain {node.domain!r}; known are the standard operators and those of "
                "QONNX, Brevitas and FINN (before streamlining into hardware layers)."
            )
        if not node.output:
            raise ModelError(f"{where} makes nothing.")
        lost = [name for name in node.input if name and name not in tensors]
        if lost:
            raise ModelError(f"{where} reads {lost[0]!r}, which no earlier node produces.")
        given = tuple(tensors[name] if name else None for name in node.input)
        depends = any(isinstance(t, Lane) for t in given)
        if node.op_type in endings and depends:
            _check_ending(node, given, where)
            decision = node.op_type
            tensors[node.output[-1]] = _first_lane(given)  # the second output of TopK is the index
            continue
        if decision is not None and depends and node.op_type not in AFTER_END:
            raise UnsupportedError(
                f"{where} follows {decision}, which is supported only at the end of a network."
            )
        if node.op_type not in operators:
            raise UnsupportedError(
                f"{where} has no translation: a program consists of fully connected layers of low-bit "
                f"integers. Supported operators: {', '.join(sorted([*operators, *endings]))}."
            )
        attributes = {a.name: _attribute(a) for a in node.attribute}
        step = Node(node.op_type, node.name, given, attributes, builder, batch)
        try:
            made = tensors[node.output[0]] = operators[node.op_type](step)
            if isinstance(made, Constant):
                folded += made.array.size
            if folded > MAX_FOLDED:
                raise ValueError(f"the constants of the graph have more than {MAX_FOLDED} elements")
        except (ModelError, UnsupportedError):
            raise
        except (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError) as error:
            reason = " ".join((str(error) or type(error).__name__).split()).rstrip(".")
            raise UnsupportedError(f"{where} cannot be translated: {reason}.") from error
    output = tensors.get(graph.output[0].name)
    if not isinstance(output, Lane):
        what = "is never made" if output is None else "does not depend on the input"
        raise ModelError(f"the output {graph.output[0].name!r} {what}.")
    return Walk(builder, output, decision)


AFTER_END = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Cast")


def _annotated_type(graph: onnx.GraphProto, given: onnx.ValueInfoProto) -> InputType | None:
    """The integers that FINN's annotation, or the type of the input, promises, if there are any."""
    for annotation in graph.quantization_annotation:
        kinds = [e.value for e in annotation.quant_parameter_tensor_names if e.key == "finn_datatype"]
        if annotation.tensor_name == given.name and kinds:
            return input_type(kinds[0])
    typed: dict[int, str] = {TensorProto.UINT8: "UINT8", TensorProto.INT8: "INT8", TensorProto.BOOL: "BINARY"}
    return input_type(typed.get(given.type.tensor_type.elem_type, ""))


def _check_ending(node: onnx.NodeProto, given: tuple[Tensor | None, ...], where: str) -> None:
    """Only the decision for the first largest value is supported."""
    options = {a.name: _attribute(a) for a in node.attribute}
    if node.op_type == "TopK":
        k = given[1].array if len(given) > 1 and isinstance(given[1], Constant) else options.get("k", 0)
        if np.any(np.asarray(k) != 1) or not options.get("largest", 1):
            raise UnsupportedError(f"{where} asks for more than the largest value; use k = 1.")
    last = _first_lane(given).index.ndim - 1
    if options.get("select_last_index", 0) or options.get("axis", -1) not in (-1, last):
        raise UnsupportedError(f"{where} does not decide for the first largest value along the last axis.")


def _first_lane(inputs: tuple[Tensor | None, ...]) -> Lane:
    return next(t for t in inputs if isinstance(t, Lane))


def _input_shape(value: onnx.ValueInfoProto) -> tuple[tuple[int, ...], int]:
    """Shape of one row with a leading 1, and the batch size in the file."""
    given = [d.dim_value if d.HasField("dim_value") else 0 for d in value.type.tensor_type.shape.dim]
    if not given:
        raise UnsupportedError(f"the input {value.name!r} has no shape; run onnx.shape_inference first.")
    row = given[1:] if len(given) > 1 else given
    if any(d <= 0 for d in row) or np.prod(row, dtype=object) > MAX_FEATURES:
        raise UnsupportedError(
            f"the input {value.name!r} has shape {given}; every dimension but the batch must be known, "
            f"and a row have at most {MAX_FEATURES} cells."
        )
    return (1, *row), max(1, given[0]) if len(given) > 1 else 1


def _attribute(attribute: onnx.AttributeProto) -> Any:
    if attribute.type == onnx.AttributeProto.TENSOR:
        return tensor_array(attribute.t)
    if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
        raise UnsupportedError(f"the attribute {attribute.name!r} is a graph: control flow is not supported.")
    try:
        value = helper.get_attribute_value(attribute)
    except ValueError as error:
        raise ModelError(f"the attribute {attribute.name!r} has no type.") from error
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
