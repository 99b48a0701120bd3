"""The quantizers of the dialects: folded on constants (keeping their integers), thresholds on activations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from qcompile.importers.onnx import quantizers
from qcompile.importers.onnx.codes import quantize
from qcompile.importers.onnx.constants import Constant
from qcompile.importers.onnx.lanes import Lane, arithmetic, evaluate
from qcompile.importers.onnx.quantizers import Quantizer
from qcompile.importers.onnx.walk import Node, Tensor

Array = NDArray[Any]
MAX_BITS = 8  # of activations; weights and biases may be wider


Spread = Callable[[Array, float], Array]  # a constant -> one value per element, (L, 1)


def _apply(node: Node, make: Callable[[Spread], tuple[Quantizer, Array, Array]]) -> Tensor:
    """Quantize the first input: ``make`` builds the quantizer from a function that spreads constants."""
    value = node.inputs[0]
    if isinstance(value, Lane):
        quantizer, _, _ = make(value.per_element)
        if quantizer.count >= 1 << MAX_BITS:
            raise ValueError(f"it gives an activation more than {MAX_BITS} bits; allowed are 1 to {MAX_BITS}")
        return quantize(node.builder, value, quantizer)
    array = node.constant(0, "input").astype(np.float32)

    def flat(constant: Array, neutral: float) -> Array:
        return np.broadcast_to(constant, array.shape).reshape(-1, 1)

    quantizer, scale, offset = make(flat)
    codes = quantizer.codes(array.reshape(-1, 1))
    real = evaluate(quantizer.steps, codes, np.float32).reshape(array.shape)
    integers = codes + offset
    whole = np.round(integers)
    if (np.abs(integers - whole) > 1e-6).any():
        return Constant(real)
    return Constant(
        real,
        whole.reshape(array.shape),
        np.broadcast_to(scale.reshape(-1, 1), codes.shape).reshape(array.shape),
    )


def int_quant(node: Node) -> Tensor:
    """IntQuant and Quant (x, scale, zero point, bit width)."""
    scale, zero = (node.constant(k, n).astype(np.float32) for k, n in ((1, "scale"), (2, "zero point")))
    bits = float(node.constant(3, "bit width").reshape(-1)[0])
    _positive(scale)
    signed, narrow = bool(node.attributes.get("signed", 1)), bool(node.attributes.get("narrow", 0))
    mode = str(node.attributes.get("rounding_mode", "ROUND"))
    low, _ = quantizers.integer_range(bits, signed, narrow)

    def make(spread: Spread) -> tuple[Quantizer, Array, Array]:
        s, z = spread(scale, 1.0), spread(zero, 0.0)
        quantizer = quantizers.int_quant(s, z, bits, signed, narrow, mode)
        return quantizer, s, low - z

    if bits == 1 and signed and isinstance(node.inputs[0], Constant):
        return _signs(node, scale)
    return _apply(node, make)


def bipolar_quant(node: Node) -> Tensor:
    """BipolarQuant (x, scale)."""
    scale = node.constant(1, "scale").astype(np.float32)
    _positive(scale)
    if isinstance(node.inputs[0], Constant):
        return _signs(node, scale)
    return quantize(node.builder, node.lane(), quantizers.bipolar(node.lane().per_element(scale, 1.0)))


def _signs(node: Node, scale: Array) -> Constant:
    signs = np.where(node.constant(0, "input") >= 0, np.float32(1), np.float32(-1))
    return Constant(signs * scale, signs, scale)


def trunc(node: Node) -> Tensor:
    """Trunc version 1 (x, scale, zero, input bits, output bits) and 2 (.., output scale, output bits)."""
    lane = node.lane()
    scale = lane.per_element(node.constant(1, "scale").astype(np.float32), 1.0)
    zero = lane.per_element(node.constant(2, "zero point").astype(np.float32), 0.0)
    _positive(scale)
    mode = str(node.attributes.get("rounding_mode", "FLOOR"))
    if len(node.inputs) >= 6:
        out_scale = lane.per_element(node.constant(4, "output scale").astype(np.float32), 1.0)
        _positive(out_scale)
        bits = float(node.constant(5, "output bit width").reshape(-1)[0])
        signed, narrow = bool(node.attributes.get("signed", 1)), bool(node.attributes.get("narrow", 0))
        limits = quantizers.integer_range(bits, signed, narrow)
        step = (2.0 ** np.round(np.log2(out_scale / scale))).astype(np.float32)
        quantizer = quantizers.trunc(scale, zero, out_scale, step, limits, mode)
        return quantize(node.builder, lane, quantizer)
    bits_in, bits_out = (float(node.constant(k, "bit width").reshape(-1)[0]) for k in (3, 4))
    step = np.full((1, 1), 2.0 ** (bits_in - bits_out), dtype=np.float32)
    # Version 1 does not clamp: its range is that of the integers behind it, which is at most 2^bits_in.
    wide = quantizers.trunc(scale, zero, scale, step, (-(2**15), 2**15), mode)
    if lane.source.raw:
        raise ValueError("it truncates the raw input; quantize the input first")
    ends = (
        wide.codes(evaluate(lane.steps, np.stack([lane.source.low, lane.source.high], axis=1), np.float32))
        - 2**15
    )
    low, high = int(ends.min()), int(ends.max())
    if high - low >= 1 << MAX_BITS:
        raise ValueError(f"its result takes {high - low + 1} values, allowed are {1 << MAX_BITS}")
    made = quantizers.trunc(scale, zero, scale, step, (low, high), mode)
    steps = (made.steps[0], arithmetic("Sub", zero), arithmetic("Mul", scale))
    return quantize(node.builder, lane, replace(made, steps=steps))


def multi_threshold(node: Node) -> Tensor:
    """FINN's MultiThreshold (x, thresholds (channels or 1, k))."""
    lane, levels = node.lane(), node.constant(1, "thresholds").astype(np.float32)
    if levels.ndim != 2 or not levels.size or np.isnan(levels).any():
        raise ValueError("its thresholds are not a matrix of numbers")
    layout = str(node.attributes.get("data_layout", "")) or {3: "NWC", 4: "NCHW"}.get(lane.index.ndim, "NC")
    axis = layout.index("C") if "C" in layout else 1
    shape = [1] * lane.index.ndim
    shape[axis] = -1
    columns = (column if column.size == 1 else column.reshape(shape) for column in levels.T)
    channels = np.broadcast_arrays(*(lane.per_element(column, 0.0)[:, 0] for column in columns))
    scale, bias = (float(node.attributes.get(k, d)) for k, d in (("out_scale", 1.0), ("out_bias", 0.0)))
    return quantize(node.builder, lane, quantizers.multi_threshold(np.stack(channels, axis=1), scale, bias))


def sign(node: Node) -> Tensor:
    if isinstance(node.inputs[0], Constant):
        return Constant(np.sign(node.inputs[0].array))
    return quantize(node.builder, node.lane(), quantizers.sign())


def quantize_linear(node: Node) -> Tensor:
    """QuantizeLinear (x, scale, zero point)."""
    scale = node.constant(1, "scale").astype(np.float32)
    _positive(scale)
    given = node.inputs[2] if len(node.inputs) > 2 else None
    named = int(node.attributes.get("output_dtype", 0)) or TensorProto.UINT8
    zero = np.zeros(1, helper.tensor_dtype_to_np_dtype(named))
    if isinstance(given, Constant):
        zero = given.array
    info = _integer_info(zero)
    value = node.inputs[0]
    rank = value.index.ndim if isinstance(value, Lane) else node.constant(0, "input").ndim
    scale, zero = (_on_axis(c, rank, node) for c in (scale, zero.astype(np.float32)))

    def make(spread: Spread) -> tuple[Quantizer, Array, Array]:
        quantizer = quantizers.linear(spread(scale, 1.0), spread(zero, 0.0), *info)
        return quantizer, np.ones((1, 1)), np.full((1, 1), info[0])

    return _apply(node, make)


def dequantize_linear(node: Node) -> Tensor:
    """DequantizeLinear (q, scale, zero point): (q - zero) * scale."""
    value, scale = node.inputs[0], node.constant(1, "scale").astype(np.float32)
    zero = (
        node.constant(2, "zero point")
        if len(node.inputs) > 2 and node.inputs[2] is not None
        else np.zeros(())
    )
    rank = value.index.ndim if isinstance(value, Lane) else node.constant(0, "input").ndim
    scale, zero = (_on_axis(c, rank, node) for c in (scale, zero.astype(np.float32)))
    if isinstance(value, Lane):
        return value.then(
            arithmetic("Sub", value.per_element(zero, 0.0)), arithmetic("Mul", value.per_element(scale, 1.0))
        )
    integers = node.constant(0, "input").astype(np.float64) - zero
    real = (integers.astype(np.float32) * scale).astype(np.float32)
    return Constant(real, np.broadcast_to(integers, real.shape), np.broadcast_to(scale, real.shape))


def _on_axis(constant: Array, rank: int, node: Node) -> Array:
    """A constant per channel, shaped to broadcast; a scalar as it is."""
    if node.attributes.get("block_size", 0):
        raise ValueError("scales per block are not supported; use one per tensor or per channel")
    if constant.size == 1 or constant.ndim != 1 or rank < 2:
        return constant.reshape(()) if constant.size == 1 else constant
    shape = [1] * rank
    shape[int(node.attributes.get("axis", 1))] = -1
    return constant.reshape(shape)


def _integer_info(zero: Array) -> tuple[int, int]:
    """Smallest and largest integer of the zero point's type, 4-bit types included."""
    name = str(zero.dtype)
    bits = int("".join(c for c in name if c.isdigit()) or 0)
    if "int" not in name or not 1 <= bits <= 16:
        raise ValueError(f"its integers are of type {name}, allowed are signed and unsigned 2 to 8 bits")
    return quantizers.integer_range(bits, not name.startswith("u"), False)


def _positive(scale: Array) -> None:
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise ValueError("its scale is not positive and finite")


OPERATORS: Mapping[str, Callable[[Node], Tensor]] = {
    "BipolarQuant": bipolar_quant,
    "DequantizeLinear": dequantize_linear,
    "IntQuant": int_quant,
    "MultiThreshold": multi_threshold,
    "Quant": int_quant,
    "QuantizeLinear": quantize_linear,
    "Sign": sign,
    "Trunc": trunc,
}
