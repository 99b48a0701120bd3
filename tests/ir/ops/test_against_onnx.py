"""Convolutions against ONNX's own reference evaluator, pools against ONNX Runtime, at every edge of shapes.

(The reference evaluator refuses some pools with padding and dilation, and some averages.)
"""

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx.reference import ReferenceEvaluator
from support.images import Scene, random_window

from qcompile.ir.ops import Conv, MaxPool
from qcompile.ir.types import ValueType

N = 2


def _model(node: str, inputs: dict[str, np.ndarray], **attributes) -> onnx.ModelProto:
    """One ONNX operator, NCHW."""
    made = [helper.make_node(node, list(inputs), ["y"], **attributes)]
    kinds = {n: helper.np_dtype_to_tensor_dtype(v.dtype) for n, v in inputs.items()}
    info = [helper.make_tensor_value_info(n, kinds[n], v.shape) for n, v in inputs.items()]
    out = [helper.make_tensor_value_info("y", next(iter(kinds.values())), None)]
    graph = helper.make_graph(made, "g", info, out)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)


def _pooled(node: str, a: np.ndarray, **attributes) -> np.ndarray:
    """A pool of (n, h, w, c) integers by ONNX Runtime, in float32, which holds them and their sums."""
    inputs = {"x": a.transpose(0, 3, 1, 2).astype(np.float32)}
    session = onnxruntime.InferenceSession(_model(node, inputs, **attributes).SerializeToString())
    return session.run(None, inputs)[0].transpose(0, 2, 3, 1)


def _setting(seed: int) -> tuple[Scene, Conv, dict[str, tuple[int, ...]]]:
    """A scene with an image ``x``, and a window."""
    rng = np.random.default_rng(seed)
    s = Scene(rng, [])
    shape = (s.number(1, 9), s.number(1, 9))
    image = MaxPool("x", ValueType("i", 64, s.pick((1, 2, 3, 4, 6, 7, 8, 9)), shape), "r", (1, 1))
    return s, image, random_window(s, image)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**32 - 1))
def test_conv_is_onnx_conv(seed: int) -> None:
    s, image, window = _setting(seed)
    c, kernel = image.type.channels, window["kernel"]
    groups = s.pick([g for g in (1, 2, 3, c) if c % g == 0])
    outputs = groups * s.number(1, 3)
    weight = s.rng.integers(-9, 10, (outputs, *kernel, c // groups))
    rest = {k: window[k] for k in ("stride", "pad", "dilation")}
    places = Conv("y", image.type, "x", weight, groups=groups, **rest).window.results(image.type.positions)
    assume(min(places) >= 1)
    op = Conv("y", ValueType("i", 64, outputs, places), "x", weight, groups=groups, **rest)
    a = s.rng.integers(-99, 100, (N, *image.type.shape))
    assert op.wrong(image.type) == ""
    inputs = {"x": a.transpose(0, 3, 1, 2) * 1.0, "w": weight.transpose(0, 3, 1, 2) * 1.0}
    model = _model(
        "Conv",
        inputs,
        strides=window["stride"],
        pads=window["pad"],
        dilations=window["dilation"],
        group=groups,
    )
    expected, found = ReferenceEvaluator(model).run(None, inputs)[0], op.meaning(a)
    np.testing.assert_array_equal(found, expected.transpose(0, 2, 3, 1))
    exact = op.meaning(a.astype(object))
    assert exact.dtype == object
    np.testing.assert_array_equal(exact, found)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**32 - 1))
def test_maxpool_is_onnx_maxpool(seed: int) -> None:
    s, image, window = _setting(seed)
    places = MaxPool("y", image.type, "x", **window).window.results(image.type.positions)
    assume(min(places) >= 1)
    op = MaxPool("y", ValueType("i", 64, image.type.channels, places), "x", **window)
    assume(op.wrong(image.type) == "")
    a = s.rng.integers(-99, 100, (N, *image.type.shape))
    attributes = {
        "kernel_shape": window["kernel"],
        "strides": window["stride"],
        "pads": window["pad"],
        "dilations": window["dilation"],
    }
    np.testing.assert_array_equal(op.meaning(a), _pooled("MaxPool", a, **attributes))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_average_pool_is_a_grouped_convolution_of_ones(seed: int) -> None:
    s, image, window = _setting(seed)
    c, kernel = image.type.channels, window["kernel"]
    rest = {k: window[k] for k in ("stride", "pad")}
    ones = np.ones((c, *kernel, 1), dtype=np.int64)
    places = Conv("y", image.type, "x", ones, groups=c, **rest).window.results(image.type.positions)
    assume(min(places) >= 1)
    op = Conv("y", ValueType("i", 64, c, places), "x", ones, groups=c, **rest)
    a = s.rng.integers(-99, 100, (N, *image.type.shape))
    attributes = {"kernel_shape": kernel, "strides": window["stride"], "pads": window["pad"]}
    mean = _pooled("AveragePool", a, count_include_pad=1, **attributes)
    # The sum of k <= 49 whole numbers below 2^7 is exact in float32 and its k-th part is off by at most
    # 2^-24 of it, so k times that is off by less than 2^-10 and rounds to the sum.
    expected = np.rint(mean.astype(np.float64) * kernel[0] * kernel[1]).astype(np.int64)
    np.testing.assert_array_equal(op.meaning(a), expected)


def test_one_place_is_a_dot_at_every_position() -> None:
    rng = np.random.default_rng(0)
    a, weight = rng.integers(-9, 10, (3, 4, 5, 6)), rng.integers(-9, 10, (2, 6))
    op = Conv("y", ValueType("i", 64, 2, (4, 5)), "x", weight[:, None, None])
    np.testing.assert_array_equal(op.meaning(a), a @ weight.T)


@pytest.mark.parametrize("pad", ((0, 0, 0, 0), (1, 0, 2, 1)))
def test_the_gradient_of_a_convolution_is_its_transpose(pad: tuple[int, int, int, int]) -> None:
    rng = np.random.default_rng(1)
    weight = rng.integers(-3, 4, (4, 3, 2, 3))
    kind = ValueType("i", 64, 6, (6, 5))
    places = Conv("y", kind, "x", weight, (2, 1), pad, groups=2).window.results((6, 5))
    op = Conv("y", ValueType("i", 64, 4, places), "x", weight, (2, 1), pad, groups=2)
    a, g = rng.integers(-9, 10, (1, 6, 5, 6)), rng.integers(-9, 10, (1, *places, 4))
    (back,) = op.gradient(g.astype(np.float64), a)
    assert (g * op.meaning(a)).sum() == (back * a).sum()  # <g, W a> = <W' g, a>
