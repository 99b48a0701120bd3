"""Constants of the source graph: folded early, with the integers behind a quantized weight kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
MAX_ELEMENTS = 1 << 24

ARITHMETIC: Mapping[str, Callable[..., Array]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": lambda a, b: np.divide(a, b) if a.dtype.kind == "f" else a // b,
    "Pow": lambda a, b: np.power(a, b.astype(a.dtype)),
}
UNARY: Mapping[str, Callable[[Array], Array]] = {
    "Neg": np.negative,
    "Sqrt": np.sqrt,
    "Abs": np.abs,
    "Sign": np.sign,
    "Reciprocal": np.reciprocal,
    "Relu": lambda a: np.maximum(a, a.dtype.type(0)),
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.round,
}


@dataclass(frozen=True, eq=False)
class Constant:
    """A known array; for a quantized one also ``array = integers * scale`` with whole numbers."""

    array: Array
    integers: Array | None = None
    scale: Array | None = None

    def mapped(self, move: Callable[[Array], Array]) -> Constant:
        """The same constant after its elements moved (reshape, transpose)."""
        if self.integers is None or self.scale is None:
            return Constant(move(self.array))
        scale = np.broadcast_to(self.scale, self.integers.shape)
        return Constant(move(self.array), move(self.integers), move(scale))


def fold(operation: str, inputs: list[Constant]) -> Constant | None:
    """Result of arithmetic on constants, or None where the operation is not arithmetic.

    Raises:
        ValueError: the result would be absurdly large, or types and shapes do not fit.
    """
    arrays = [c.array for c in inputs]
    with np.errstate(all="ignore"):
        if operation in UNARY and len(arrays) == 1:
            return Constant(np.asarray(UNARY[operation](arrays[0])))
        if operation not in ARITHMETIC or len(arrays) != 2:
            return None
        a, b = inputs
        if int(np.prod(np.broadcast_shapes(a.array.shape, b.array.shape))) > MAX_ELEMENTS:
            raise ValueError(f"{operation} of shapes {a.array.shape} and {b.array.shape} is too large")
        result = np.asarray(ARITHMETIC[operation](a.array, b.array))
        if operation in ("Mul", "Div"):  # a scale on quantized weights stays a scale
            for quantized, other, first in ((a, b, True), (b, a, False)):
                if (
                    quantized.integers is None
                    or quantized.scale is None
                    or (operation == "Div" and not first)
                ):
                    continue
                scale = ARITHMETIC[operation](quantized.scale.astype(np.float64), other.array)
                return Constant(result, np.broadcast_to(quantized.integers, result.shape), scale)
        return Constant(result)


def integers_of(constant: Constant) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """A weight matrix (K, n) as whole numbers times one scale per column.

    Quantized constants know their integers; whole-numbered matrices are their own; for others the scale
    of a column is the largest number of which every entry is a multiple, up to float32 rounding.

    Raises:
        ValueError: there is no such scale, or it varies along the sum.
    """
    if constant.integers is not None and constant.scale is not None:
        scale = np.broadcast_to(constant.scale, constant.integers.shape).astype(np.float64)
        if (scale == scale[:1]).all():
            return _whole(constant.integers), scale[0]
    array = constant.array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError("its weights are not all finite")
    if (array == np.round(array)).all():
        return _whole(array), np.ones(array.shape[1])
    columns = [_column(column) for column in array.T]
    return np.stack([c for c, _ in columns], axis=1), np.array([s for _, s in columns])


def _column(column: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    size = np.abs(column)
    smallest = float(size[size > 0].min(initial=np.inf))
    if not np.isfinite(smallest):
        return np.zeros(len(column), dtype=np.int64), 1.0
    for divisor in range(1, 256):
        ratio = column * (divisor / smallest)
        whole = np.round(ratio)
        # Entry and scale were each rounded to float32 at most twice: relative error 2^-22.
        if np.abs(whole).max() < 2**15 and (np.abs(ratio - whole) <= np.abs(whole) * 2.0**-21).all():
            return whole.astype(np.int64), smallest / divisor
    raise ValueError("its weights are not whole multiples of one scale per output")


def _whole(array: Array) -> NDArray[np.int64]:
    if np.abs(array).max(initial=0) >= 2**31:
        raise ValueError("its weights are larger than 31 bits")
    return array.astype(np.int64)
