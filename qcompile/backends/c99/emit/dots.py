"""First-layer dots in C: one function per dot, by the kernel that the plan chose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.c99.emit.adders import count_function, segments
from qcompile.backends.c99.emit.data import array, integer_type
from qcompile.backends.c99.emit.neon import int8_serves, neon_int8, neon_xnor
from qcompile.backends.c99.plan.planes import packed_bytes, packed_words
from qcompile.backends.c99.plan.types import CodeDot, DotCode, row_constants


def dot_code(
    prefix: str, name: str, dot: CodeDot, out_type: str, counter: str, word_bits: int, in_place: bool
) -> DotCode:
    """Text of one dot.

    Args:
        prefix: of every name of the model.
        name: of the dot's result in the scratch.
        dot: what is computed, kernel chosen.
        out_type: C type of the results.
        counter: "adders", "native" or "neon".
        word_bits: of ``qc_word``.
        in_place: the result is the caller's array of exactly as many elements.
    """
    match dot.kernel:
        case "xnor" if counter == "neon":
            return neon_xnor(prefix, name, dot, out_type, in_place)
        case "xnor":
            return _xnor(prefix, name, dot, out_type, counter, word_bits)
        case "lut":
            return _lut(prefix, name, dot)
        case "int8" if counter == "neon" and int8_serves(dot):
            return neon_int8(prefix, name, dot, out_type, in_place)
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


def _scaled(scale: int, value: str) -> str:
    return value if scale == 1 else f"({scale} * {value})"


def _xnor(prefix: str, name: str, dot: CodeDot, out_type: str, counter: str, word_bits: int) -> DotCode:
    rows, d = dot.op.weight.shape
    words = -(-d // word_bits)
    combine = "^" if dot.planes.mode == "signs" else "&"
    parts = segments(words)
    headers, functions, names = _counters(prefix, parts, combine, counter, word_bits)
    terms = []
    for k, factor in enumerate(dot.planes.factors):
        offset = 0
        for part in parts:
            for b in range(dot.bits):
                weight = factor * (1 << b)
                call = f"(int32_t){names[part]}(&w[{k * words + offset}], &x[{b * words + offset}])"
                terms.append(call if weight == 1 else f"{weight} * {call}")
            offset += part
    scale, shift = row_constants(dot)
    constant, extra = _row_constant(prefix, name, shift)
    z = "z" if len(terms) > 1 else terms[0]
    sums = "".join(f"        z += {term};\n" for term in terms[1:])
    sums = f"        int32_t z = {terms[0]};\n{sums}" if sums else ""
    function = (
        f"QC_OPERATION static void {prefix}_dot_{name}(const qc_word *x, {out_type} *out)\n{{\n"
        f"    const qc_word *w = {prefix}_w_{name};\n    size_t j;\n"
        f"    for (j = 0U; j < {rows}U; ++j) {{\n{sums}"
        f"        out[j] = ({out_type})({_scaled(scale, z)}{extra});\n"
        f"        w += {words * len(dot.planes.factors)};\n    }}\n}}\n"
    )
    packed = array("qc_word", f"{prefix}_w_{name}", packed_words(dot.planes, word_bits))
    call = f"{prefix}_dot_{name}({{planes}}, {{out}});"
    headers = ("qc_base.h", "qc_pack.h", *headers)
    return DotCode(packed + constant, functions, function, call, headers, dot.bits * words)


def _counters(
    prefix: str, parts: list[int], combine: str, counter: str, word_bits: int
) -> tuple[tuple[str, ...], dict[str, str], dict[int, str]]:
    """Headers, row functions by name, and the name for each number of words."""
    suffix = "differ" if combine == "^" else "both"
    names = {n: f"{prefix}_{suffix}_{n}" for n in sorted(set(parts))}
    if counter == "adders":
        functions = {f: count_function(f, n, combine, word_bits) for n, f in names.items()}
        return ("qc_adders.h",), functions, names
    functions = {}
    for n, function in names.items():
        functions[function] = (
            f"static inline uint32_t {function}(const qc_word *w, const qc_word *x)\n{{\n"
            "    uint32_t sum = 0U;\n    size_t k;\n"
            f"    for (k = 0U; k < {n}U; ++k) {{\n"
            f"        sum += qc_popcount(w[k] {combine} x[k]);\n    }}\n    return sum;\n}}\n"
        )
    return (), functions, names


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
    value = f"{_scaled(dot.scale, '(int32_t)codes[first + i]')} + ({centre})"
    inside = f"(first + i < {d}U) ? (int16_t)({value}) : (int16_t)0" if d % 32 else f"(int16_t)({value})"
    function = (
        f"QC_OPERATION static void {prefix}_dot_{name}(const uint8_t *codes, {entry} *table, int32_t *out)\n"
        f"{{\n    const uint8_t *w = {prefix}_w_{name};\n    size_t first, i;\n"
        f"    for (i = 0U; i < {rows}U; ++i) {{\n        out[i] = {start};\n    }}\n"
        f"    for (first = 0U; first < {d}U; first += 32U) {{\n"
        "        int16_t q[32];\n"
        f"        for (i = 0U; i < 32U; ++i) {{\n            q[i] = {inside};\n        }}\n"
        "        for (i = 0U; i < 4U; ++i) {\n"
        f"            qc_lut_build_{short}(&table[i * 256U], &q[i * 8U], {signs});\n        }}\n"
        f"{sweep}        w += {rows * 4};\n    }}\n}}\n"
    )
    packed = array("uint8_t", f"{prefix}_w_{name}", packed_bytes(dot.planes))
    call = f"{prefix}_dot_{name}({{codes}}, {{table}}, {{out}});"
    return DotCode(packed + constant, {}, function, call, ("qc_lut.h",), table=entry)


def _int8(prefix: str, name: str, dot: CodeDot, out_type: str) -> DotCode:
    rows, d = dot.op.weight.shape
    constant, extra = _row_constant(prefix, name, dot.shift)

    def store(row: str, value: str) -> str:
        sum_ = f"{_scaled(dot.scale, value)}{extra.replace('[j]', f'[{row}]')}"
        return f"out[{row}] = ({out_type})({sum_});\n"

    function = (
        f"QC_OPERATION static void {prefix}_dot_{name}(const uint8_t *codes, {out_type} *out)\n{{\n"
        f"    const int8_t *w = {prefix}_w_{name};\n    int32_t z[2];\n"
    )
    if rows > 1:
        function += (
            f"    size_t j;\n    for (j = 0U; (j + 2U) <= {rows}U; j += 2U) {{\n"
            f"        qc_int8_dot2(w, &w[{d}], codes, {d}U, z);\n"
            f"        {store('j', 'z[0]')}        {store('j + 1U', 'z[1]')}        w += {2 * d};\n    }}\n"
        )
    if rows % 2:
        function += f"    qc_int8_dot2(w, w, codes, {d}U, z);\n    {store(f'{rows - 1}U', 'z[0]')}"
    packed = array("int8_t", f"{prefix}_w_{name}", np.asarray(dot.op.weight))
    call = f"{prefix}_dot_{name}({{codes}}, {{out}});"
    return DotCode(packed + constant, {}, function + "}\n", call, ("qc_int8.h",))
