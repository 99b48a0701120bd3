"""First-layer dots in C: one function per dot, by the kernel that the plan chose.

Each computes s u'c + k_j for a row's codes c. With M = 2^bits - 1, counts of differing bits give
    q = u'(2c - M) = 2 sum_kb 2^(k+b) count_kb - d M (2^K - 1),
    s u'c + k      = (s q + s M sum u + 2 k) / 2,              which is q itself where s = 2, k = -M sum u.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.backends._c99_adders import count_function, segments
from qcompile.backends._c99_data import array, integer_type
from qcompile.backends._c99_plan_types import CodeDot
from qcompile.backends._c99_planes import packed_bytes, packed_words

__all__ = ["DotCode", "dot_code"]


@dataclass(frozen=True)
class DotCode:
    """C text of one dot.

    Attributes:
        constants: arrays in flash.
        functions: name -> text of shared row functions it needs.
        function: the dot itself.
        call: statement that runs it; ``{codes}``, ``{planes}``, ``{table}``, ``{out}`` to be filled in.
        headers: kernel headers.
        plane_words: words of bit planes it reads (bits x words), 0 if none.
        table: C type of its lookup tables, "" if none.
    """

    constants: str
    functions: dict[str, str]
    function: str
    call: str
    headers: tuple[str, ...]
    plane_words: int = 0
    table: str = ""


def dot_code(prefix: str, name: str, dot: CodeDot, out_type: str, counter: str, word_bits: int) -> DotCode:
    """Text of one dot; ``counter`` is "adders", "native" or "neon"."""
    match dot.kernel:
        case "xnor":
            return _xnor(prefix, name, dot, out_type, counter, word_bits)
        case "lut":
            return _lut(prefix, name, dot)
        case "int8":
            return _int8(prefix, name, dot, out_type)
        case _:
            raise ValueError(f"kernel is {dot.kernel!r}, allowed: xnor, lut, int8.")


def _row_constant(prefix: str, name: str, values: NDArray[np.int64]) -> tuple[str, str]:
    """Array and expression of one constant per row; a plain number where all are equal, nothing for 0."""
    if not values.any():
        return "", ""
    if len(np.unique(values)) == 1:
        return "", f" + ({int(values[0])})"
    return array(integer_type(values), f"{prefix}_k_{name}", values), f" + (int32_t){prefix}_k_{name}[j]"


def _xnor(prefix: str, name: str, dot: CodeDot, out_type: str, counter: str, word_bits: int) -> DotCode:
    rows, d = dot.op.weight.shape
    words = -(-d // word_bits)
    combine = "^" if dot.planes.mode == "signs" else "&"
    parts = segments(words)
    if counter == "neon":
        return _xnor_neon(prefix, name, dot, out_type, words)
    headers, functions, names = _counters(prefix, parts, combine, counter, word_bits)
    terms = []
    for k, factor in enumerate(dot.planes.factors):
        offset = 0
        for part in parts:
            for b in range(dot.bits):
                weight = factor << b if factor > 0 else -(-factor << b)
                call = f"(int32_t){names[part]}(&w[{k * words + offset}], &x[{b * words + offset}])"
                terms.append(call if weight == 1 else f"{weight} * {call}")
            offset += part
    constant, result = _result(prefix, name, dot, "z", "j")
    sums = "".join(f"        z += {term};\n" for term in terms[1:])
    function = (
        f"QC_OPERATION static void {prefix}_{name}(const qc_word *x, {out_type} *out)\n{{\n"
        f"    const qc_word *w = {prefix}_w_{name};\n    size_t j;\n"
        f"    for (j = 0U; j < {rows}U; ++j) {{\n"
        f"        int32_t z = {terms[0]};\n{sums}"
        f"        out[j] = ({out_type})({result});\n"
        f"        w += {words * len(dot.planes.factors)};\n    }}\n}}\n"
    )
    packed = array("qc_word", f"{prefix}_w_{name}", packed_words(dot.planes, word_bits))
    call = f"{prefix}_{name}({{planes}}, {{out}});"
    return DotCode(
        packed + constant, functions, function, call, ("qc_base.h", "qc_pack.h", *headers), dot.bits * words
    )


def _counters(
    prefix: str, parts: list[int], combine: str, counter: str, word_bits: int
) -> tuple[tuple[str, ...], dict[str, str], dict[int, str]]:
    suffix = "differ" if combine == "^" else "both"
    names = {n: f"{prefix}_{suffix}_{n}" for n in sorted(set(parts))}
    functions = {}
    for n, function in names.items():
        if counter == "adders":
            functions[function] = count_function(function, n, combine, word_bits)
            continue
        body = (
            "    uint32_t sum = 0U;\n    size_t k;\n"
            f"    for (k = 0U; k < {n}U; ++k) {{\n"
            f"        sum += qc_popcount(w[k] {combine} x[k]);\n    }}\n    return sum;\n"
        )
        head = f"static inline uint32_t {function}(const qc_word *w, const qc_word *x)\n{{\n"
        functions[function] = head + body + "}\n"
    return ("qc_adders.h",) if counter == "adders" else (), functions, names


def _result(prefix: str, name: str, dot: CodeDot, z: str, row: str) -> tuple[str, str]:
    """Row constants, and the dot product from the weighted count ``z`` of one row."""
    top = (1 << dot.bits) - 1
    if dot.planes.mode == "masks":
        constant, extra = _row_constant(prefix, name, dot.shift)
        result = f"({dot.scale} * {z}){extra}"
    else:
        weight, full = dot.op.weight, dot.op.weight.shape[1] * top * sum(dot.planes.factors)
        sums = top * weight.sum(axis=1)
        if dot.scale % 2 == 0:
            half = dot.scale // 2
            constant, extra = _row_constant(prefix, name, dot.shift + half * sums - half * full)
            result = f"({dot.scale} * {z}){extra}"
        else:
            twice = 2 * dot.shift + dot.scale * sums - dot.scale * full
            constant, extra = _row_constant(prefix, name, twice)
            result = f"(({2 * dot.scale} * {z}){extra}) / 2"
    return constant, result.replace("[j]", f"[{row}]")


def _xnor_neon(prefix: str, name: str, dot: CodeDot, out_type: str, words: int) -> DotCode:
    """Four rows at once; rows are padded to a multiple of four with rows that are not stored."""
    rows = dot.op.weight.shape[0]
    constant, result = _result(prefix, name, dot, "z[k]", "j + k")
    stride = words * len(dot.planes.factors)
    mask = 0 if dot.planes.mode == "signs" else 1
    sums = ""
    for k, factor in enumerate(dot.planes.factors):
        for b in range(dot.bits):
            weight = factor << b if factor > 0 else -(-factor << b)
            offset = 0
            for part in segments(words // 2 + words % 2):
                # A segment is counted in 128-bit vectors; the last may end in half a vector.
                n = min(2 * part, words - offset)
                at = f"&w[{k * words + offset}], {stride}U, &x[{b * words + offset}], {n}U, {mask}"
                sums += f"        s = vmlaq_n_s32(s, qc_neon_count4({at}), {weight});\n"
                offset += n
    function = (
        f"QC_OPERATION static void {prefix}_{name}(const qc_word *x, {out_type} *out)\n{{\n"
        f"    const qc_word *w = {prefix}_w_{name};\n    size_t j, k;\n"
        f"    for (j = 0U; j < {rows}U; j += 4U) {{\n"
        f"        int32_t z[4];\n        int32x4_t s = vdupq_n_s32(0);\n{sums}"
        f"        vst1q_s32(z, s);\n"
    )
    store = f"out[j + k] = ({out_type})({result});"
    inside = f"(k < 4U) && (j + k < {rows}U)" if rows % 4 else "k < 4U"
    function += f"        for (k = 0U; {inside}; ++k) {{\n            {store}\n        }}\n"
    function += f"        w += {4 * stride};\n    }}\n}}\n"
    packed = packed_words(dot.planes, 64)
    padded = np.zeros((-(-rows // 4) * 4, *packed.shape[1:]), dtype=packed.dtype)
    padded[:rows] = packed
    return DotCode(
        array("qc_word", f"{prefix}_w_{name}", padded) + constant,
        {},
        function,
        f"{prefix}_{name}({{planes}}, {{out}});",
        ("qc_base.h", "qc_pack.h", "qc_neon.h"),
        dot.bits * words,
    )


def _lut(prefix: str, name: str, dot: CodeDot) -> DotCode:
    rows, d = dot.op.weight.shape
    chunks = -(-d // 32)
    # Tables hold the centred values s c - s M / 2, which are half as large; rows start at the rest.
    top = (1 << dot.bits) - 1
    centre = -(dot.scale * top) // 2
    largest = max(abs(centre), abs(dot.scale * top + centre))
    constant, extra = _row_constant(prefix, name, dot.shift - centre * dot.op.weight.sum(axis=1))
    start = extra.removeprefix(" + ").replace("[j]", "[i]") or "0"
    entry = "int8_t" if 8 * largest <= 127 else "int16_t"
    short = "i8" if entry == "int8_t" else "i16"
    signs = 1 if dot.planes.mode == "signs" else 0
    sweep = "".join(
        f"        qc_lut_chunk_{short}(table, &w[{k * chunks * rows * 4}], {rows}U, {factor}, out);\n"
        for k, factor in enumerate(dot.planes.factors)
    )
    function = (
        f"QC_OPERATION static void {prefix}_{name}(const uint8_t *codes, {entry} *table, int32_t *out)\n{{\n"
        f"    const uint8_t *w = {prefix}_w_{name};\n    size_t first, i;\n"
        f"    for (i = 0U; i < {rows}U; ++i) {{\n        out[i] = {start};\n    }}\n"
        f"    for (first = 0U; first < {d}U; first += 32U) {{\n"
        "        int16_t q[32];\n"
        "        for (i = 0U; i < 32U; ++i) {\n"
        f"            q[i] = (first + i < {d}U) ? "
        f"(int16_t)(({dot.scale} * (int32_t)codes[first + i]) + ({centre})) : (int16_t)0;\n"
        "        }\n"
        "        for (i = 0U; i < 4U; ++i) {\n"
        f"            qc_lut_build_{short}(&table[i * 256U], &q[i * 8U], {signs});\n        }}\n"
        f"{sweep}        w += {rows * 4};\n    }}\n}}\n"
    )
    packed = array("uint8_t", f"{prefix}_w_{name}", packed_bytes(dot.planes))
    call = f"{prefix}_{name}({{codes}}, {{table}}, {{out}});"
    return DotCode(packed + constant, {}, function, call, ("qc_lut.h",), table=entry)


def _int8(prefix: str, name: str, dot: CodeDot, out_type: str) -> DotCode:
    rows, d = dot.op.weight.shape
    constant, extra = _row_constant(prefix, name, dot.shift)

    def store(row: str, value: str) -> str:
        return f"out[{row}] = ({out_type})(({dot.scale} * {value}){extra.replace('[j]', f'[{row}]')});\n"

    function = (
        f"QC_OPERATION static void {prefix}_{name}(const uint8_t *codes, {out_type} *out)\n{{\n"
        f"    const int8_t *w = {prefix}_w_{name};\n    int32_t z[2];\n    size_t j;\n"
        f"    for (j = 0U; j + 2U <= {rows}U; j += 2U) {{\n"
        f"        qc_int8_dot2(w, &w[{d}], codes, {d}U, z);\n"
        f"        {store('j', 'z[0]')}        {store('j + 1U', 'z[1]')}        w += {2 * d};\n    }}\n"
    )
    if rows % 2:
        function += f"    qc_int8_dot2(w, w, codes, {d}U, z);\n    {store(f'{rows - 1}U', 'z[0]')}"
    packed = array("int8_t", f"{prefix}_w_{name}", np.asarray(dot.op.weight))
    call = f"{prefix}_{name}({{codes}}, {{out}});"
    return DotCode(packed + constant, {}, function + "}\n", call, ("qc_int8.h",))
