"""A tensor of the source graph, as a function of integers: what the importer knows while it walks.

Every activation of a low-bit network is, element by element, a function of ONE integer (a quantizer's
code or an accumulator) or of one raw input cell:

    tensor[k] = steps( source[index[k]] )

``index`` takes up reshapes, transposes and slices, which therefore cost nothing; ``steps`` are the
arithmetic with constants (scale, bias, batch norm, relu) since the integer was made, evaluated in
float32 exactly as the source graph does it, or in float64 to read off slopes. Every step is monotone,
so a following quantizer is a row of integer thresholds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Expansion", "Lane", "Source", "Step", "arithmetic", "clip", "evaluate", "start"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Step:
    """One monotone operation with constants of shape (L, 1)."""

    apply: Callable[[Array, Any], Array]


@dataclass(frozen=True, eq=False)
class Expansion:
    """Elements as sums of encoder columns: element_i = shift_i + sum over columns c of i: sign_c code_c."""

    element: NDArray[np.int64]
    sign: NDArray[np.int64]
    shift: NDArray[np.int64]

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
        low: (L,) smallest value of each element; empty meaning for the raw input.
        high: (L,) largest.
        expansion: set where ``value`` are encoder columns instead of the elements themselves.
        raw: the elements are float32 cells of the input row.
    """

    value: str
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    expansion: Expansion | None = None
    raw: bool = False

    @property
    def length(self) -> int:
        """Number L of elements."""
        return len(self.low)


@dataclass(frozen=True, eq=False)
class Lane:
    """A tensor: ``index`` has its shape, batch axis of 1 included."""

    source: Source
    index: NDArray[np.int64]
    steps: tuple[Step, ...] = ()

    def then(self, *steps: Step) -> Lane:
        """The tensor after further steps."""
        return replace(self, steps=self.steps + steps)

    def per_element(self, constant: Array, neutral: float) -> Array:
        """A constant that broadcasts against the tensor, as (L, 1) in the order of the source.

        Raises:
            ValueError: it would enlarge the tensor, or gives one element two values.
        """
        shape = np.broadcast_shapes(constant.shape, self.index.shape)
        if shape != self.index.shape and int(np.prod(shape)) != self.index.size:
            raise ValueError(f"a constant of shape {constant.shape} enlarges a tensor of {self.index.shape}")
        spread = np.broadcast_to(constant, shape).reshape(-1)
        made = np.full((self.source.length, 1), neutral, dtype=constant.dtype)
        made[self.index.reshape(-1), 0] = spread
        if not np.array_equal(made[self.index.reshape(-1), 0], spread, equal_nan=True):
            raise ValueError("one element would need two constants")
        return made


def evaluate(steps: tuple[Step, ...], x: Array, dtype: Any) -> Array:
    """Run steps on (L, K) candidates in float32 or float64."""
    with np.errstate(all="ignore"):
        for step in steps:
            x = step.apply(x, dtype)
    return x


def start(shift: Array, scale: Array) -> Step:
    """Integers to floats: scale * (c + shift), rounded once."""
    return Step(lambda c, dtype: ((c + shift).astype(np.float64) * scale).astype(dtype))


def arithmetic(operation: str, constant: Array, reverse: bool = False) -> Step:
    """Add, Sub, Mul or Div with a constant, which stands first if ``reverse``."""
    function = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}[operation]

    def apply(x: Array, dtype: Any) -> Array:
        c = constant.astype(dtype)
        return function(c, x) if reverse else function(x, c)  # type: ignore[no-any-return]

    return Step(apply)


def clip(low: float, high: float) -> Step:
    """Relu and Clip."""
    return Step(lambda x, dtype: np.clip(x, dtype(low), dtype(high)))
