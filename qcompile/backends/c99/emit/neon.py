"""First-layer dots for AArch64: four rows at once, rows and results padded to whole vectors.

    xnor   z_j = weighted counts of differing bits          out_j = scale z_j + k_j
    int8   z_j = u'(c - 128), signed bytes                   out_j = scale z_j + k_j

Results go to a member of the scratch, which has room for the padding rows; only where the result is
the score array itself are the rows stored one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.c99.emit.adders import segments
from qcompile.backends.c99.emit.data import array, integer_type
from qcompile.backends.c99.plan.planes import packed_words
from qcompile.backends.c99.plan.types import CodeDot, DotCode, row_constants

CENTRE = 128  # codes less this are signed bytes


def padded_rows(rows: int) -> int:
    """Rows of a result in the scratch.

    >>> padded_rows(9)
    12
    """
    return -(-rows // 4) * 4


def int8_serves(dot: CodeDot) -> bool:
    """Whether two products of a weight and a centred code fit int16: no weight is -128."""
    return int(dot.op.weight.min(initial=0)) > -128


def neon_xnor(prefix: str, name: str, dot: CodeDot, out_type: str, in_place: bool) -> DotCode:
    """Bit counts by CNT; ``in_place`` where the result is the caller's array, without padding."""
    packed = packed_words(dot.planes, 64)
    rows, planes, words = packed.shape
    words += words % 2
    weights = np.zeros((padded_rows(rows), planes, words), dtype=packed.dtype)
    weights[:rows, :, : packed.shape[2]] = packed
    stride, mask = words * planes, int(dot.planes.mode == "masks")
    factor, shift = row_constants(dot)
    sums = ""
    for k, plane in enumerate(dot.planes.factors):
        for b in range(dot.bits):
            weight, offset = plane * (1 << b), 0
            for part in segments(words // 2):
                at = f"&w[{k * words + offset}], {stride}U, &x[{b * words + offset}], {2 * part}U, {mask}"
                call = f"qc_neon_count4({at})"
                sums += f"        z = {_plus(call, weight) if sums else _first(call, weight)};\n"
                offset += 2 * part
    text = _function(prefix, name, "const qc_word *restrict x", out_type, rows, in_place, sums, stride)
    constants, tail = _finish(prefix, name, factor, shift, rows, out_type, in_place)
    return DotCode(
        array("qc_word", f"{prefix}_w_{name}", weights) + constants,
        {},
        text.replace("@TYPE@", "qc_word").replace("@FINISH@", tail),
        f"{prefix}_dot_{name}({{planes}}, {{out}});",
        ("qc_base.h", "qc_pack.h", "qc_neon.h"),
        plane_words=dot.bits * words,
    )


def neon_int8(prefix: str, name: str, dot: CodeDot, out_type: str, in_place: bool) -> DotCode:
    """Products of bytes by SMULL, or SDOT where the core has it."""
    rows, d = dot.op.weight.shape
    wide = -(-d // 16) * 16
    weights = np.zeros((padded_rows(rows), wide), dtype=np.int64)
    weights[:rows, :d] = dot.op.weight
    shift = dot.shift + dot.scale * CENTRE * dot.op.weight.sum(axis=1)
    sums = f"        z = qc_neon_int8_dot4(w, x, {wide}U);\n"
    text = _function(prefix, name, "const int8_t *restrict x", out_type, rows, in_place, sums, wide)
    constants, tail = _finish(prefix, name, dot.scale, shift, rows, out_type, in_place)
    return DotCode(
        array("int8_t", f"{prefix}_w_{name}", weights) + constants,
        {},
        text.replace("@TYPE@", "int8_t").replace("@FINISH@", tail),
        f"{prefix}_dot_{name}({{centred}}, {{out}});",
        ("qc_base.h", "qc_neon.h"),
        centred=wide,
    )


def _first(call: str, weight: int) -> str:
    return call if weight == 1 else f"vmulq_n_s32({call}, {weight})"


def _plus(call: str, weight: int) -> str:
    return f"vaddq_s32(z, {call})" if weight == 1 else f"vmlaq_n_s32(z, {call}, {weight})"


def _function(
    prefix: str, name: str, read: str, out_type: str, rows: int, in_place: bool, sums: str, stride: int
) -> str:
    return (
        f"QC_OPERATION static void {prefix}_dot_{name}({read}, {out_type} *restrict out)\n{{\n"
        f"    const @TYPE@ *w = {prefix}_w_{name};\n    size_t j;\n"
        f"    for (j = 0U; j < {rows if in_place else padded_rows(rows)}U; j += 4U) {{\n"
        f"        int32x4_t z;\n{sums}@FINISH@        w += {4 * stride};\n    }}\n}}\n"
    )


def _finish(
    prefix: str, name: str, factor: int, shift: NDArray[np.int64], rows: int, out_type: str, in_place: bool
) -> tuple[str, str]:
    """Constants, and the statements that turn four counts into four results."""
    constants, add = "", ""
    if shift.any():
        padded: NDArray[Any] = np.zeros(padded_rows(rows), dtype=np.int64)
        padded[:rows] = shift
        ctype = "int16_t" if integer_type(shift) in ("int8_t", "int16_t") else "int32_t"
        constants = array(ctype, f"{prefix}_k_{name}", padded)
        at = f"&{prefix}_k_{name}[j]"
        add = f"vmovl_s16(vld1_s16({at}))" if ctype == "int16_t" else f"vld1q_s32({at})"
    value = _first("z", factor) if not add else f"vmlaq_n_s32({add}, z, {factor})"
    value = f"vaddq_s32({add}, z)" if add and factor == 1 else value
    if not in_place:
        store = "vst1_s16(&out[j], vmovn_s32(z))" if out_type == "int16_t" else "vst1q_s32(&out[j], z)"
        return constants, f"        z = {value};\n        {store};\n"
    inside = f"(k < 4U) && (j + k < {rows}U)" if rows % 4 else "k < 4U"
    return constants, (
        f"        {{\n            int32_t four[4];\n            size_t k;\n"
        f"            vst1q_s32(four, {value});\n            for (k = 0U; {inside}; ++k) {{\n"
        f"                out[j + k] = ({out_type})four[k];\n            }}\n        }}\n"
    )
