"""Quantizers and movers of channels in the graph: requantize, table, concat, gather.

requantize   floor((m a + b) / 2^s), by Div of integers that are not negative: with K 2^s added
before, where every runtime's division is the floor, and K taken off behind;
in float32 and double, Floor of an exact product with 2^-s
exceptions   Where(a == value, result, ..), one row of values per channel at a time
table        Gather from all tables, one after the other
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.layout import by_channel
from qcompile.backends.onnx.steps import typed_constant
from qcompile.backends.onnx.values import EXACT_FLOATS, LIMITS, Value, choose_type, in_type, tensor_value
from qcompile.ir.ops import Concat, Gather, Requantize, Table
from qcompile.ir.ranges import Ranges, hull, reach

FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE
UINT8, INT32, INT64 = TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64


def requantize(graph: Graph, op: Requantize, source: Value, inputs: Ranges, tail: str) -> Value:
    """Append a requantize; its sums, the lift and the limits all have room in the type."""
    n = op.type.channels
    m, b, s = (np.broadcast_to(c, n) for c in (op.multiplier, op.offset, op.shift))
    ends = [
        (min(p * lo + q, p * hi + q), max(p * lo + q, p * hi + q), p * lo, p * hi)
        for p, q, (lo, hi) in zip(m.tolist(), b.tolist(), inputs, strict=True)
    ]
    size = max((reach((min(e), max(e))) for e in ends), default=0)
    size = max(size, reach(hull(inputs)), reach(span_of(op)), *map(abs, [*m.tolist(), *b.tolist(), 0]))
    lift = [max(0, -(e[0] >> k)) for e, k in zip(ends, s.tolist(), strict=True)]
    lifted = max([size, *(e[1] + (k << t) for e, k, t in zip(ends, lift, s.tolist(), strict=True))])
    lifted = max([lifted, *(reach(span_of(op)) + k for k in lift), *(1 << t for t in s.tolist())])
    type_ = _floor_type(size, lifted, tail, f"%{op.result}")
    floats = type_ in (FLOAT, DOUBLE)
    if floats:
        lift = [0] * n

    def constant(values: NDArray[np.int64], wanted: str) -> str:
        values = values[:1] if len(values) and (values == values[0]).all() else values
        return typed_constant(graph, by_channel(values, op.type), type_, f"{op.result}.{wanted}")

    read = in_type(graph, source, type_)
    value = read
    if (m != 1).any():
        value = graph.node("Mul", [value, constant(m, "multiplier")], f"{op.result}_scaled")
    offset = b + np.array([k << t for k, t in zip(lift, s.tolist(), strict=True)], dtype=np.int64)
    if (offset != 0).any():
        value = graph.node("Add", [value, constant(offset, "offset")], f"{op.result}_sum")
    if s.any():
        value = _halved(graph, op, value, s, type_) if floats else value
        if not floats:
            value = graph.node("Div", [value, constant(np.int64(1) << s, "divisor")], f"{op.result}_shifted")
    added = np.array(lift, dtype=np.int64)
    low, high = (
        constant(limit + added, name) for limit, name in zip(op.limits, ("low", "high"), strict=True)
    )
    value = graph.node(
        "Min", [graph.node("Max", [value, low], f"{op.result}_least"), high], f"{op.result}_in"
    )
    if added.any():
        value = graph.node("Sub", [value, constant(added, "lift")], op.result)
    value = _exceptions(graph, op, value, read, inputs, type_)
    return _short(graph, tensor_value(value, type_), op.result, span_of(op))


def span_of(op: Requantize) -> tuple[int, int]:
    """Limits and results of exceptions."""
    results = op.exceptions[:, 2].tolist()
    return min([op.limits[0], *results]), max([op.limits[1], *results])


def _floor_type(size: int, lifted: int, tail: str, what: str) -> int:
    """The narrowest type in which the floor is exact."""
    if tail == "auto" and size < EXACT_FLOATS:
        return FLOAT
    if tail in ("auto", "int32") and lifted < LIMITS["int32"]:
        return INT32
    if tail in ("auto", "double") and size < LIMITS["double"]:
        return DOUBLE
    return choose_type(lifted, tail, what)


def _halved(graph: Graph, op: Requantize, value: str, shift: NDArray[np.int64], type_: int) -> str:
    """Floor of the exact quotient by a power of two."""
    factors = np.ldexp(1.0, -shift.astype(np.int64))
    factors = factors[:1] if (factors == factors[0]).all() else factors
    kind = np.float32 if type_ == FLOAT else np.float64
    by = graph.constant(by_channel(factors.astype(kind), op.type), f"{op.result}.factor")
    return graph.node("Floor", [graph.node("Mul", [value, by], f"{op.result}_part")], f"{op.result}_shifted")


def _exceptions(graph: Graph, op: Requantize, value: str, read: str, inputs: Ranges, type_: int) -> str:
    """The listed results, the k-th exceptions of all channels at once."""
    listed: list[list[tuple[int, int]]] = [[] for _ in range(op.type.channels)]
    for channel, at, result in op.exceptions.tolist():
        lo, hi = inputs[channel]
        if lo <= at <= hi:  # others never happen, and may not fit the type
            listed[channel].append((at, result))
    never = hull(inputs)[0] - 1
    for k in range(max(map(len, listed), default=0)):
        rows = [row[k] if k < len(row) else (never, 0) for row in listed]
        ats, results = (
            typed_constant(graph, by_channel(np.array(column), op.type), type_, f"{op.result}.{name}")
            for column, name in zip(zip(*rows, strict=True), ("exception", "result"), strict=True)
        )
        met = graph.node("Equal", [read, ats], f"{op.result}_is_exception")
        value = graph.node("Where", [met, results, value], f"{op.result}_excepted")
    return value


def _short(graph: Graph, value: Value, name: str, ends: tuple[int, int]) -> Value:
    """Codes of 8 bits as bytes."""
    if value.type == UINT8 or ends[0] < 0 or ends[1] > 255:
        return value
    return tensor_value(graph.cast(value.tensors[value.type], UINT8, f"{name}_codes"), UINT8)


def table(graph: Graph, op: Table, source: Value) -> Value:
    """Append a look-up."""
    entries = op.values.shape[1]
    shift = np.array([-op.first], dtype=np.int64)
    if len(op.values) > 1:
        shift = shift + entries * np.arange(len(op.values))
    place = in_type(graph, source, INT64)
    if shift.any():
        term = typed_constant(graph, by_channel(shift, op.type), INT64, f"{op.result}.place")
        place = graph.node("Add", [place, term], f"{op.result}_place")
    low, high = int(op.values.min()), int(op.values.max())
    type_ = UINT8 if low >= 0 and high <= 255 else choose_type(reach((low, high)), "auto", f"%{op.result}")
    kind = helper.tensor_dtype_to_np_dtype(type_)
    values = graph.array(op.values.ravel().astype(kind), f"{op.result}.values")
    return tensor_value(graph.node("Gather", [values, place], op.result, axis=0), type_)


def concat(graph: Graph, op: Concat, parts: list[Value], bound: int) -> Value:
    """Append a concatenation of channels, in the type of all parts where they have one."""
    types = {part.type for part in parts}
    type_ = types.pop() if len(types) == 1 else choose_type(bound, "auto", f"%{op.result}")
    return tensor_value(
        graph.node("Concat", [in_type(graph, part, type_) for part in parts], op.result, axis=1), type_
    )


def gather(graph: Graph, op: Gather, source: Value) -> Value:
    """Append a choice of channels."""
    channels = typed_constant(graph, op.channels, INT32, f"{op.result}.channels")
    read = in_type(graph, source, source.type)
    return tensor_value(graph.node("Gather", [read, channels], op.result, axis=1), source.type)
