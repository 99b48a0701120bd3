"""Arithmetic with constants, batch norm, relu, and the products between layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.affine import integers_behind
from qcompile.importers.onnx.constants import ARITHMETIC, Constant, fold, integers_of
from qcompile.importers.onnx.lanes import Lane, arithmetic, clip, start
from qcompile.importers.onnx.walk import Node, Tensor

__all__ = ["OPERATORS"]

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
        return _sum(node, first, second)
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
    spread = lane.per_element(_float(array), NEUTRAL[node.operator])
    grown = np.broadcast_shapes(array.shape, lane.index.shape)
    moved = Lane(lane.source, lane.index.reshape(grown), lane.steps)
    return moved.then(arithmetic(node.operator, spread, reverse))


def _sum(node: Node, first: Lane, second: Lane) -> Lane:
    """Two layers on one integer scale, element by element."""
    if node.operator != "Add" or first.index.shape != second.index.shape:
        raise ValueError("two activations can only be added, in the same shape")
    (a, scale_a, shift_a), (b, scale_b, shift_b) = (integers_behind(node.builder, t) for t in (first, second))
    whole = np.arange(a.length).reshape(first.index.shape) if a.length == first.index.size else None
    same_order = whole is not None and all((t.index == whole).all() for t in (first, second))
    if not same_order or b.length != a.length or abs(scale_a - scale_b) > 1e-6 * scale_a:
        raise ValueError("the two layers have different scales or orders; requantize them to one scale")
    source = node.builder.add(a, b)
    shift, scale = (shift_a + shift_b)[:, None], np.full((1, 1), scale_a)
    return Lane(source, first.index, (start(shift, scale),))


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


def matmul(node: Node) -> Tensor:
    weight = node.inputs[1] if len(node.inputs) > 1 else None
    if isinstance(weight, Lane) and isinstance(node.inputs[0], Constant):
        raise ValueError("the constant stands first; write it as activation times weight")
    if not isinstance(weight, Constant) or weight.array.ndim != 2:
        raise ValueError("its second input is not a constant matrix")
    return product(node, node.lane(), weight)


def gemm(node: Node) -> Tensor:
    weight = node.inputs[1]
    if not isinstance(weight, Constant) or weight.array.ndim != 2 or node.attributes.get("transA", 0):
        raise ValueError("its second input is not a constant matrix, or its first is transposed")
    if node.attributes.get("transB", 0):
        weight = weight.mapped(np.transpose)
    result = product(node, node.lane(), weight)
    alpha, beta = (np.float32(node.attributes.get(k, 1.0)) for k in ("alpha", "beta"))
    if alpha != 1:
        result = result.then(arithmetic("Mul", np.full((1, 1), alpha)))
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        bias = _float(node.constant(2, "bias")) * beta
        result = result.then(arithmetic("Add", result.per_element(bias, 0.0)))
    return result


def product(node: Node, lane: Lane, weight: Constant) -> Lane:
    """Activation @ weight as an exact integer product and the scale behind it."""
    inputs, outputs = weight.array.shape
    if lane.index.shape[-1] != inputs or lane.index.size != inputs:
        raise ValueError(
            f"an activation of shape {lane.index.shape} meets weights of shape {weight.array.shape}"
        )
    whole, column_scale = integers_of(weight)
    source, scale, shift = integers_behind(node.builder, lane)
    order = lane.index.reshape(-1)
    matrix = np.zeros((outputs, source.length), dtype=np.int64)
    np.add.at(matrix.T, order, whole)
    made, constant = node.builder.product(source, matrix)
    first = start((matrix @ shift + constant)[:, None], (scale * column_scale)[:, None])
    return Lane(made, np.arange(outputs).reshape(*lane.index.shape[:-1], outputs), (first,))


def xnor_popcount(node: Node) -> Tensor:
    """FINN's XnorPopcountMatMul on bits: the number of agreeing places."""
    weight = node.constant(1, "weight")
    lane = node.lane()
    if weight.ndim != 2 or not np.isin(weight, (0, 1)).all() or lane.index.size != len(weight):
        raise ValueError("its weights are not a matrix of 0 and 1 that fits the activation")
    signs = Constant(2 * weight.astype(np.int64) - 1)
    agreeing = (1 - weight.astype(np.int64)).sum(axis=0).astype(np.float32)
    result = product(node, lane, signs)
    return result.then(arithmetic("Add", agreeing[:, None]))


def _float(array: Array) -> Array:
    return array.astype(np.float32)


OPERATORS: Mapping[str, Callable[[Node], Tensor]] = {
    **dict.fromkeys(ARITHMETIC, binary),
    **dict.fromkeys(("Abs", "Ceil", "Floor", "Neg", "Reciprocal", "Round", "Sqrt"), unary),
    "BatchNormalization": batch_norm,
    "Clip": clip_,
    "Gemm": gemm,
    "MatMul": matmul,
    "Relu": relu,
    "XnorPopcountMatMul": xnor_popcount,
}
