"""Arithmetic with constants, batch norm and relu: steps of an activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.arrange import vector
from qcompile.importers.onnx.constants import ARITHMETIC, Constant, fold
from qcompile.importers.onnx.lanes import Lane, arithmetic, clip
from qcompile.importers.onnx.ops.sums import together
from qcompile.importers.onnx.walk import Node, Tensor
from qcompile.ir.types import VECTOR

Array = NDArray[Any]
NEUTRAL = {"Add": 0.0, "Sub": 0.0, "Mul": 1.0, "Div": 1.0}


def binary(node: Node) -> Tensor:
    """Add, Sub, Mul, Div, Pow: folded on constants; on an activation a step, or the sum of two layers."""
    first, second = node.inputs[0], node.inputs[1]
    if isinstance(first, Constant) and isinstance(second, Constant):
        folded = fold(node.operator, [first, second])
        assert folded is not None
        return folded
    if node.operator == "Pow":
        raise ValueError("powers of an activation are not those of a threshold network")
    if isinstance(first, Lane) and isinstance(second, Lane):
        return together(node, first, second)
    lane, constant = (first, second) if isinstance(first, Lane) else (second, first)
    if not isinstance(lane, Lane) or not isinstance(constant, Constant):
        raise ValueError("an input is missing")
    reverse = not isinstance(first, Lane)
    if reverse and node.operator == "Div":
        raise ValueError("it divides by an activation")
    array = constant.array
    if "axis" in node.attributes:  # opsets 1 to 6: the constant's first dimension stands there, not its last
        axis = int(node.attributes["axis"]) % lane.index.ndim
        array = array.reshape(*array.shape, *[1] * max(0, lane.index.ndim - axis - array.ndim))
    lane, spread = spread_on(node, lane, array.astype(np.float32), NEUTRAL[node.operator])
    grown = np.broadcast_shapes(array.shape, lane.index.shape)
    moved = Lane(lane.source, lane.index.reshape(grown), lane.steps)
    return moved.then(arithmetic(node.operator, spread, reverse))


def spread_on(node: Node, lane: Lane, constant: Array, neutral: float) -> tuple[Lane, Array]:
    """A constant per row; where it varies over the positions of an image, that becomes a vector."""
    try:
        return lane, lane.per_element(constant, neutral)
    except ValueError:
        if lane.source.positions == VECTOR:
            raise
    lane = vector(node.builder, lane)
    return lane, lane.per_element(constant, neutral)


def unary(node: Node) -> Tensor:
    """Neg on an activation; everything else on constants."""
    value = node.inputs[0]
    if isinstance(value, Constant):
        folded = fold(node.operator, [value])
        assert folded is not None
        return folded
    if node.operator == "Neg":
        return node.lane().then(arithmetic("Mul", np.full((1, 1), -1, np.float32)))
    raise ValueError("it is supported on constants only")


def relu(node: Node) -> Tensor:
    value = node.inputs[0]
    return node.lane().then(clip(0.0, np.inf)) if isinstance(value, Lane) else unary(node)


def clip_(node: Node) -> Tensor:
    def bound(position: int, name: str, missing: float) -> float:
        given = position < len(node.inputs) and node.inputs[position] is not None
        return float(node.constant(position, name) if given else node.attributes.get(name, missing))

    value = node.inputs[0]
    if isinstance(value, Constant):
        clamped = np.clip(value.array.astype(np.float64), bound(1, "min", -np.inf), bound(2, "max", np.inf))
        return Constant(clamped.astype(value.array.dtype))
    return node.lane().then(clip(bound(1, "min", -np.inf), bound(2, "max", np.inf)))


def batch_norm(node: Node) -> Tensor:
    """Scale (x - mean) / sqrt(var + eps) + bias, as runtimes compute it: one factor, one term."""
    lane = node.lane()
    scale, bias, mean, variance = (
        _float(node.constant(k, n)) for k, n in ((1, "scale"), (2, "bias"), (3, "mean"), (4, "variance"))
    )
    if (variance < 0).any():
        raise ValueError("its variance is negative")
    epsilon = np.float32(node.attributes.get("epsilon", 1e-5))
    with np.errstate(all="ignore"):
        factor = scale / np.sqrt(variance + epsilon)
        term = bias - mean * factor
    if not (np.isfinite(factor).all() and np.isfinite(term).all()):
        raise ValueError("its factors are not finite")
    channel = [1] * lane.index.ndim
    channel[1 if lane.index.ndim > 1 else 0] = -1
    per = [lane.per_element(c.reshape(channel), n) for c, n in ((factor, 1.0), (term, 0.0))]
    return lane.then(arithmetic("Mul", per[0]), arithmetic("Add", per[1]))


def _float(array: Array) -> Array:
    return array.astype(np.float32)


OPERATORS: Mapping[str, Callable[[Node], Tensor]] = {
    **dict.fromkeys(ARITHMETIC, binary),
    **dict.fromkeys(("Abs", "Ceil", "Floor", "Neg", "Reciprocal", "Round", "Sqrt"), unary),
    "BatchNormalization": batch_norm,
    "Clip": clip_,
    "Relu": relu,
}
