"""Operators that move elements: on an activation they only change its index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from qcompile.importers.onnx.arrange import aligned, vector
from qcompile.importers.onnx.constants import Constant
from qcompile.importers.onnx.lanes import Lane, Step, evaluate
from qcompile.importers.onnx.walk import Node, Tensor
from qcompile.ir.types import VECTOR

Array = NDArray[Any]
MAX_ELEMENTS = 1 << 24
MAX_PARTS = 256


def _move(node: Node, move: Callable[[Array], Array]) -> Tensor:
    """Apply a movement of elements to a constant or to the index of an activation."""
    value = node.inputs[0]
    if isinstance(value, Constant):
        return value.mapped(move)
    lane = node.lane()
    return Lane(lane.source, move(lane.index), lane.steps)


def _numbers(node: Node, position: int, attribute: str) -> list[int] | None:
    """A list of integers that newer opsets give as an input and older ones as an attribute."""
    if position < len(node.inputs) and node.inputs[position] is not None:
        return [int(k) for k in node.constant(position, attribute).reshape(-1)]
    given = node.attributes.get(attribute)
    return None if given is None else [int(k) for k in np.atleast_1d(given)]


def reshape(node: Node) -> Tensor:
    target = _numbers(node, 1, "shape")
    value = node.inputs[0]
    if target is None or value is None:
        raise ValueError("its shape is missing")
    current = value.array.shape if isinstance(value, Constant) else value.index.shape
    if not node.attributes.get("allowzero", 0):
        target = [current[k] if t == 0 and k < len(current) else t for k, t in enumerate(target)]
    if isinstance(value, Lane) and target and target[0] == node.batch and -1 not in target[1:]:
        target[0] = 1
    return _move(node, lambda a: a.reshape(target))


def flatten(node: Node) -> Tensor:
    axis = int(node.attributes.get("axis", 1))
    return _move(node, lambda a: a.reshape(int(np.prod(a.shape[:axis])), -1) if axis else a.reshape(1, -1))


def transpose(node: Node) -> Tensor:
    order = node.attributes.get("perm")
    return _move(node, lambda a: np.transpose(a, order))


def squeeze(node: Node) -> Tensor:
    axes = _numbers(node, 1, "axes")
    return _move(node, lambda a: np.squeeze(a, None if axes is None else tuple(axes)))


def unsqueeze(node: Node) -> Tensor:
    axes = _numbers(node, 1, "axes")
    if axes is None or len(axes) > 16:
        raise ValueError("its axes are missing")
    return _move(node, lambda a: np.expand_dims(a, tuple(axes)))


def slice_(node: Node) -> Tensor:
    starts, ends = _numbers(node, 1, "starts"), _numbers(node, 2, "ends")
    if starts is None or ends is None:
        raise ValueError("its starts or ends are missing")
    axes = _numbers(node, 3, "axes") or list(range(len(starts)))
    steps = _numbers(node, 4, "steps") or [1] * len(starts)

    def cut(a: Array) -> Array:
        windows = [slice(None)] * a.ndim
        for first, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            windows[axis] = slice(first, None if step < 0 and end < -a.shape[axis] else end, step)
        return a[tuple(windows)]

    return _move(node, cut)


def gather(node: Node) -> Tensor:
    chosen, axis = node.constant(1, "indices"), int(node.attributes.get("axis", 0))
    value = node.inputs[0]
    size = value.array.size if isinstance(value, Constant) else node.lane().index.size
    if chosen.size * size > MAX_ELEMENTS and chosen.size > 1:
        raise ValueError("its result is too large")
    return _move(node, lambda a: np.take(a, chosen.astype(np.int64), axis=axis))


def shape(node: Node) -> Tensor:
    value = node.inputs[0]
    if value is None:
        raise ValueError("its input is missing")
    dims = value.array.shape if isinstance(value, Constant) else value.index.shape
    return Constant(
        np.array(dims[node.attributes.get("start", 0) : node.attributes.get("end")], dtype=np.int64)
    )


def concat(node: Node) -> Tensor:
    axis = int(node.attributes.get("axis", 0))
    if node.all_constant():
        parts = [node.constant(k, "part") for k in range(len(node.inputs))]
        if sum(p.size for p in parts) > MAX_ELEMENTS:
            raise ValueError("its result is too large")
        return Constant(np.concatenate(parts, axis))
    lanes = [node.lane(k) for k in range(len(node.inputs))]
    if any(lane.source is not lanes[0].source or lane.steps is not lanes[0].steps for lane in lanes):
        return _joined(node, lanes, axis)
    joined = np.concatenate([lane.index for lane in lanes], axis)
    return Lane(lanes[0].source, joined, lanes[0].steps)


def _joined(node: Node, lanes: list[Lane], axis: int) -> Lane:
    """Activations of different layers, one after the other; every row keeps the steps of its layer."""
    if len(lanes) > MAX_PARTS:
        raise ValueError(f"it joins more than {MAX_PARTS} activations")
    parts = [aligned(node.builder, lane) for lane in lanes]
    ranks = {lane.index.ndim for lane in lanes}
    images = all(part.source.positions != VECTOR for part in parts)
    if len(ranks) > 1 or images != any(part.source.positions != VECTOR for part in parts):
        raise ValueError("it joins activations of different shapes")
    if images and axis % 4 != 1:
        parts, images = [vector(node.builder, part) for part in parts], False
    if images and len({part.source.positions for part in parts}) > 1:
        raise ValueError("it joins images of different sizes")
    source = node.builder.concat([part.source for part in parts])
    rows = np.concatenate([np.full(part.source.rows, k) for k, part in enumerate(parts)])
    places = np.concatenate([np.arange(part.source.rows) for part in parts])
    steps = (_of_parts(parts, rows, places),)
    if images:
        height, width = source.positions
        index = np.arange(source.length).reshape(height, width, source.rows).transpose(2, 0, 1)[None]
        return Lane(source, index, steps)
    starts = np.cumsum([0, *(part.source.rows for part in parts)])
    shifted = [part.index + first for part, first in zip(parts, starts[:-1], strict=True)]
    return Lane(source, np.concatenate(shifted, axis), steps)


def _of_parts(parts: list[Lane], rows: Array, places: Array) -> Step:
    """The steps of every part on its rows."""

    def apply(x: Array, dtype: Any, part: Array, place: Array) -> Array:
        part, place = (np.broadcast_to(c[:, 0], len(x)) for c in (part, place))
        made = np.empty(x.shape, dtype)
        for k in np.unique(part):
            chosen = part == k
            steps = tuple(step.take(place[chosen]) for step in parts[k].steps)
            made[chosen] = evaluate(steps, x[chosen], dtype)
        return made

    monotone = all(step.monotone for part in parts for step in part.steps)
    return Step(apply, (rows[:, None], places[:, None]), monotone)


def identity(node: Node) -> Tensor:
    value = node.inputs[0]
    if value is None:
        raise ValueError("its input is missing")
    return value


def cast(node: Node) -> Tensor:
    value = identity(node)
    kind = helper.tensor_dtype_to_np_dtype(int(node.attributes["to"]))
    if isinstance(value, Lane):
        if kind not in (np.float32, np.float64) and not _is_whole(value):
            raise ValueError(f"it rounds an activation to {kind}; use a quantizer, which says how")
        return value
    return Constant(value.array.astype(kind), value.integers, value.scale)


def _is_whole(lane: Lane) -> bool:
    """True where an activation takes small whole numbers only."""
    source = lane.source
    if source.raw or (source.high - source.low).max(initial=0) > 1 << 12:
        return False
    span = np.arange(int((source.high - source.low).max(initial=0)) + 1)
    values = evaluate(lane.steps, np.minimum(source.low[:, None] + span, source.high[:, None]), np.float32)
    return bool((values == np.round(values)).all() and np.abs(values).max(initial=0) < 128)


def constant(node: Node) -> Tensor:
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if name in node.attributes:
            given = np.asarray(node.attributes[name])
            if name.startswith("value_"):
                given = given.astype(np.float32 if "float" in name else np.int64)
            return Constant(given)
    raise ValueError("it holds no value of a supported kind")


def constant_of_shape(node: Node) -> Tensor:
    dims = [int(k) for k in node.constant(0, "shape").reshape(-1)]
    if any(k < 0 for k in dims) or np.prod(dims, dtype=object) > MAX_ELEMENTS:
        raise ValueError(f"its shape {dims} is impossible or too large")
    fill = np.asarray(node.attributes.get("value", np.zeros(1, np.float32))).reshape(-1)
    return Constant(np.full(dims, fill[0]))


OPERATORS: Mapping[str, Callable[[Node], Tensor]] = {
    "Cast": cast,
    "Concat": concat,
    "Constant": constant,
    "ConstantOfShape": constant_of_shape,
    "Dropout": identity,
    "Flatten": flatten,
    "Gather": gather,
    "Identity": identity,
    "Reshape": reshape,
    "Shape": shape,
    "Slice": slice_,
    "Squeeze": squeeze,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}
