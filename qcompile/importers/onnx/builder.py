"""The program that grows while the source graph is walked: encoders, products, sums, arrangements."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.input_encoder import Encoded, promised_integers
from qcompile.importers.onnx.input_type import InputType
from qcompile.importers.onnx.lanes import Lane, Source
from qcompile.ir.operation import Op
from qcompile.ir.ops import Add, Affine, Concat, Conv, Dot, Encode, Gather, Input, MaxPool, Reshape
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import F32, VECTOR, ValueType
from qcompile.ir.window import Window

Array = NDArray[Any]
FARTHEST = 2.0**62


class Builder:
    """Appends operations; ``notes`` collects what a user should know of the translation."""

    def __init__(self, features: int, annotated: InputType | None = None, images: bool = False) -> None:
        self.annotated = annotated  # what raw cells hold, says the file or the caller
        self.images = images  # the graph has convolutions or pools
        self.ops: list[Op] = [Input("x", ValueType(*F32, features))]
        self.notes: list[str] = []
        self.classes: tuple[str, ...] = ()  # names that the file gives the outputs

    def name(self, wanted: str) -> str:
        """A value name that is not taken."""
        return f"{wanted}{sum(op.result.rstrip('0123456789') == wanted for op in self.ops) + 1}"

    def op(self, result: str) -> Op:
        """The operation that makes a value."""
        return next(op for op in self.ops if op.result == result)

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
        encoded, back = promised_integers(self.annotated, lane.source.rows)
        return Lane(self.encode(encoded), lane.index, (back, *lane.steps))

    def encode(self, encoded: Encoded) -> Source:
        """Codes of the raw input."""
        result = self.name("codes")
        self.ops.append(Encode(result, wide(encoded.encoder.width), "x", encoded.encoder))
        return Source(result, encoded.low, encoded.high, encoded.expansion)

    def realise(self, source: Source) -> str:
        """The value that holds the elements themselves, summed from encoder columns where needed."""
        if source.expansion is None:
            return source.value
        sign, shift = source.expansion.sign, source.expansion.shift
        total = source.value
        if not source.expansion.single:
            total, sign = self.dot(total, source.expansion.matrix()), np.ones(1, np.int64)
        if not shift.any() and (sign == 1).all():
            return total
        result = self.name("codes")
        self.ops.append(Affine(result, wide(source.rows), total, sign, shift))
        return result

    def elements(self, source: Source) -> Source:
        """The same integers, held by a value of their own."""
        if source.expansion is None:
            return source
        return Source(self.realise(source), source.low, source.high, positions=source.positions)

    def dot(self, value: str, weight: NDArray[np.int64]) -> str:
        """Append a product."""
        result = self.name("t")
        self.ops.append(Dot(result, wide(len(weight)), value, weight))
        return result

    def product(self, source: Source, weight: NDArray[np.int64]) -> tuple[Source, NDArray[np.int64]]:
        """``weight @ elements`` as (integers, constant part): the product is their sum.

        Args:
            source: a vector of elements.
            weight: (n, L).
        """
        reach = np.maximum(np.abs(source.low), np.abs(source.high)).astype(np.float64)
        if (np.abs(weight).astype(np.float64) @ reach).max(initial=0) >= FARTHEST:
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
        if (np.abs(scale) * reach + np.abs(shift)).max(initial=0) >= FARTHEST:
            raise ValueError("its values may leave 64-bit integers")
        scale, shift = (c[:1] if (c == c[:1]).all() else c for c in (scale, shift))
        return self._append(Affine(self.name("a"), _like(source), self.realise(source), scale, shift), source)

    def add(self, a: Source, b: Source) -> Source:
        """Sum of two values of the same shape."""
        if max(np.abs(e).max(initial=0) for s in (a, b) for e in (s.low, s.high)) >= FARTHEST:
            raise ValueError("its sums may leave 64-bit integers")
        return self._append(Add(self.name("sum"), _like(a), self.realise(a), self.realise(b)), a, b)

    def concat(self, parts: list[Source]) -> Source:
        """The channels of several values of the same positions."""
        channels = sum(part.rows for part in parts)
        values = tuple(self.realise(part) for part in parts)
        return self._append(Concat(self.name("joined"), wide(channels, parts[0].positions), values), *parts)

    def gather(self, source: Source, channels: NDArray[np.int64]) -> Source:
        """Some channels, in their order."""
        kind = wide(len(channels), source.positions)
        return self._append(Gather(self.name("picked"), kind, self.realise(source), channels), source)

    def reshape(self, source: Source, rows: int, positions: tuple[int, int]) -> Source:
        """The same elements, arranged otherwise."""
        kind = wide(rows, positions)
        return self._append(Reshape(self.name("shaped"), kind, self.realise(source)), source)

    def conv(self, source: Source, weight: NDArray[np.int64], window: Window, groups: int) -> Source:
        """A convolution with (o, kh, kw, c / groups) integers; outside is the integer 0."""
        reach = float(max(np.abs(e).max(initial=0) for e in (source.low, source.high)))
        if np.abs(weight).astype(np.float64).sum(axis=(1, 2, 3)).max(initial=0) * reach >= FARTHEST:
            raise ValueError("its sums may leave 64-bit integers")
        kind = wide(len(weight), window.results(source.positions))
        sizes = (window.stride, window.pad, window.dilation)
        made = Conv(self.name("t"), kind, self.realise(source), weight, *sizes, groups)
        return self._append(made, source)

    def maxpool(self, source: Source, window: Window) -> Source:
        """The largest of every window."""
        kind = wide(source.rows, window.results(source.positions))
        sizes = (window.kernel, window.stride, window.pad, window.dilation)
        made = MaxPool(self.name("pool"), kind, self.realise(source), *sizes)
        return self._append(made, source)

    def _append(self, op: Op, *sources: Source) -> Source:
        """Append an operation; the bounds of its result are what it says of theirs.

        Raises:
            ValueError: its shapes do not fit, with the reason.
        """
        wrong = op.wrong(*(_like(source) for source in sources))
        if wrong:
            raise ValueError(wrong)
        found = op.bound(*(_ranges(source) for source in sources)) or []
        ends = np.array(found, dtype=np.int64).reshape(-1, 2)
        self.ops.append(op)
        return Source(op.result, ends[:, 0], ends[:, 1], positions=op.type.positions)


def wide(channels: int, positions: tuple[int, int] = VECTOR) -> ValueType:
    """Any integers of a shape; ``fit_types`` narrows the type at the end."""
    return ValueType("i", 64, channels, positions)


def _like(source: Source) -> ValueType:
    return wide(source.rows, source.positions)


def _ranges(source: Source) -> Ranges:
    return list(zip(source.low.tolist(), source.high.tolist(), strict=True))
