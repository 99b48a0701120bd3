"""Operators on quantized tensors equal ONNX Runtime, dense and convolutional."""

from pathlib import Path

import numpy as np
import pytest
from support.dialects import rows
from support.qdq_graphs import MICROSOFT, Graph, executed, imported

from qcompile.ir.interpret import interpret

KINDS = ((np.uint8, 128, 0), (np.int8, 0, -128))


def codes(g: Graph, value: str = "x", dtype=np.uint8, zero: int = 128, scale: float = 2.0**-4) -> list[str]:
    pair = g.pair(scale, zero, dtype)
    return [g.node("QuantizeLinear", [value, *pair]), *pair]


def weights(g: Graph, *shape: int, axis: int | None = None) -> list[str]:
    whole = g.constant(g.rng.integers(-127, 128, shape), "weight", np.int8)
    n = 1 if axis is None else shape[axis]
    scale = np.float32(g.rng.uniform(0.004, 0.009, n))
    return [
        whole,
        *g.pair(scale if axis is not None else scale[0], np.zeros(n) if axis is not None else 0, np.int8),
    ]


def finished(g: Graph, tensor: list[str], inputs, outputs: int):
    return g.model(g.node("DequantizeLinear", tensor), inputs, outputs, microsoft=True)


def compare(model, inputs: int, folder: Path, shape=None) -> None:
    x = rows(400, inputs)
    found = interpret(imported(model, folder), x)["values"]
    np.testing.assert_array_equal(found.astype(np.float32), executed(model, x, shape))


@pytest.mark.parametrize(("dtype", "zero", "low"), KINDS)
@pytest.mark.parametrize("axis", (None, 0))
def test_qgemm_with_bias(dtype, zero: int, low: int, axis: int | None, tmp_path: Path) -> None:
    g = Graph(seed=1)
    tensor = codes(g, "x", dtype, zero)
    for k, (inputs, outputs) in enumerate(((12, 9), (9, 4))):
        bias = g.constant(g.rng.integers(-500, 500, outputs), "bias", np.int32)
        result = g.pair(0.037, low if k == 0 else zero, dtype)
        made = g.node(
            "QGemm", [*tensor, *weights(g, outputs, inputs, axis=axis), bias, *result], MICROSOFT, transB=1
        )
        tensor = [made, *result]
    compare(finished(g, tensor, 12, 4), 12, tmp_path)


def test_qgemm_without_a_scale_of_its_result_gives_real_numbers(tmp_path: Path) -> None:
    g = Graph(seed=2)
    whole = g.constant(g.rng.integers(-127, 128, (12, 4)), "weight", np.int8)
    inputs = [*codes(g), whole, *g.pair(2.0**-6), ""]
    compare(g.model(g.node("QGemm", inputs, MICROSOFT), 12, 4, microsoft=True), 12, tmp_path)


@pytest.mark.parametrize(("dtype", "zero", "low"), KINDS)
def test_qlinear_matmul(dtype, zero: int, low: int, tmp_path: Path) -> None:
    g = Graph(seed=3)
    result = g.pair(0.11, zero, dtype)
    made = g.node("QLinearMatMul", [*codes(g, "x", dtype, zero), *weights(g, 12, 5), *result])
    compare(finished(g, [made, *result], 12, 5), 12, tmp_path)


def test_qlinear_add_sigmoid_leaky_relu_and_concat(tmp_path: Path) -> None:
    g = Graph(seed=4)
    first = codes(g)
    result = g.pair(2.0**-3, 120, np.uint8)
    branch = [g.node("QLinearMatMul", [*first, *weights(g, 12, 12), *result]), *result]
    total = g.pair(2.0**-2, 128, np.uint8)
    summed = [g.node("QLinearAdd", [*first, *branch, *total], MICROSOFT), *total]
    gate = g.pair(2.0**-8, 0, np.uint8)
    gated = [g.node("QLinearSigmoid", [*summed, *gate], MICROSOFT), *gate]
    bent = g.pair(2.0**-2, 60, np.uint8)
    leaky = [g.node("QLinearLeakyRelu", [*summed, *bent], MICROSOFT, alpha=0.25), *bent]
    both = g.pair(2.0**-2, 60, np.uint8)
    joined = [g.node("QLinearConcat", [*both, *gated, *leaky], MICROSOFT, axis=1), *both]
    compare(finished(g, joined, 12, 24), 12, tmp_path)


@pytest.mark.parametrize(("group", "stride", "pad"), ((1, 1, 1), (3, 2, 0), (1, 2, 2)))
def test_qlinear_conv(group: int, stride: int, pad: int, tmp_path: Path) -> None:
    g = Graph(seed=5)
    result = g.pair(0.093, 131, np.uint8)
    bias = g.constant(g.rng.integers(-300, 300, 6), "bias", np.int32)
    inputs = [*codes(g), *weights(g, 6, 3 // group, 3, 3, axis=0), *result, bias]
    made = g.node("QLinearConv", inputs, group=group, strides=[stride] * 2, pads=[pad] * 4)
    pooled = g.pair(0.05, 128, np.uint8)
    made = g.node("QLinearGlobalAveragePool", [made, *result, *pooled], MICROSOFT)
    flat = g.node("Flatten", [made])
    shape = (3, 7, 6)
    compare(finished(g, [flat, *pooled], shape, 6), 3 * 7 * 6, tmp_path, shape)
