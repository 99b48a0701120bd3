"""A dot of codes: as the C back-end plans it, and as C text.

Each dot is s u'c + k_j for a row's codes c. With M = 2^bits - 1, counts of differing bits give
    q = u'(2c - M) = 2 sum_kb 2^(k+b) count_kb - d M (2^K - 1),
    s u'c + k      = (s q + s M sum u + 2 k) / 2  =  s sum_kb 2^(k+b) count_kb + a row's constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.c99.plan.planes import Planes
from qcompile.ir.ops import Dot


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


@dataclass(frozen=True)
class DotCode:
    """C text of one dot.

    Attributes:
        constants: arrays in flash.
        functions: name -> text of shared row functions it needs.
        function: the dot itself.
        call: statement that runs it; ``{codes}``, ``{planes}``, ``{centred}``, ``{table}`` and
            ``{out}`` to be filled in.
        headers: kernel headers.
        plane_words: words of bit planes it reads (bits x words), 0 if none.
        table: C type of its lookup tables, "" if none.
        centred: signed bytes of centred codes it reads, 0 if none.
    """

    constants: str
    functions: dict[str, str]
    function: str
    call: str
    headers: tuple[str, ...]
    plane_words: int = 0
    table: str = ""
    centred: int = 0


def row_constants(dot: CodeDot) -> tuple[int, NDArray[np.int64]]:
    """(factor, shift) with result = factor * (weighted counts) + shift, for both forms of planes.

    Signs: u = sum_k 2^k R_k is odd wherever it is signs, so M (sum u - d (2^K - 1)) is even and the
    division by two of the identity above is exact.

    >>> from qcompile.backends.c99.plan.planes import decompose
    >>> from qcompile.ir.types import ValueType
    >>> w = np.array([[1, -1, 1]])
    >>> dot = CodeDot(Dot("t", ValueType("i", 8, 1), "q", w), "q", 2, np.array([-1]), 1, decompose(w), "xnor")
    >>> row_constants(dot)   # codes (1, 1, 0) differ from the bits (0, 1, 0) once: 2 * 1 - 3 = 2 u'c - 1
    (2, array([-3]))
    """
    if dot.planes.mode == "masks":
        return dot.scale, dot.shift
    top, d = (1 << dot.bits) - 1, dot.op.weight.shape[1]
    missing = dot.op.weight.sum(axis=1) - d * sum(dot.planes.factors)
    return dot.scale, dot.shift + dot.scale * (top * missing // 2)
