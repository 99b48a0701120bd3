"""Operations of the integer IR: frozen records; their meaning is in interpret.py.

All act row by row on vectors; constants are numpy arrays held by the operation.

    input                          raw float32 row
    encode   x                     codes of an Encoder
    affine   a; scale, shift       scale_i * a_i + shift_i            (integers)
    dot      a; weight (m, d)      weight @ a                         (integers)
    mul      a, b                  a_i * b_i
    add      a, b                  a_i + b_i
    poly     a; (c2, c1, c0)       c2 a_i^2 + c1 a_i + c0             (integers)
    threshold a; levels (d, k)     sum_k [a_i >= levels_ik] if sign_i > 0 else sum_k [a_i <= levels_ik]
    argmax   a                     index of the first maximum         (one element)
    sign     a                     1 if a_0 >= 0 else 0               (one element)
    scale    a; scale, offset      float64(a_i) * scale_i + offset_i
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.arrays import frozen
from qcompile.data.encoder import Encoder
from qcompile.data.step_encoder import StepEncoder
from qcompile.ir.types import ValueType

__all__ = [
    "Add",
    "Affine",
    "Argmax",
    "Dot",
    "Encode",
    "Input",
    "Mul",
    "Op",
    "Poly",
    "Scale",
    "Sign",
    "Threshold",
]


@dataclass(frozen=True, eq=False)
class Op:
    """Common part: the name of the result, its type, the names it reads, free annotations.

    ``notes`` hold what passes decided and meaning does not depend on, such as
    ``{"kernel": "lut_b1_u4"}`` on a dot; they are part of the text form.
    """

    result: str
    type: ValueType
    notes: dict[str, str] = field(default_factory=dict, kw_only=True)

    @property
    def operands(self) -> tuple[str, ...]:
        """Names of the values this operation reads."""
        return tuple(v for k in ("a", "b") if isinstance(v := getattr(self, k, None), str))


@dataclass(frozen=True, eq=False)
class Input(Op):
    """The raw row; f32 for programs with an encoder, an integer type for those without."""


@dataclass(frozen=True, eq=False)
class Encode(Op):
    """Codes of an encoder."""

    a: str
    encoder: Encoder | StepEncoder


@dataclass(frozen=True, eq=False)
class Affine(Op):
    """scale * a + shift, element by element; int64 constants of length 1 or of a's length."""

    a: str
    scale: NDArray[np.int64]
    shift: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", frozen(self.scale, np.int64, 1, "scale"))
        object.__setattr__(self, "shift", frozen(self.shift, np.int64, 1, "shift"))


@dataclass(frozen=True, eq=False)
class Dot(Op):
    """weight @ a with an integer matrix (m, length of a)."""

    a: str
    weight: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", frozen(self.weight, np.int64, 2, "weight"))


@dataclass(frozen=True, eq=False)
class Mul(Op):
    """a * b, element by element."""

    a: str
    b: str


@dataclass(frozen=True, eq=False)
class Add(Op):
    """a + b, element by element."""

    a: str
    b: str


@dataclass(frozen=True, eq=False)
class Poly(Op):
    """c2 a^2 + c1 a + c0 with integers."""

    a: str
    coefficients: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Threshold(Op):
    """Number of thresholds reached: the quantizers of deep networks; rows of ``levels`` are sorted.

    ``levels`` is (length of a, k) int64; ``sign`` (length of a,) int8 of +1 / -1.
    """

    a: str
    levels: NDArray[np.int64]
    sign: NDArray[np.int8]

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", frozen(self.levels, np.int64, 2, "levels"))
        object.__setattr__(self, "sign", frozen(self.sign, np.int8, 1, "sign"))


@dataclass(frozen=True, eq=False)
class Argmax(Op):
    """Index of the first maximum."""

    a: str


@dataclass(frozen=True, eq=False)
class Sign(Op):
    """1 where the single score is >= 0, else 0: the decision between two classes."""

    a: str


@dataclass(frozen=True, eq=False)
class Scale(Op):
    """The only floating-point step: float64(a) * scale + offset, constants of a's length."""

    a: str
    scale: NDArray[np.float64]
    offset: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", frozen(self.scale, np.float64, 1, "scale"))
        object.__setattr__(self, "offset", frozen(self.offset, np.float64, 1, "offset"))


def constants(op: Op) -> dict[str, Any]:
    """The arrays an operation holds, by field name."""
    return {k: v for k, v in vars(op).items() if isinstance(v, np.ndarray)}
