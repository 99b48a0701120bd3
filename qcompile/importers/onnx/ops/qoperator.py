"""Operators on quantized tensors (QOperator graphs): dequantize, operate, quantize in one node.

The integer products of ONNX Runtime are scaled by one float32 factor s_a s_b / s_y and rounded; so they
are here. Functions (QLinearSigmoid, ..) and sums are what their floating-point operators give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from qcompile.importers.onnx.constants import Constant
from qcompile.importers.onnx.lanes import Array, Lane, arithmetic
from qcompile.importers.onnx.ops import activations, images, sums
from qcompile.importers.onnx.ops.products import product
from qcompile.importers.onnx.ops.quantize import dequantize_linear, quantize_linear
from qcompile.importers.onnx.ops.shape import concat
from qcompile.importers.onnx.walk import Node, Tensor

ONE, ZERO = Constant(np.ones((), np.float32)), Constant(np.zeros((), np.int64))


def gemm(node: Node) -> Tensor:
    """QGemm (a, scale, zero, b, scale, zero, bias, y scale, y zero)."""
    weight = _integers(node, 3, axis=1 - int(node.attributes.get("transB", 0)))
    if node.attributes.get("transB", 0):
        weight = weight.mapped(np.transpose)
    if node.attributes.get("transA", 0):
        raise ValueError("its first input is transposed")
    alpha = float(node.attributes.get("alpha", 1.0))
    made = product(node, _activation(node, 0), weight)
    return _scaled(node, made, (1, 4), 6, (7, 8), alpha)


def matmul(node: Node) -> Tensor:
    """QLinearMatMul (a, scale, zero, b, scale, zero, y scale, y zero)."""
    made = product(node, _activation(node, 0), _integers(node, 3, axis=1))
    return _scaled(node, made, (1, 4), None, (6, 7))


def conv(node: Node) -> Tensor:
    """QLinearConv (x, scale, zero, w, scale, zero, y scale, y zero, bias)."""
    if node.attributes.get("channels_last", 0):
        raise ValueError("it has channels last; use the standard operator")
    made = images.convolution(node, _activation(node, 0), _integers(node, 3, axis=0))
    return _scaled(node, made, (1, 4), 8, (6, 7))


def _integers(node: Node, position: int, axis: int) -> Constant:
    """A weight less its zero point, without its scale."""
    whole = node.constant(position, "weight").astype(np.float64)
    zero = node.constant(position + 2, "zero point").astype(np.float64)
    if zero.size > 1:
        shape = [1] * whole.ndim
        shape[axis] = -1
        zero = zero.reshape(shape)
    return Constant(whole - (zero.reshape(()) if zero.size == 1 else zero))


def _activation(node: Node, position: int) -> Lane:
    """An activation less its zero point, without its scale."""
    zero = node.inputs[position + 2]
    made = dequantize_linear(replace(node, inputs=(node.lane(position), ONE, zero), attributes={}))
    assert isinstance(made, Lane)
    return made


def _scaled(
    node: Node,
    made: Lane,
    factors: tuple[int, int],
    bias: int | None,
    result: tuple[int, int],
    alpha: float = 1.0,
) -> Tensor:
    """Whole sums and bias, times the factor, quantized; or real where no scale of the result is given."""
    channel = [1, -1, *[1] * (made.index.ndim - 2)]

    def per(constant: Array) -> Array:
        return constant.reshape(() if constant.size == 1 else channel).astype(np.float32)

    if bias is not None and bias < len(node.inputs) and node.inputs[bias] is not None:
        whole = node.constant(bias, "bias").reshape(-1)
        made = made.then(arithmetic("Add", made.per_element(per(whole), 0.0)))
    left, right = (per(node.constant(k, "scale")) for k in factors)
    factor = np.float32(alpha) * left * right
    given = [node.inputs[k] if k < len(node.inputs) else None for k in result]
    if given[0] is None:
        return made.then(arithmetic("Mul", made.per_element(np.asarray(factor), 1.0)))
    factor = np.asarray(factor / node.constant(result[0], "scale").astype(np.float32))
    made = made.then(arithmetic("Mul", made.per_element(factor, 1.0)))
    return quantize_linear(replace(node, inputs=(made, ONE, given[1]), attributes={}))


def _real(node: Node, position: int) -> Lane:
    """The real activation behind (tensor, scale, zero)."""
    inputs = (node.lane(position), *node.inputs[position + 1 : position + 3])
    made = dequantize_linear(replace(node, inputs=inputs, attributes={}))
    assert isinstance(made, Lane)
    return made


def _quantized(node: Node, made: Tensor, position: int) -> Tensor:
    """Behind scale and zero at a position."""
    return quantize_linear(replace(node, inputs=(made, *node.inputs[position : position + 2]), attributes={}))


def add(node: Node) -> Tensor:
    """QLinearAdd and QLinearMul (a, scale, zero, b, scale, zero, y scale, y zero)."""
    plain = replace(node, operator=node.operator.removeprefix("QLinear"))
    return _quantized(node, sums.together(plain, _real(node, 0), _real(node, 3)), 6)


def function(node: Node) -> Tensor:
    """An activation, or a pool: (x, scale, zero, y scale, y zero)."""
    plain = replace(node, operator=node.operator.removeprefix("QLinear"), inputs=(_real(node, 0),))
    return _quantized(node, PLAIN[plain.operator](plain), 3)


def joined(node: Node) -> Tensor:
    """QLinearConcat (y scale, y zero, then x, scale, zero of every part)."""
    parts: Sequence[Lane] = [_real(node, k) for k in range(2, len(node.inputs) - 2, 3)]
    return _quantized(node, concat(replace(node, inputs=tuple(parts))), 0)


PLAIN: Mapping[str, Callable[[Node], Tensor]] = {
    **{name: activations.OPERATORS[name] for name in ("LeakyRelu", "Sigmoid")},
    **{name: images.OPERATORS[name] for name in ("AveragePool", "GlobalAveragePool")},
}
OPERATORS: Mapping[str, Callable[[Node], Tensor]] = {
    **{f"QLinear{name}": function for name in PLAIN},
    "QGemm": gemm,
    "QLinearAdd": add,
    "QLinearConcat": joined,
    "QLinearConv": conv,
    "QLinearMatMul": matmul,
    "QLinearMul": add,
}
