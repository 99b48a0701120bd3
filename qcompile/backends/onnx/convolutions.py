"""Convolutions and pools in the graph, in the narrowest form that a static bound proves exact.

    Conv in float32   every partial sum stays below 2^24, where floats are integers in any order of adding
    ConvInteger       8-bit inputs and weights, sums below 2^31; halved weights where two products might
                      saturate 16 bits, as in products.py
    MatMul per place  any other: the kernel's places one by one, in int32, double or int64

A pool is MaxPool in float32 below 2^24, else the maximum over shifted slices. What lies outside is the
least value there can be, so that no runtime's own rule for padding is asked.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.layout import INWARDS, OUTWARDS, as_image, from_image
from qcompile.backends.onnx.products import PAIR_LIMIT, Stored
from qcompile.backends.onnx.steps import typed_constant
from qcompile.backends.onnx.values import EXACT_FLOATS, Value, choose_type, in_type, tensor_value
from qcompile.ir.ops import Conv, MaxPool
from qcompile.ir.ranges import Range, Ranges, hull, reach
from qcompile.ir.types import ValueType
from qcompile.ir.window import Window

FLOAT, UINT8, INT32 = TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT32


def conv(
    graph: Graph, op: Conv, source: Value, kind: ValueType, inputs: Ranges, stored: Stored, tail: str
) -> Value:
    """Append a convolution.

    Args:
        graph: being built; ``graph.forms`` gets the form and the bound that allows it.
        op: the convolution.
        source: what it reads, of type ``kind``.
        kind: see there.
        inputs: ranges of the channels read.
        stored: how the form stores small weights.
        tail: the type of the last form.
    """
    type_: int
    largest = largest_sum(op, inputs)
    weight, ends = np.ascontiguousarray(op.weight.transpose(0, 3, 1, 2)), hull(inputs)
    small = bool(weight.size) and -128 <= weight.min() and weight.max() <= 127
    if largest < EXACT_FLOATS and weight.size:
        name = f"{op.result}.weight"
        if small:
            filters = graph.cast(stored(graph, weight.astype(np.int8), name), FLOAT, f"{name}_float")
        else:
            filters = typed_constant(graph, weight, FLOAT, name)
        image = as_image(graph, in_type(graph, source, FLOAT), kind)
        found = graph.node("Conv", [image, filters], op.result, **_attributes(op))
        type_ = FLOAT
        graph.forms[op.result] = f"Conv in float32, sums up to {largest}"
    elif small and largest < 2**31 and _is_byte(ends):
        found = _conv_integer(graph, op, source, kind, ends, weight, stored)
        type_ = INT32
        graph.forms[op.result] = f"ConvInteger, sums up to {largest}"
    else:
        type_ = choose_type(largest, tail, f"%{op.result}")
        found = _by_place(graph, op, as_image(graph, in_type(graph, source, type_), kind), kind, type_)
        graph.forms[op.result] = f"{TensorProto.DataType.Name(type_).lower()} MatMul, sums up to {largest}"
    return tensor_value(from_image(graph, found, op.type), type_)


def largest_sum(op: Conv, inputs: Ranges) -> int:
    """Bound on every partial sum, and on every input and weight: sum of |weight| times reach of its input."""
    o, c = len(op.weight) // op.groups, op.weight.shape[3]
    sizes = np.array([reach(r) for r in inputs], dtype=object).reshape(op.groups, 1, 1, 1, c)
    weight = np.abs(op.weight.reshape(op.groups, o, *op.weight.shape[1:]).astype(object))
    sums = (weight * sizes).sum(axis=(2, 3, 4)) if weight.size else np.zeros(1, dtype=object)
    return int(max([*sums.ravel(), *map(reach, inputs), int(np.abs(op.weight).max(initial=0))], default=0))


def _is_byte(ends: Range) -> bool:
    return (ends[0] >= 0 and ends[1] <= 255) or (ends[0] >= -128 and ends[1] <= 127)


def _attributes(op: Conv) -> dict[str, Any]:
    window = op.window
    return {
        "kernel_shape": window.kernel,
        "strides": window.stride,
        "pads": window.pad,
        "dilations": window.dilation,
        "group": op.groups,
    }


def _conv_integer(
    graph: Graph,
    op: Conv,
    source: Value,
    kind: ValueType,
    ends: Range,
    weight: NDArray[np.int64],
    stored: Stored,
) -> str:
    """Codes as they are, or signed ones 128 higher with 128 as their zero."""
    zero = 0 if ends[0] >= 0 else 128
    if zero:
        lifted = graph.node(
            "Add",
            [in_type(graph, source, INT32), graph.constant(np.int32(zero), "zero_point_sum")],
            f"{op.result}_lifted",
        )
        codes = graph.cast(lifted, UINT8, f"{op.result}_codes")
    else:
        codes = in_type(graph, source, UINT8)
    codes, point = as_image(graph, codes, kind), graph.constant(np.uint8(zero), "zero_point")
    name, found = f"{op.result}.weight", []
    fits = 2 * (ends[1] + zero) * int(np.abs(weight).max()) <= PAIR_LIMIT
    for part in (weight,) if fits else (weight >> 1, weight - (weight >> 1)):
        filters = stored(graph, part.astype(np.int8), name)
        found.append(graph.node("ConvInteger", [codes, filters, point], op.result, **_attributes(op)))
    return found[0] if fits else graph.node("Add", found, f"{op.result}_sums")


def _by_place(graph: Graph, op: Conv, image: str, kind: ValueType, type_: int) -> str:
    """One MatMul for every place of the kernel; groups are blocks of a matrix."""
    rows = graph.node("Transpose", [image], f"{op.result}_nhwc", perm=OUTWARDS)
    total, outputs = "", len(op.weight) // op.groups
    zero = typed_constant(graph, np.array(0), type_, "outside")
    for (t, u), met in _slices(graph, op.window, rows, kind, zero, (1, 2)):
        matrix = np.zeros((kind.channels, len(op.weight)), dtype=np.int64)
        for g in range(op.groups):
            out, c = slice(g * outputs, (g + 1) * outputs), op.weight.shape[3]
            matrix[g * c : (g + 1) * c, out] = op.weight[out, t, u].T
        place = typed_constant(graph, matrix, type_, f"{op.result}.weight_{t}_{u}")
        part = graph.node("MatMul", [met, place], f"{op.result}_{t}_{u}")
        total = graph.node("Add", [total, part], f"{op.result}_sum") if total else part
    return graph.node("Transpose", [total], f"{op.result}_nchw", perm=INWARDS)


def _slices(
    graph: Graph, window: Window, image: str, kind: ValueType, outside: str, axes: tuple[int, int]
) -> list[tuple[tuple[int, int], str]]:
    """What every place of a kernel meets, for all positions of the result at once."""
    image, found = _padded(graph, window, image, outside, axes), []
    for place, (_, down, across) in window.taps(kind.positions):
        starts, ends, steps = (
            np.array([getattr(s, part) for s in (down, across)]) for part in ("start", "stop", "step")
        )
        read = [graph.constant(v, "slice") for v in (starts, ends, np.array(axes), steps)]
        found.append((place, graph.node("Slice", [image, *read], f"{image}_part")))
    return found


def _padded(graph: Graph, window: Window, image: str, outside: str, axes: tuple[int, int]) -> str:
    """The image with a value around it."""
    if not any(window.pad):
        return image
    pads = np.zeros(8, dtype=np.int64)
    pads[[axes[0], axes[1], axes[0] + 4, axes[1] + 4]] = window.pad
    return graph.node("Pad", [image, graph.constant(pads, "pads"), outside], f"{image}_padded")


def maxpool(graph: Graph, op: MaxPool, source: Value, kind: ValueType, ends: Range, tail: str) -> Value:
    """Append a pool; what lies outside never is the largest."""
    window, floats = op.window, reach(ends) < EXACT_FLOATS
    type_ = FLOAT if floats else choose_type(reach(ends), tail, f"%{op.result}")
    image = as_image(graph, in_type(graph, source, type_), kind)
    least = typed_constant(graph, np.array(ends[0]), type_, f"{op.result}.least")
    if floats:
        image = _padded(graph, window, image, least, (2, 3))
        sizes = {"kernel_shape": window.kernel, "strides": window.stride, "dilations": window.dilation}
        found = graph.node("MaxPool", [image], op.result, **sizes)
        return tensor_value(from_image(graph, found, op.type), type_)
    parts = [met for _, met in _slices(graph, window, image, kind, least, (2, 3))]
    found = parts[0] if math.prod(window.kernel) == 1 else graph.node("Max", parts, op.result)
    return tensor_value(from_image(graph, found, op.type), type_)
