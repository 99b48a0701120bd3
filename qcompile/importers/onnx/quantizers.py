"""Quantizers of the dialects: float to code, and code back to float, in the arithmetic of the documents.

Each reading of a node gives a ``Quantizer``: ``codes`` maps float32 values (rows, K) to 0..count, and the
tensor behind it is ``steps`` of the code. Documents: QONNX operator pages for IntQuant (Quant),
BipolarQuant, Trunc versions 1 and 2; FINN's MultiThreshold; ONNX's QuantizeLinear and Sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.lanes import Step, arithmetic, start, taken

Array = NDArray[Any]
ZERO, ONE = np.zeros((1, 1), dtype=np.int64), np.ones((1, 1))


@dataclass(frozen=True, eq=False)
class Quantizer:
    """Codes 0..count of float32 values, and the steps from a code to the value it stands for.

    ``function(x, *constants)`` gives the codes; the constants have shape (rows or 1, ..).
    """

    function: Callable[..., Array]
    constants: tuple[Array, ...]
    count: int
    steps: tuple[Step, ...]

    def codes(self, x: Array) -> Array:
        """Codes of float32 values (rows, K)."""
        return self.function(x, *self.constants)

    def take(self, rows: NDArray[np.int64]) -> Quantizer:
        """The same function of some rows; ``steps`` stay those of all."""
        return replace(self, constants=taken(self.constants, rows))


def _half_up(x: Array) -> Array:
    return np.asarray(np.sign(x) * np.floor(np.abs(x) + x.dtype.type(0.5)))


def _half_down(x: Array) -> Array:
    return np.asarray(np.sign(x) * np.ceil(np.abs(x) - x.dtype.type(0.5)))


ROUNDING: Mapping[str, Callable[[Array], Array]] = {
    "ROUND": np.round,
    "HALF_EVEN": np.round,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": lambda x: np.sign(x) * np.ceil(np.abs(x)),
    "DOWN": np.trunc,
    "HALF_UP": _half_up,
    "HALF_DOWN": _half_down,
}


def rounding(mode: str) -> Callable[[Array], Array]:
    """The rounding function of a mode, in upper or lower case."""
    if mode.upper() not in ROUNDING:
        raise ValueError(f"its rounding mode is {mode!r}, known are {', '.join(ROUNDING)}")
    return ROUNDING[mode.upper()]


def integer_range(bits: float, signed: bool, narrow: bool) -> tuple[int, int]:
    """Smallest and largest integer of a bit width.

    >>> integer_range(8, True, True), integer_range(2, False, False), integer_range(4, False, True)
    ((-127, 127), (0, 3), (0, 14))
    """
    if bits != int(bits) or not 1 <= bits <= 32:
        raise ValueError(f"its bit width is {bits:g}, allowed are whole numbers from 1 to 32")
    if signed:
        top = (1 << (int(bits) - 1)) - 1
        return (-top if narrow else -top - 1), top
    return 0, (1 << int(bits)) - 1 - narrow


def int_quant(scale: Array, zero: Array, bits: float, signed: bool, narrow: bool, mode: str) -> Quantizer:
    """IntQuant, called Quant in older files: round(clamp(x / scale + zero)), then (q - zero) * scale."""
    if bits == 1 and signed:  # exporters write bipolar weights this way; qonnx reads them so
        steps = (start(-ONE / 2, 2 * ONE), arithmetic("Sub", zero), arithmetic("Mul", scale))
        return Quantizer(lambda x, s, z: (x / s + z >= 0).astype(np.int64), (scale, zero), 1, steps)
    low, high = integer_range(bits, signed, narrow)
    function = rounding(mode)

    def codes(x: Array, scale: Array, zero: Array) -> Array:
        return _code(x / scale + zero, low, high, function)

    return Quantizer(codes, (scale, zero), high - low, _back(low, zero, scale))


def bipolar(scale: Array) -> Quantizer:
    """BipolarQuant: +scale where x >= 0, else -scale."""
    return Quantizer(
        lambda x: (x >= 0).astype(np.int64), (), 1, (start(-ONE / 2, 2 * ONE), arithmetic("Mul", scale))
    )


def sign() -> Quantizer:
    """Sign: -1, 0, +1."""
    return Quantizer(lambda x: (x > 0).astype(np.int64) + (x >= 0), (), 2, (start(-ONE, ONE),))


def trunc(
    scale: Array, zero: Array, out_scale: Array, step: Array, limits: tuple[int, int], mode: str
) -> Quantizer:
    """Trunc: the integer behind x, divided by a power of two, rounded by the mode, clamped."""
    function = rounding(mode)
    low, high = limits

    def codes(x: Array, scale: Array, zero: Array, step: Array) -> Array:
        return _code(np.round(x / scale + zero) / step, low, high, function)

    return Quantizer(codes, (scale, zero, step), high - low, _back(low, zero / step, out_scale))


def multi_threshold(levels: Array, out_scale: float, out_bias: float) -> Quantizer:
    """FINN's MultiThreshold: number of levels (L, k) that x reaches, times a scale, plus a bias."""
    ordered = np.sort(levels, axis=1)

    def codes(x: Array, ordered: Array) -> Array:
        rows = np.broadcast_to(ordered, (len(x), ordered.shape[1]))
        return np.stack([np.searchsorted(row, v, side="right") for row, v in zip(rows, x, strict=True)])

    scale, bias = np.full((1, 1), out_scale, np.float32), np.full((1, 1), out_bias, np.float32)
    steps = (start(ZERO, ONE), arithmetic("Mul", scale), arithmetic("Add", bias))
    return Quantizer(codes, (ordered,), levels.shape[1], steps)


def linear(scale: Array, zero: Array, low: int, high: int) -> Quantizer:
    """QuantizeLinear: saturate(round-half-even(x / scale) + zero); its result are the integers."""

    def codes(x: Array, scale: Array, zero: Array) -> Array:
        q = np.round(x / scale).astype(np.float64) + zero
        return np.nan_to_num(np.clip(q, low, high) - low).astype(np.int64)

    return Quantizer(codes, (scale, zero), high - low, (start(np.full((1, 1), low), ONE),))


def _code(q: Array, low: int, high: int, function: Callable[[Array], Array]) -> Array:
    """Clamp, then round, as the documents order it; counted from the lowest code."""
    clamped = np.clip(q, q.dtype.type(low), q.dtype.type(high))
    return np.asarray(np.nan_to_num(function(clamped).astype(np.float64) - low).astype(np.int64))


def _back(low: int, zero: Array, scale: Array) -> tuple[Step, ...]:
    return (start(np.full((1, 1), low), ONE), arithmetic("Sub", zero), arithmetic("Mul", scale))
