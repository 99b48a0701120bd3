"""A tensor of the source graph, as a function of integers: what the importer knows while it walks.

Every activation of a low-bit network is, element by element, a function of ONE integer (a quantizer's
code or an accumulator) or of one raw input cell:

    tensor[k] = steps( source[index[k]] )

``index`` takes up reshapes, transposes and slices, which therefore cost nothing; ``steps`` are the
arithmetic with constants (scale, bias, batch norm, relu) since the integer was made, evaluated in
float32 exactly as the source graph does it, or in float64 to read off slopes. Where they are monotone, a
following quantizer is a row of integer thresholds.

A source that is an image has its elements in the order (row, column, channel). Bounds and constants
belong to channels there, so that they have as many rows as an image has channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.types import VECTOR

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Step:
    """One operation, ``function(x, dtype, *constants)``, with constants of shape (rows or 1, 1).

    ``monotone`` promises that every row rises or falls, float32 rounding aside.
    """

    function: Callable[..., Array]
    constants: tuple[Array, ...] = ()
    monotone: bool = True

    def take(self, rows: NDArray[np.int64]) -> Step:
        """The step on some rows, in their order."""
        return replace(self, constants=taken(self.constants, rows))


def taken(constants: tuple[Array, ...], rows: NDArray[np.int64]) -> tuple[Array, ...]:
    """The given rows of constants; a constant of one row is that of all."""
    return tuple(c if len(c) == 1 else c[rows] for c in constants)


@dataclass(frozen=True, eq=False)
class Expansion:
    """Elements as sums of encoder columns: element_i = shift_i + sum over columns c of i: sign_c code_c."""

    element: NDArray[np.int64]
    sign: NDArray[np.int64]
    shift: NDArray[np.int64]

    @property
    def single(self) -> bool:
        """Whether column i belongs to element i, and there are no others."""
        return np.array_equal(self.element, np.arange(len(self.shift)))

    def matrix(self) -> NDArray[np.int64]:
        """(L, columns) with the signs."""
        made = np.zeros((len(self.shift), len(self.element)), dtype=np.int64)
        made[self.element, np.arange(len(self.element))] = self.sign
        return made


@dataclass(frozen=True, eq=False)
class Source:
    """Integers of the program (or the raw input), their bounds, and how they are held.

    Attributes:
        value: the program value.
        low: (rows,) smallest value of each channel, of a vector of each element; no meaning where raw.
        high: (rows,) largest.
        expansion: set where ``value`` are encoder columns instead of the elements themselves.
        raw: the elements are float32 cells of the input row.
        positions: (height, width) of an image.
        behind: where these are a quantizer's codes of few integers: those, and the step to the codes.
    """

    value: str
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    expansion: Expansion | None = None
    raw: bool = False
    positions: tuple[int, int] = VECTOR
    behind: tuple[Source, Step] | None = field(default=None, repr=False)

    @property
    def rows(self) -> int:
        """Number of channels, of a vector of elements."""
        return len(self.low)

    @property
    def length(self) -> int:
        """Number of elements."""
        return self.positions[0] * self.positions[1] * self.rows

    @property
    def span(self) -> int:
        """Largest difference of two values of one row."""
        return int((self.high - self.low).max(initial=0))


@dataclass(frozen=True, eq=False)
class Lane:
    """A tensor: ``index`` has its shape, batch axis of 1 included."""

    source: Source
    index: NDArray[np.int64]
    steps: tuple[Step, ...] = ()

    @property
    def order(self) -> NDArray[np.int64]:
        """Elements of the source in the order of the tensor."""
        return self.index.reshape(-1)

    def then(self, *steps: Step) -> Lane:
        """The tensor after further steps."""
        return replace(self, steps=self.steps + steps)

    def per_element(self, constant: Array, neutral: float) -> Array:
        """A constant that broadcasts against the tensor, as (rows, 1), or (1, 1) where it is one number.

        Raises:
            ValueError: it would enlarge the tensor, or gives one element, or channel, two values.
        """
        shape = np.broadcast_shapes(constant.shape, self.index.shape)
        if shape != self.index.shape and int(np.prod(shape)) != self.index.size:
            raise ValueError(f"a constant of shape {constant.shape} enlarges a tensor of {self.index.shape}")
        if constant.size == 1:
            return constant.reshape(1, 1)
        spread = np.broadcast_to(constant, shape).reshape(-1)
        made = np.full((self.source.rows, 1), neutral, dtype=constant.dtype)
        row = self.order % self.source.rows
        made[row, 0] = spread
        if not np.array_equal(made[row, 0], spread, equal_nan=constant.dtype.kind == "f"):
            what = "element" if self.source.positions == VECTOR else "channel of an image"
            raise ValueError(f"one {what} would need two constants")
        return made


def evaluate(steps: tuple[Step, ...], x: Array, dtype: Any) -> Array:
    """Run steps on (rows, K) candidates in float32 or float64."""
    with np.errstate(all="ignore"):
        for step in steps:
            x = step.function(x, dtype, *step.constants)
    return x


def start(shift: Array, scale: Array) -> Step:
    """Integers to floats: scale * (c + shift), rounded once."""
    return Step(_start, (shift, scale))


def _start(c: Array, dtype: Any, shift: Array, scale: Array) -> Array:
    made: Array = ((c + shift).astype(np.float64) * scale).astype(dtype)
    return made


def arithmetic(operation: str, constant: Array, reverse: bool = False) -> Step:
    """Add, Sub, Mul or Div with a constant, which stands first if ``reverse``."""
    function = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}[operation]

    def apply(x: Array, dtype: Any, constant: Array) -> Array:
        c = constant.astype(dtype)
        return function(c, x) if reverse else function(x, c)  # type: ignore[no-any-return]

    return Step(apply, (constant,))


def clip(low: float, high: float) -> Step:
    """Relu and Clip."""
    return Step(lambda x, dtype: np.clip(x, dtype(low), dtype(high)))
