"""Convolutions, pools and padding equal ONNX Runtime, in both layouts, with every border."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from support.dialects import rows
from support.qdq_graphs import Graph, executed, imported

from qcompile.errors import UnsupportedError
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Conv, Encode, MaxPool
from qcompile.ir.program import Program

SHAPE = (3, 8, 7)


def same(g: Graph, value: str, outputs: int, folder: Path, shape=SHAPE, opset: int = 20) -> Program:
    model = g.model(value, shape, outputs, opset=opset)
    program = imported(model, folder)
    x = rows(120, int(np.prod(shape)))
    found = interpret(program, x)["values"]
    np.testing.assert_array_equal(found.astype(np.float32), executed(model, x, shape))
    return program


def flat(g: Graph, value: str) -> str:
    return g.node("Flatten", [value])


def conv(g: Graph, value: str, *shape: int, **attributes) -> str:
    bias = g.constant(g.rng.integers(-64, 64, shape[0]) / 64, "bias")
    return g.node("Conv", [value, g.weight(*shape), bias], **attributes)


BORDERS = [*product((1, 2), (0, 1, 2), (1, 2), (0,)), (1, 1, 1, 5), (2, 0, 1, 5)]


@pytest.mark.parametrize(("stride", "pad", "dilation", "zero"), BORDERS)
def test_convolutions_with_every_border(
    stride: int, pad: int, dilation: int, zero: int, tmp_path: Path
) -> None:
    g = Graph(seed=stride + 3 * pad)
    window = {"strides": [stride] * 2, "pads": [pad, pad, pad, 0], "dilations": [dilation] * 2}
    value = conv(g, g.qdq("x", zero=zero), 4, 3, 3, 2, **window)
    height = (8 + 2 * pad - 2 * dilation - 1) // stride + 1
    width = (7 + pad - dilation - 1) // stride + 1
    program = same(g, flat(g, g.qdq(g.node("Relu", [value]), 2.0**-3, -128)), 4 * height * width, tmp_path)
    (made,) = (op for op in program.ops if isinstance(op, Conv))
    assert made.type.positions == (height, width)


@pytest.mark.parametrize("auto", ("SAME_UPPER", "SAME_LOWER", "VALID"))
def test_padding_that_is_named_instead_of_counted(auto: str, tmp_path: Path) -> None:
    g = Graph(seed=2)
    value = conv(g, g.qdq("x"), 4, 3, 4, 3, auto_pad=auto, strides=[2, 3])
    outputs = 4 * 3 * 2 if auto == "VALID" else 4 * 4 * 3
    same(g, flat(g, g.qdq(value, 2.0**-3)), outputs, tmp_path)


@pytest.mark.parametrize("groups", (1, 3))
def test_a_network_of_blocks(groups: int, tmp_path: Path) -> None:
    """Grouped convolution, batch norm with falling channels, pool, residual sum, average, dense."""
    g = Graph(seed=3)
    value = g.qdq(conv(g, g.qdq("x"), 6, 3, 3, 3, pads=[1] * 4), 2.0**-3)
    branch = conv(g, value, 6, 6 // groups, 3, 3, pads=[1] * 4, group=groups)
    norm = [[1.0, -0.5, 2.0, -1.0, 0.0, 0.5], [0.25] * 6, [0.5] * 6, [1.0, 4.0, 0.25, 1.0, 1.0, 4.0]]
    constants = [g.constant(c, "norm") for c in norm]
    branch = g.node("BatchNormalization", [branch, *constants], epsilon=0.0)
    value = g.node("Add", [g.qdq(branch, 2.0**-2), value])
    value = g.node("MaxPool", [g.qdq(value, 2.0**-2)], kernel_shape=[2, 2], strides=[2, 2])
    value = g.node("GlobalAveragePool", [value])  # of 4 x 3 cells: rounded by a quantizer that is coarse
    value = g.dense(flat(g, g.qdq(value, 2.0**-1)), 6, 5)
    same(g, value, 5, tmp_path)


def test_a_pool_of_falling_sums_is_the_minimum(tmp_path: Path) -> None:
    g = Graph(seed=4)
    factor = g.constant(np.array([0.5, -2.0, -1.0, 1.0]).reshape(1, 4, 1, 1), "factor")
    value = g.node("Mul", [conv(g, g.qdq("x"), 4, 3, 3, 3), factor])
    value = g.node("MaxPool", [value], kernel_shape=[3, 2], strides=[1, 2], pads=[1, 0, 0, 1])
    program = same(g, flat(g, g.qdq(value, 2.0**-3)), 4 * 5 * 3, tmp_path)
    assert sum(isinstance(op, MaxPool) for op in program.ops) == 1


def test_pools_rounded_up_and_global_ones(tmp_path: Path) -> None:
    g = Graph(seed=5)
    value = g.node("MaxPool", [g.qdq("x")], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    same(g, flat(g, value), 3 * 4 * 3, tmp_path)
    g = Graph(seed=6)
    same(g, flat(g, g.node("GlobalMaxPool", [g.qdq("x")])), 3, tmp_path)


@pytest.mark.parametrize("pad", (0, 1))
def test_averages_of_windows_of_a_power_of_two(pad: int, tmp_path: Path) -> None:
    g = Graph(seed=7)
    window = {"kernel_shape": [2, 2], "strides": [2, 1], "pads": [pad] * 4, "count_include_pad": 1}
    value = g.node("AveragePool", [g.qdq("x", zero=3)], **window)
    outputs = 3 * ((8 + 2 * pad - 2) // 2 + 1) * (7 + 2 * pad - 1)
    same(g, flat(g, g.qdq(value)), outputs, tmp_path)


@pytest.mark.parametrize("keep", (0, 1))
def test_a_mean_over_positions(keep: int, tmp_path: Path) -> None:
    g = Graph(seed=8)
    axes = g.constant([2, 3], "axes", np.int64)
    value = g.node("ReduceMean", [g.qdq("x", 2.0**-4), axes], keepdims=keep)
    same(g, g.dense(flat(g, value), 2, 3), 3, tmp_path, shape=(2, 4, 8))


def test_padding_joins_the_convolution_that_reads_it(tmp_path: Path) -> None:
    g = Graph(seed=9)
    pads = g.constant([0, 0, 1, 2, 0, 0, 0, 1], "pads", np.int64)
    value = conv(g, g.node("Pad", [g.qdq("x"), pads]), 4, 3, 3, 3)
    program = same(g, flat(g, g.qdq(value, 2.0**-3)), 4 * 7 * 8, tmp_path)
    (made,) = (op for op in program.ops if isinstance(op, Conv))
    assert made.pad == (1, 2, 0, 1)


def test_channels_last_with_a_transpose_needs_no_rearrangement(tmp_path: Path) -> None:
    g = Graph(seed=10)
    image = g.node("Transpose", [g.qdq("x")], perm=[0, 3, 1, 2])
    value = g.node("Transpose", [g.qdq(conv(g, image, 4, 3, 3, 3), 2.0**-3)], perm=[0, 2, 3, 1])
    program = same(g, flat(g, value), 4 * 6 * 5, tmp_path, shape=(8, 7, 3))
    assert [op.word() for op in program.ops][:3] == ["input", "encode", "conv"]
    (encode,) = (op for op in program.ops if isinstance(op, Encode))
    assert (encode.encoder.feature == np.arange(8 * 7 * 3)).all()


def test_images_are_joined_split_and_flattened_in_the_order_of_the_file(tmp_path: Path) -> None:
    g = Graph(seed=11)
    value = g.qdq("x")
    parts = [
        g.qdq(conv(g, value, n, 3, 3, 3, pads=[1] * 4), scale) for n, scale in ((4, 2.0**-3), (2, 2.0**-2))
    ]
    joined = g.qdq(g.node("Concat", parts, axis=1), 2.0**-2)
    ends = [g.constant([k], "at", np.int64) for k in (1, 5, 1)]
    some = g.node("Slice", [joined, *ends])
    value = conv(g, some, 3, 4, 2, 2, strides=[2, 2])
    same(g, g.dense(flat(g, g.qdq(value, 2.0**-1)), 3 * 4 * 3, 4), 4, tmp_path)


def test_one_dimensional_convolutions(tmp_path: Path) -> None:
    g = Graph(seed=12)
    value = conv(g, g.qdq("x"), 5, 2, 3, pads=[1, 0], strides=[2])
    value = g.node("MaxPool", [g.qdq(value, 2.0**-3)], kernel_shape=[2], strides=[2])
    same(g, flat(g, value), 5 * 5, tmp_path, shape=(2, 20))


def test_one_scale_of_a_large_image_is_searched_once(tmp_path: Path) -> None:
    g = Graph(seed=13)
    value = conv(g, g.qdq("x"), 2, 3, 4, 4, strides=[32, 32])
    program = same(g, flat(g, g.qdq(value, 2.0**-3)), 2 * 7 * 7, tmp_path, shape=(3, 224, 224))
    (encode,) = (op for op in program.ops if isinstance(op, Encode))
    assert encode.encoder.steps.shape == (1, 255)


def test_scales_that_vary_over_positions_are_refused(tmp_path: Path) -> None:
    g = Graph(seed=14)
    factor = g.constant(2.0 ** g.rng.integers(0, 3, (1, 1, 8, 7)), "factor")
    value = conv(g, g.node("Mul", [g.qdq("x"), factor]), 4, 3, 3, 3)
    with pytest.raises(UnsupportedError, match=r"Conv \(node 'Conv\d+'\).*vary over the positions"):
        imported(g.model(flat(g, value), SHAPE, 4 * 6 * 5), tmp_path)
