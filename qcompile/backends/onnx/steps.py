"""What follows the products: polynomials, thresholds, decisions and the final scale, one function each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.layout import by_channel
from qcompile.backends.onnx.values import EXACT_FLOATS, Value, choose_type, in_type, tensor_value
from qcompile.ir.ops import Argmax, Poly, Scale, Sign, Threshold

INT32, DOUBLE, INT64, UINT8 = TensorProto.INT32, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.UINT8
FLOAT = TensorProto.FLOAT


def poly(graph: Graph, op: Poly, a: Value, largest: int, tail: str) -> Value:
    """c2 a^2 + c1 a + c0 by Horner's rule; ``largest`` bounds |a|."""
    c2, c1, c0 = op.coefficients
    size = max(1, largest)
    type_ = choose_type(abs(c2) * size * size + abs(c1) * size + abs(c0), tail, f"%{op.result}")
    t = in_type(graph, a, type_)
    inner = t
    if c2 != 1:
        inner = graph.node("Mul", [t, _integer(graph, c2, type_, "c2")], f"{op.result}_quadratic")
    if c1:
        inner = graph.node("Add", [inner, _integer(graph, c1, type_, "c1")], f"{op.result}_linear")
    result = graph.node("Mul", [inner, t], f"{op.result}_product" if c0 else op.result)
    if c0:
        result = graph.node("Add", [result, _integer(graph, c0, type_, "c0")], op.result)
    return tensor_value(result, type_)


def _integer(graph: Graph, value: int, type_: int, wanted: str) -> str:
    return typed_constant(graph, np.array([value]), type_, wanted)


def threshold(graph: Graph, op: Threshold, a: Value, low: int, high: int) -> Value:
    """Count of levels reached; a falling one compares -a with -level. Greater(a, l - 1) is a >= l."""
    bound, kind = max(-low, high) + 2, op.type
    floats = a.type == FLOAT and bound < EXACT_FLOATS
    type_ = FLOAT if floats else choose_type(bound, "auto", f"%{op.result}")
    value = in_type(graph, a, type_)
    direction = op.sign.astype(np.int64)
    if (direction < 0).any():
        flips = typed_constant(graph, by_channel(direction, kind), type_, f"{op.result}.sign")
        value = graph.node("Mul", [value, flips], f"{op.result}_flipped")
    reach = max(-low, high) + 1
    levels = np.clip(op.levels, -reach - 1, reach + 1) * direction[:, None] - 1
    count = levels.shape[1]
    if count == 1:
        edge = typed_constant(graph, by_channel(levels[:, 0], kind), type_, f"{op.result}.levels")
        met = graph.node("Greater", [value, edge], f"{op.result}_met")
        return tensor_value(graph.cast(met, UINT8, op.result), UINT8)
    axis = graph.constant(np.array([2 if kind.is_vector else 4]), "last_axis")
    column = graph.node("Unsqueeze", [value, axis], f"{op.result}_column")
    edges = typed_constant(graph, by_channel(levels, kind), type_, f"{op.result}.levels")
    met = graph.cast(graph.node("Greater", [column, edges], f"{op.result}_met"), INT32, f"{op.result}_each")
    counted = graph.node("ReduceSum", [met, axis], f"{op.result}_count", keepdims=0)
    if count > 255:
        return tensor_value(counted, INT32)
    return tensor_value(graph.cast(counted, UINT8, op.result), UINT8)


def argmax(graph: Graph, op: Argmax, source: Value) -> Value:
    """Index of the first maximum, (N,)."""
    scores = in_type(graph, source, source.type)
    if not op.type.is_vector:
        scores = in_type(graph, source, DOUBLE if source.type == INT64 else source.type)
        return tensor_value(graph.node("ArgMax", [scores], op.result, axis=1, keepdims=1), INT64)
    if source.type != INT64:
        name = graph.node("ArgMax", [scores], op.result, axis=1, keepdims=0)
        return tensor_value(name, INT64)
    # Before 1.20 ONNX Runtime has no ArgMax of int64; TopK also puts the smallest index of a tie first.
    one = graph.constant(np.array([1]), "one")
    index = graph.second("TopK", [scores, one], ["best", f"{op.result}_column"], axis=1)
    flat = graph.constant(np.array([-1]), "flat")
    return tensor_value(graph.node("Reshape", [index, flat], op.result), INT64)


def sign(graph: Graph, op: Sign, source: Value) -> Value:
    """1 where the single score is not negative, (N,)."""
    type_ = INT32 if source.type == UINT8 else source.type
    below = typed_constant(graph, np.array(-1), type_, "minus_one")
    met = graph.node("Greater", [in_type(graph, source, type_), below], f"{op.result}_met")
    index = graph.cast(met, INT64, f"{op.result}_column")
    if not op.type.is_vector:
        return tensor_value(index, INT64)
    shape = graph.constant(np.array([-1]), "flat")
    return tensor_value(graph.node("Reshape", [index, shape], op.result), INT64)


def scale(graph: Graph, op: Scale, source: Value) -> Value:
    """The values, in double."""
    result = in_type(graph, source, DOUBLE)
    if (op.scale != 1).any():
        factor = graph.constant(by_channel(_short(op.scale), op.type), f"{op.result}.scale")
        result = graph.node("Mul", [result, factor], f"{op.result}_scaled")
    if (op.offset != 0).any() or np.signbit(op.scale).any():
        offset = graph.constant(by_channel(_short(op.offset), op.type), f"{op.result}.offset")
        result = graph.node("Add", [result, offset], op.result)
    return tensor_value(result, DOUBLE)


def typed_constant(graph: Graph, values: NDArray[Any], type_: int, wanted: str) -> str:
    """Integers as a tensor of an element type, stored in the narrowest integer type."""
    whole = np.asarray(values).astype(np.int64)
    low, high = int(whole.min(initial=0)), int(whole.max(initial=0))
    narrow = next(
        t
        for t in (np.int8, np.int16, np.int32, np.int64)
        if np.iinfo(t).min <= low and high <= np.iinfo(t).max
    )
    final = helper.tensor_dtype_to_np_dtype(type_)
    if whole.nbytes <= 64 or narrow == final:  # a Cast node costs more than it saves
        return graph.array(whole.astype(final), wanted)
    return graph.cast(graph.array(whole.astype(narrow), wanted), type_, f"{wanted}_typed")


def _short(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """One element where all are the same."""
    return values[:1] if len(values) and (values == values[0]).all() else values
