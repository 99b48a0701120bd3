"""A dot of codes as the C back-end plans it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.backends._c99_planes import Planes
from qcompile.ir.ops import Dot

__all__ = ["CodeDot"]


@dataclass(frozen=True, eq=False)
class CodeDot:
    """scale * (weight @ codes) + shift, with unsigned codes of ``bits`` bits and one shift per row.

    An affine in front of the dot (levels 2c - M of codes c) and one behind it, where passes move it,
    are both of this form.

    ``kernel`` is "xnor", "lut" or "int8"; ``planes`` is the weight's decomposition.
    """

    op: Dot
    source: str
    scale: int
    shift: NDArray[np.int64]
    bits: int
    planes: Planes
    kernel: str
