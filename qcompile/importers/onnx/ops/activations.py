"""Activation functions: steps in the precision of the source, monotone or not.

A monotone one vanishes into the thresholds of the quantizer behind it; of the others (GELU, SiLU,
HardSwish) that quantizer makes a table, where what they read is quantized.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import erf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.constants import Constant
from qcompile.importers.onnx.lanes import Step
from qcompile.importers.onnx.walk import Node, Tensor

Array = NDArray[Any]
Function = Callable[[Array, Mapping[str, float]], Array]
_erf = np.vectorize(erf, otypes=[np.float64])


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _elu(x: Array, alpha: float) -> Array:
    return np.asarray(np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x))


def _hard_sigmoid(x: Array, alpha: float, beta: float) -> Array:
    return np.clip(alpha * x + beta, 0, 1)


def _gelu(x: Array, a: Mapping[str, Any]) -> Array:
    if a.get("approximate", "none") == "tanh":
        return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
    return np.asarray(0.5 * x * (1 + _erf(x / sqrt(2))))


# Evaluated in float64 and rounded once: runtimes differ from each other in the last bit of float32.
MONOTONE: Mapping[str, Function] = {
    "Celu": lambda x, a: np.where(
        x < 0, a.get("alpha", 1.0) * np.expm1(np.minimum(x, 0) / a.get("alpha", 1.0)), x
    ),
    "Elu": lambda x, a: _elu(x, a.get("alpha", 1.0)),
    "Erf": lambda x, a: _erf(x),
    "Exp": lambda x, a: np.exp(x),
    "HardSigmoid": lambda x, a: _hard_sigmoid(x, a.get("alpha", 0.2), a.get("beta", 0.5)),
    "Selu": lambda x, a: a.get("gamma", 1.05070102214813) * _elu(x, a.get("alpha", 1.67326319217681)),
    "Sigmoid": lambda x, a: _sigmoid(x),
    "Softplus": lambda x, a: np.logaddexp(0, x),
    "Softsign": lambda x, a: x / (1 + np.abs(x)),
    "Tanh": lambda x, a: np.tanh(x),
}
BENT: Mapping[str, Function] = {
    "FastGelu": lambda x, a: _gelu(x, {"approximate": "tanh"}),
    "Gelu": _gelu,
    "HardSwish": lambda x, a: x * _hard_sigmoid(x, 1 / 6, 0.5),
    "Mish": lambda x, a: x * np.tanh(np.logaddexp(0, x)),
    "QuickGelu": lambda x, a: x * _sigmoid(a.get("alpha", 1.702) * x),
    "Swish": lambda x, a: x * _sigmoid(a.get("alpha", 1.0) * x),
}
FUNCTIONS = {**MONOTONE, **BENT}
RISES_IF = {"Celu": ("alpha",), "Elu": ("alpha",), "HardSigmoid": ("alpha",), "Selu": ("alpha", "gamma")}


def activation(node: Node) -> Tensor:
    """One of ``FUNCTIONS``."""
    function, attributes = FUNCTIONS[node.operator], dict(node.attributes)

    def apply(x: Array, dtype: Any) -> Array:
        return function(x.astype(np.float64), attributes).astype(dtype)

    value = node.inputs[0]
    if isinstance(value, Constant):
        with np.errstate(all="ignore"):
            return Constant(apply(value.array, value.array.dtype))
    rises = all(attributes.get(name, 1.0) >= 0 for name in RISES_IF.get(node.operator, ()))
    return node.lane().then(Step(apply, monotone=rises and node.operator in MONOTONE))


def leaky(node: Node) -> Tensor:
    """LeakyRelu and PRelu: x where x >= 0, else slope x."""
    lane = node.lane()
    if node.operator == "PRelu":
        given = node.constant(1, "slope").astype(np.float32)
        slope = lane.per_element(given, 1.0)
    else:
        slope = np.full((1, 1), node.attributes.get("alpha", 0.01), np.float32)

    def apply(x: Array, dtype: Any, slope: Array) -> Array:
        return np.where(x < 0, x * slope.astype(dtype), x)

    return lane.then(Step(apply, (slope,), monotone=bool((slope >= 0).all())))


OPERATORS: Mapping[str, Callable[[Node], Tensor]] = {
    **dict.fromkeys(FUNCTIONS, activation),
    "LeakyRelu": leaky,
    "PRelu": leaky,
}
