"""The outputs of an exported model, named and ordered as converters of scikit-learn models do.

label          (N,)      the class itself, text or integer                     classification
probabilities  (N, C)    float64, where the training loss gives them           classification
scores         (N, C)    exact integers, in the tail's type
values         (N, C)    float64, scale * score + offset
class_index    (N,)      int64, position of the label among the classes        classification
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from qcompile.backends.onnx.graph import BATCH, Graph
from qcompile.backends.onnx.values import Value
from qcompile.ir.program import Program

NAMES = ("label", "probabilities", "scores", "values", "class_index")

Batch = int | str


def emit_outputs(program: Program, graph: Graph, values: dict[str, Value], batch: Batch = BATCH) -> None:
    """Append the output nodes and declare the outputs: scores always, the others where there are values."""
    roles = {role: values[name] for role, name in program.outputs.items() if name in values}
    scores = roles["scores"]
    columns = program[program.outputs["scores"]].type.length
    if "label" in roles:
        _label(program, graph, _tensor(roles["label"]), batch)
        if _is_logistic(program) and "values" in roles:
            _probabilities(graph, _tensor(roles["values"]), columns, batch)
    graph.output(_tensor(scores), "scores", scores.type, [batch, columns], "exact integer scores")
    if "values" in roles:
        what = "scale * score + offset"
        graph.output(_tensor(roles["values"]), "values", TensorProto.DOUBLE, [batch, columns], what)
    if "label" in roles:
        what = "position of the label among the classes"
        graph.output(_tensor(roles["label"]), "class_index", TensorProto.INT64, [batch], what)


def _tensor(value: Value) -> str:
    return value.tensors[value.type]


def _label(program: Program, graph: Graph, index: str, batch: Batch) -> None:
    classes = program.classes
    if not classes:
        return
    numbers = _as_integers(classes)
    table = np.array(classes, dtype=object) if numbers is None else np.array(numbers, dtype=np.int64)
    label = graph.node("Gather", [graph.constant(table, "classes"), index], "label_of_index", axis=0)
    type_ = TensorProto.STRING if numbers is None else TensorProto.INT64
    graph.output(label, "label", type_, [batch], "predicted class")


def _as_integers(classes: tuple[str, ...]) -> list[int] | None:
    """The classes as int64 where every one is the plain text of an integer."""
    try:
        numbers = [int(c) for c in classes]
    except ValueError:
        return None
    plain = all(str(n) == c and -(2**63) <= n < 2**63 for n, c in zip(numbers, classes, strict=True))
    return numbers if plain else None


def _is_logistic(program: Program) -> bool:
    provenance: Any = program.metadata.get("provenance", {})
    return isinstance(provenance, dict) and provenance.get("loss") == "logistic"


def _probabilities(graph: Graph, values: str, columns: int, batch: Batch) -> None:
    """Sigmoid of each value; two classes from one column, otherwise normalised over classes."""
    each = graph.node("Sigmoid", [values], "sigmoid")
    if columns == 1:
        other = graph.node("Sub", [graph.constant(np.array(1.0), "certain"), each], "complement")
        result = graph.node("Concat", [other, each], "class_probabilities", axis=1)
    else:
        axis = graph.constant(np.array([1]), "class_axis")
        total = graph.node("ReduceSum", [each, axis], "total", keepdims=1)
        nonzero = graph.node("Max", [total, graph.constant(np.array(1e-300), "smallest")], "nonzero_total")
        result = graph.node("Div", [each, nonzero], "class_probabilities")
    shape: list[int | str] = [batch, max(2, columns)]
    graph.output(result, "probabilities", TensorProto.DOUBLE, shape, "probability of each class")
