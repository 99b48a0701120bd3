"""Products between layers, as exact integer products and the scale behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.affine import common_unit, integers_behind, slopes
from qcompile.importers.onnx.arrange import aligned, vector
from qcompile.importers.onnx.constants import Constant, integers_of
from qcompile.importers.onnx.lanes import Lane, arithmetic, start
from qcompile.importers.onnx.ops import sums
from qcompile.importers.onnx.walk import Node, Tensor

MAX_WEIGHTS = 1 << 27
MAX_SCALES = 8  # of the parts of one activation


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
        bias = node.constant(2, "bias").astype(np.float32) * beta
        result = result.then(arithmetic("Add", result.per_element(bias, 0.0)))
    return result


def product(node: Node, lane: Lane, weight: Constant) -> Lane:
    """Activation @ weight as an exact integer product and the scale behind it."""
    inputs = len(weight.array)
    lane = vector(node.builder, lane)
    if lane.index.shape[-1] != inputs or lane.index.size != inputs:
        raise ValueError(
            f"an activation of shape {lane.index.shape} meets weights of shape {weight.array.shape}"
        )
    parts = _by_scale(node, lane)
    made = _product(node, parts[0][0], weight, parts[0][1])
    for part, places in parts[1:]:
        made = sums.on_common_integers(node.builder, made, _product(node, part, weight, places))
    return made


def _by_scale(node: Node, lane: Lane) -> list[tuple[Lane, NDArray[np.int64]]]:
    """The activation, or its parts of one scale each where layers of a few scales were joined.

    Each with the places that it has in the sum.
    """
    everything = np.arange(lane.index.size)
    line = None if lane.source.raw else slopes(lane)
    if line is None:
        return [(lane, everything)]
    slope = line[0][lane.order]
    scales = np.unique(slope)
    if not 1 < len(scales) <= MAX_SCALES or not _apart(np.concatenate(line)):
        return [(lane, everything)]
    parts = []
    for scale in scales:
        places = everything[slope == scale]
        picked = replace(lane, index=lane.order[places][None])
        parts.append((aligned(node.builder, picked), places))
    return parts


def _apart(values: NDArray[np.float64]) -> bool:
    """Whether there is no common unit."""
    try:
        common_unit(values)
    except ValueError:
        return True
    return False


def _product(node: Node, lane: Lane, weight: Constant, places: NDArray[np.int64]) -> Lane:
    """Activation @ the rows of the weight at the places."""
    whole, column_scale = integers_of(weight)
    source, scale, shift = integers_behind(node.builder, lane)
    outputs = whole.shape[1]
    matrix = np.zeros((outputs, source.length), dtype=np.int64)
    np.add.at(matrix.T, lane.order, whole[places])
    made, constant = node.builder.product(source, matrix)
    first = start((matrix @ shift + constant)[:, None], (scale * column_scale)[:, None])
    return Lane(made, np.arange(outputs).reshape(*[1] * (lane.index.ndim - 1), outputs), (first,))


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


OPERATORS: Mapping[str, Callable[[Node], Tensor]] = {
    "Gemm": gemm,
    "MatMul": matmul,
    "XnorPopcountMatMul": xnor_popcount,
}
