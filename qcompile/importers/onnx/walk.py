"""Walk a source graph node by node: constants fold, activations become lanes, the rest is refused by name.

Operators live in the files of ``ops``; each is a function of a ``Node`` that returns its result. An
operator that raises ValueError says why it does not fit; the walk adds which node it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from qcompile.errors import CompileError, ModelError, UnsupportedError
from qcompile.importers.onnx.attributes import attribute_value
from qcompile.importers.onnx.builder import Builder
from qcompile.importers.onnx.constants import Constant
from qcompile.importers.onnx.endings import check_ending, tail
from qcompile.importers.onnx.input_type import ALLOWED, InputType, input_type
from qcompile.importers.onnx.lanes import Lane, Source
from qcompile.importers.onnx.refusals import not_quantized, refuse_kind
from qcompile.model_file.container import tensor_array

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
        endings: operators that decide at the end (Softmax, ArgMax, ..); behind them only what changes no
            decision may follow: casts, quantizers, names of classes.
        inputs: name of the integers that raw cells hold (_input_type.py), where the file does not say it.

    Raises:
        UnsupportedError: an operator, or this use of it, has no translation; the message names it.
        ModelError: the graph is not well formed.
    """
    graph = model.graph
    tensors: dict[str, Tensor] = {t.name: Constant(tensor_array(t)) for t in graph.initializer}
    free = [i for i in graph.input if i.name not in tensors]
    if len(free) != 1 or not graph.output:
        raise UnsupportedError(_COUNTS.format(len(free), len(graph.output)))
    shape, batch = _input_shape(free[0])
    features = int(np.prod(shape))
    promised = _annotated_type(graph, free[0]) if inputs is None else input_type(inputs)
    if inputs is not None and promised is None:
        raise UnsupportedError(f"inputs is {inputs!r}, allowed: {ALLOWED}.")
    builder = Builder(features, promised, any(node.op_type in IMAGE_OPERATORS for node in graph.node))
    ends = np.zeros(features, dtype=np.int64)
    tensors[free[0].name] = Lane(Source("x", ends, ends, raw=True), np.arange(features).reshape(shape))
    last = tail(graph, endings)
    decided: set[str] = set()
    decision: str | None = None
    folded = 0
    for place, node in enumerate(graph.node):
        where = f"{node.op_type} (node {node.name or ', '.join(node.output)!r})"
        given = _given(node, tensors, where)
        depends = any(isinstance(t, Lane) for t in given)
        after = depends and not decided.isdisjoint(node.input)
        try:
            if after and place in last:
                _name_classes(builder, node, given)
                decided.update(node.output)
                tensors.update(dict.fromkeys(node.output, _first_lane(given)))
                continue
            refuse_kind(node, where, ALIASES, depends)
            if depends and node.op_type in endings and (place in last or node.op_type not in operators):
                check_ending(node, given, where)
                decision = node.op_type
                decided.update(node.output)
                tensors.update(dict.fromkeys(node.output, _first_lane(given)))
                continue
            if after:
                raise UnsupportedError(
                    f"{where} follows {decision}, which is supported only at the end of a network "
                    "(attention is not supported)."
                )
            if node.op_type not in operators:
                names = ", ".join(sorted({*operators, *endings}))
                raise UnsupportedError(
                    f"{where} has no translation: a program consists of layers of low-bit integers. "
                    f"Supported operators: {names}."
                )
            made = tensors[node.output[0]] = _translated(operators, node, given, builder, batch, where)
        except UnsupportedError as error:
            raise UnsupportedError(not_quantized(graph, where) or str(error)) from error
        if isinstance(made, Constant):
            folded += made.array.size
        if folded > MAX_FOLDED:
            raise UnsupportedError(
                f"{where} cannot be translated: the constants of the graph have more than {MAX_FOLDED} "
                "elements."
            )
    return Walk(builder, _output(graph, tensors), decision)


def _given(node: onnx.NodeProto, tensors: Mapping[str, Tensor], where: str) -> tuple[Tensor | None, ...]:
    if not node.output:
        raise ModelError(f"{where} makes nothing.")
    lost = [name for name in node.input if name and name not in tensors]
    if lost:
        raise ModelError(f"{where} reads {lost[0]!r}, which no earlier node produces.")
    return tuple(tensors[name] if name else None for name in node.input)


def _translated(
    operators: Mapping[str, Operator],
    node: onnx.NodeProto,
    given: tuple[Tensor | None, ...],
    builder: Builder,
    batch: int,
    where: str,
) -> Tensor:
    attributes = {a.name: attribute_value(a) for a in node.attribute}
    try:
        return operators[node.op_type](Node(node.op_type, node.name, given, attributes, builder, batch))
    except (ModelError, UnsupportedError):
        raise
    except CompileError as error:
        raise UnsupportedError(f"{where} cannot be translated: {error}") from error
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, OverflowError) as error:
        reason = " ".join((str(error) or type(error).__name__).split()).rstrip(".")
        raise UnsupportedError(f"{where} cannot be translated: {reason}.") from error


def _output(graph: onnx.GraphProto, tensors: Mapping[str, Tensor]) -> Lane:
    """The tensor that all outputs are: the scores, whatever of them (label, probabilities) is returned."""
    found: list[Lane] = []
    for output in graph.output:
        value = tensors.get(output.name)
        if not isinstance(value, Lane):
            what = "is never made" if value is None else "does not depend on the input"
            raise ModelError(f"the output {output.name!r} {what}.")
        found.append(value)
    first = found[0]
    if any(o.source is not first.source or o.steps is not first.steps for o in found) or any(
        not np.array_equal(o.order, first.order) for o in found
    ):
        raise UnsupportedError(_COUNTS.format(1, len(found)))
    return first


_COUNTS = (
    "the model has {} inputs and {} outputs; a program has one of each: cut the model down to one "
    "(onnx.utils.extract_model)."
)
IMAGE_OPERATORS = (
    *("Conv", "QLinearConv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"),
    *("QLinearAveragePool", "QLinearGlobalAveragePool"),
)


def _name_classes(builder: Builder, node: onnx.NodeProto, given: tuple[Tensor | None, ...]) -> None:
    """Names of the classes that scikit-learn's converter looks up with the label."""
    if node.op_type == "ArrayFeatureExtractor" and isinstance(given[0], Constant):
        builder.classes = tuple(str(name) for name in given[0].array.reshape(-1).tolist())


def _annotated_type(graph: onnx.GraphProto, given: onnx.ValueInfoProto) -> InputType | None:
    """The integers that FINN's annotation, or the type of the input, promises, if there are any."""
    for annotation in graph.quantization_annotation:
        kinds = [e.value for e in annotation.quant_parameter_tensor_names if e.key == "finn_datatype"]
        if annotation.tensor_name == given.name and kinds:
            return input_type(kinds[0])
    typed: dict[int, str] = {TensorProto.UINT8: "UINT8", TensorProto.INT8: "INT8", TensorProto.BOOL: "BINARY"}
    return input_type(typed.get(given.type.tensor_type.elem_type, ""))


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
