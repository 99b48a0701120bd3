"""The program that grows while the source graph is walked: encoders, products, thresholds, outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.input_encoder import Encoded, counted_levels, promised_integers
from qcompile.importers.onnx.input_type import InputType
from qcompile.importers.onnx.lanes import Lane, Source, evaluate
from qcompile.importers.onnx.quantizers import Quantizer
from qcompile.importers.onnx.search import thresholds
from qcompile.ir.ops import Add, Affine, Dot, Encode, Input, Op, Threshold
from qcompile.ir.types import F32, ValueType
from qcompile.model.float_order import HIGHEST, LOWEST, float_of

__all__ = ["Builder"]

Array = NDArray[Any]
MAX_THRESHOLDS = 1 << 21


class Builder:
    """Appends operations; ``notes`` collects what a user should know of the translation."""

    def __init__(self, features: int, annotated: InputType | None = None) -> None:
        self.annotated = annotated  # what raw cells hold, says the file or the caller
        self.ops: list[Op] = [Input("x", ValueType(*F32, features))]
        self.notes: list[str] = []

    def name(self, wanted: str) -> str:
        """A value name that is not taken."""
        return f"{wanted}{sum(op.result.rstrip('0123456789') == wanted for op in self.ops) + 1}"

    def quantize(self, lane: Lane, quantizer: Quantizer) -> Lane:
        """The codes of a quantizer, as thresholds on the integers (or raw cells) behind the tensor.

        Raises:
            ValueError: more thresholds than can be searched.
        """
        source, count = lane.source, quantizer.count
        if source.length * max(1, count) > MAX_THRESHOLDS:
            raise ValueError(f"{source.length} x {count} thresholds are more than {MAX_THRESHOLDS}")

        def codes(integers: Array) -> Array:
            x = float_of(integers) if source.raw else integers
            return quantizer.codes(evaluate(lane.steps, x, np.float32))

        if source.raw:
            low = np.full(source.length, LOWEST)
            levels, sign = thresholds(codes, low, np.full(source.length, HIGHEST), count)
            return replace(lane, source=self._encode(counted_levels(levels, sign)), steps=quantizer.steps)
        levels, sign = thresholds(codes, source.low, source.high, count)
        result = self.name("q")
        ordered = np.sort(levels, axis=1)
        self.ops.append(Threshold(result, _any(source.length), self.realise(source), ordered, sign))
        rising = sign[:, None] > 0
        always = np.where(rising, levels <= source.low[:, None], levels >= source.high[:, None]).sum(axis=1)
        ever = np.where(rising, levels <= source.high[:, None], levels >= source.low[:, None]).sum(axis=1)
        return replace(lane, source=Source(result, always, ever), steps=quantizer.steps)

    def integer_input(self, lane: Lane) -> Lane:
        """The raw input as the integers that the file's annotation promises.

        Raises:
            ValueError: there is no such promise.
        """
        if self.annotated is None:
            raise ValueError(
                "it multiplies the raw input, which no quantizer has made integers; say what its cells "
                "hold with --inputs: UINT8, UINT8/255 for pixels in [0, 1], BINARY, BIPOLAR, INT8, or "
                "FIXED<8,3> for 8-bit fixed point"
            )
        encoded, back = promised_integers(self.annotated, lane.source.length)
        return replace(lane, source=self._encode(encoded), steps=(back, *lane.steps))

    def _encode(self, encoded: Encoded) -> Source:
        result = self.name("codes")
        self.ops.append(Encode(result, _any(encoded.encoder.width), "x", encoded.encoder))
        return Source(result, encoded.low, encoded.high, encoded.expansion)

    def realise(self, source: Source) -> str:
        """The value that holds the elements themselves, summed from encoder columns where needed."""
        if source.expansion is None:
            return source.value
        total = self.dot(source.value, source.expansion.matrix())
        if not source.expansion.shift.any():
            return total
        result = self.name("codes")
        self.ops.append(Affine(result, _any(source.length), total, np.array([1]), source.expansion.shift))
        return result

    def dot(self, value: str, weight: NDArray[np.int64]) -> str:
        """Append a product."""
        result = self.name("t")
        self.ops.append(Dot(result, _any(len(weight)), value, weight))
        return result

    def product(self, source: Source, weight: NDArray[np.int64]) -> tuple[Source, NDArray[np.int64]]:
        """``weight @ elements`` as (integers, constant part): the product is their sum.

        Args:
            source: of the elements.
            weight: (n, L).
        """
        reach = np.maximum(np.abs(source.low), np.abs(source.high)).astype(np.float64)
        if (np.abs(weight).astype(np.float64) @ reach).max(initial=0) >= 2.0**62:
            raise ValueError("its sums may leave 64-bit integers")
        up, down = weight * (weight > 0), weight * (weight < 0)
        low: NDArray[np.int64] = up @ source.low + down @ source.high
        high: NDArray[np.int64] = up @ source.high + down @ source.low
        expansion = source.expansion
        if expansion is None:
            return Source(self.dot(source.value, weight), low, high), np.zeros(len(weight), np.int64)
        constant = weight @ expansion.shift
        value = self.dot(source.value, weight[:, expansion.element] * expansion.sign)
        return Source(value, low - constant, high - constant), constant

    def affine(self, source: Source, scale: NDArray[np.int64], shift: NDArray[np.int64]) -> Source:
        """Scale * elements + shift."""
        if (scale == 1).all() and (shift == 0).all() and source.expansion is None:
            return source
        reach = np.maximum(np.abs(source.low), np.abs(source.high)).astype(np.float64)
        if (np.abs(scale) * reach + np.abs(shift)).max(initial=0) >= 2.0**62:
            raise ValueError("its values may leave 64-bit integers")
        result = self.name("a")
        self.ops.append(Affine(result, _any(source.length), self.realise(source), scale, shift))
        ends = np.stack([scale * source.low + shift, scale * source.high + shift])
        return Source(result, ends.min(axis=0), ends.max(axis=0))

    def remap(self, source: Source, table: Callable[[Array], Array], count: int) -> Source:
        """A monotone function of the elements with values 0..count."""
        levels, sign = thresholds(table, source.low, source.high, count)
        result = self.name("q")
        ordered = np.sort(levels, axis=1)
        self.ops.append(Threshold(result, _any(source.length), self.realise(source), ordered, sign))
        ends = table(np.stack([source.low, source.high], axis=1))
        return Source(result, ends.min(axis=1), ends.max(axis=1))

    def add(self, a: Source, b: Source) -> Source:
        """Sum of two values of the same length."""
        result = self.name("sum")
        self.ops.append(Add(result, _any(a.length), self.realise(a), self.realise(b)))
        return Source(result, a.low + b.low, a.high + b.high)


def _any(length: int) -> ValueType:
    """Any integer vector; ``fit_types`` narrows it at the end."""
    return ValueType("i", 64, length)
