"""Convolutions, pools and padding of images: (1, channels, height, width) in the source graph.

The integers behind an activation are q with tensor = scale (q + shift). A convolution of them is exact:

    conv(w, scale (q + shift)) = scale (conv(w, q) + sum over w of shift)

where nothing is padded; padding is 0 of the tensor, so q + shift is made first where something is.
Images of one row are read from tensors of three dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.affine import integers_behind
from qcompile.importers.onnx.arrange import image
from qcompile.importers.onnx.constants import Constant, integers_of
from qcompile.importers.onnx.lanes import Lane, Source, Step, arithmetic, evaluate, start
from qcompile.importers.onnx.ops.windows import pads_of, window_of
from qcompile.importers.onnx.walk import Node, Tensor
from qcompile.ir.ops import Conv
from qcompile.ir.window import Window

MAX_WEIGHTS = 1 << 26


def conv(node: Node) -> Tensor:
    """Conv (x, weight, bias)."""
    weight = node.inputs[1] if len(node.inputs) > 1 else None
    if not isinstance(weight, Constant):
        raise ValueError("its weights are not constant")
    result = convolution(node, node.lane(), weight)
    if len(node.inputs) > 2 and node.inputs[2] is not None:
        bias = node.constant(2, "bias").astype(np.float32)
        channel = [1, -1, *[1] * (result.index.ndim - 2)]
        result = result.then(arithmetic("Add", result.per_element(bias.reshape(channel), 0.0)))
    return result


def convolution(node: Node, lane: Lane, weight: Constant) -> Lane:
    """The exact sums of a convolution and the scale behind them."""
    lane, flat = _image(node, lane)
    if flat:
        weight = weight.mapped(lambda a: a[:, :, None])
    if weight.array.ndim != 4 or not weight.array.size or weight.array.size > MAX_WEIGHTS:
        raise ValueError(f"its weights have shape {weight.array.shape}")
    out, per_group, *kernel = weight.array.shape
    groups = int(node.attributes.get("group", 1))
    channels = lane.source.rows
    if groups < 1 or out % groups or groups * per_group != channels:
        raise ValueError(f"{groups} groups of {per_group} channels meet an image of {channels} channels")
    window = window_of(node, (kernel[0], kernel[1]), lane.source.positions)
    columns, scales = integers_of(weight.mapped(lambda a: a.reshape(out, -1).T))
    whole = columns.T.reshape(out, per_group, *kernel).transpose(0, 2, 3, 1)
    source, scale, shift = integers_behind(node.builder, lane)
    source, window = _unpadded(node, source, window) if not shift.any() else (source, window)
    if any(window.pad) and shift.any():
        source, shift = node.builder.affine(source, np.ones_like(shift), shift), np.zeros_like(shift)
    made = node.builder.conv(source, whole, window, groups)
    per_output = shift.reshape(groups, per_group).repeat(out // groups, axis=0)  # (out, c / groups)
    constant = (whole.sum(axis=(1, 2)) * per_output).sum(axis=1)
    return _lane(made, (start(constant[:, None], (scale * scales)[:, None]),), flat)


def _image(node: Node, lane: Lane) -> tuple[Lane, bool]:
    """The tensor as an image of integers, and whether it had one spatial dimension only."""
    if lane.source.raw:
        lane = node.builder.integer_input(lane)
    flat = lane.index.ndim == 3
    if flat:
        lane = replace(lane, index=lane.index[:, :, None])
    return image(node.builder, lane), flat


def _lane(source: Source, steps: tuple[Step, ...], flat: bool) -> Lane:
    height, width = source.positions
    index = np.arange(source.length).reshape(height, width, source.rows).transpose(2, 0, 1)[None]
    return Lane(source, index[:, :, 0] if flat else index, steps)


def _unpadded(node: Node, source: Source, window: Window) -> tuple[Source, Window]:
    """What a padding reads, with that padding in the window of the convolution behind it."""
    made = node.builder.op(source.value)
    if not isinstance(made, Conv) or not _is_padding(made) or source.expansion is not None:
        return source, window
    before = node.builder.op(made.a).type.positions
    sides = (a + b for a, b in zip(window.pad, made.pad, strict=True))
    top, left, bottom, right = sides
    low, high = source.low, source.high
    return Source(made.a, low, high, positions=before), replace(window, pad=(top, left, bottom, right))


def _is_padding(op: Conv) -> bool:
    shape, plain = op.weight.shape, (1, 1)
    return (
        shape[1:] == (1, 1, 1)
        and op.groups == shape[0]
        and bool((op.weight == 1).all())
        and (op.stride == plain)
    )


def pad(node: Node) -> Tensor:
    """Pad with zeros on the two spatial sides: a convolution with one."""
    lane, flat = _image(node, node.lane())
    if str(node.attributes.get("mode", "constant")) != "constant":
        raise ValueError("it repeats the image; only padding with zeros is supported")
    if len(node.inputs) > 2 and node.inputs[2] is not None and node.constant(2, "value").any():
        raise ValueError("it pads with another value than 0")
    if float(node.attributes.get("value", 0.0)):
        raise ValueError("it pads with another value than 0")
    sides = pads_of(node, lane.index.ndim, flat)
    if not any(sides):
        return node.lane()
    source, scale, shift = integers_behind(node.builder, lane)
    source = node.builder.affine(source, np.ones_like(shift), shift)
    ones = np.ones((source.rows, 1, 1, 1), np.int64)
    window = Window((1, 1), pad=sides)
    wrong = window.wrong(source.positions, window.results(source.positions))
    if wrong:
        raise ValueError(wrong)
    made = node.builder.conv(source, ones, window, source.rows)
    return _lane(made, (start(np.zeros((1, 1), np.int64), np.full((1, 1), scale)),), flat)


def max_pool(node: Node) -> Tensor:
    """MaxPool and GlobalMaxPool: of the integers, which rise with the tensor or are negated first."""
    lane, flat = _image(node, node.lane())
    kernel = node.attributes.get("kernel_shape", lane.source.positions)
    if node.operator == "GlobalMaxPool":
        kernel = lane.source.positions
    window = window_of(node, _pair(kernel, flat), lane.source.positions)
    if not all(step.monotone for step in lane.steps):
        raise ValueError("what it reads does not rise or fall all the way; quantize that before")
    source = lane.source
    ends = np.stack([source.low, source.high], axis=1)
    value = np.broadcast_to(evaluate(lane.steps, ends, np.float64), ends.shape)
    sign = np.where(value[:, 1] < value[:, 0], -1, 1)[:, None]
    steps = lane.steps
    if (sign < 0).any():
        source = node.builder.affine(source, sign[:, 0], np.zeros(len(sign), np.int64))
        steps = (Step(lambda c, dtype, sign: c * sign, (sign,)), *steps)
    source = node.builder.elements(source)
    return _lane(node.builder.maxpool(source, window), steps, flat)


def average_pool(node: Node) -> Tensor:
    """AveragePool, GlobalAveragePool and ReduceMean over positions: a sum by a convolution, divided."""
    lane, flat = _image(node, node.lane())
    positions = lane.source.positions
    if node.operator == "AveragePool":
        kernel = _pair(node.attributes.get("kernel_shape", positions), flat)
        window = window_of(node, kernel, positions)
    else:
        window = Window(positions)
    if any(window.pad) and not node.attributes.get("count_include_pad", 0):
        raise ValueError("it divides by fewer cells at the border; use count_include_pad = 1 or no padding")
    made, scale = _summed(node, lane, window)
    size = np.full((1, 1), math.prod(window.kernel), np.float32)
    return _lane(made, (scale, arithmetic("Div", size)), flat)


def _summed(node: Node, lane: Lane, window: Window) -> tuple[Source, Step]:
    """Sums of windows in every channel, and the step from them to the tensor."""
    source, scale, shift = integers_behind(node.builder, lane)
    if any(window.pad) and shift.any():
        source, shift = node.builder.affine(source, np.ones_like(shift), shift), np.zeros_like(shift)
    ones = np.ones((source.rows, *window.kernel, 1), np.int64)
    if ones.size > MAX_WEIGHTS:
        raise ValueError("its kernel is too large")
    made = node.builder.conv(source, ones, window, source.rows)
    total = shift * math.prod(window.kernel)
    return made, start(total[:, None], np.full((1, 1), scale))


def reduce_mean(node: Node) -> Tensor:
    """ReduceMean over both spatial dimensions of an image: GlobalAveragePool."""
    lane = node.lane()
    given: NDArray[np.int64] = np.asarray(
        node.constant(1, "axes") if len(node.inputs) > 1 else node.attributes.get("axes", [])
    )
    axes = sorted(int(k) % lane.index.ndim for k in given.reshape(-1))
    if lane.index.ndim != 4 or axes not in ([2, 3], [1, 2]):
        raise ValueError("it averages other dimensions than height and width of an image")
    last = axes == [1, 2]
    if last:
        lane = replace(lane, index=lane.index.transpose(0, 3, 1, 2))
    averaged = average_pool(replace(node, operator="GlobalAveragePool", inputs=(lane,)))
    assert isinstance(averaged, Lane)
    if not node.attributes.get("keepdims", 1):
        return replace(averaged, index=averaged.index[:, :, 0, 0])
    return replace(averaged, index=averaged.index.transpose(0, 2, 3, 1)) if last else averaged


def _pair(kernel: object, flat: bool) -> tuple[int, int]:
    sizes = [int(k) for k in np.atleast_1d(np.asarray(kernel))]
    if flat and len(sizes) == 1:
        sizes = [1, *sizes]
    if len(sizes) != 2:
        raise ValueError(f"its kernel has {len(sizes)} dimensions")
    return sizes[0], sizes[1]


OPERATORS: Mapping[str, Callable[[Node], Tensor]] = {
    "AveragePool": average_pool,
    "Conv": conv,
    "GlobalAveragePool": average_pool,
    "GlobalMaxPool": max_pool,
    "MaxPool": max_pool,
    "Pad": pad,
    "ReduceMean": reduce_mean,
}
