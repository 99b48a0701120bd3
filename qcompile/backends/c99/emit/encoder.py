"""The encoder in C: float32, one operation per step, as ``qcompile.model.encoder`` defines it.

Cores without float instructions compare keys instead: a float's key is its magnitude bits with its
sign, an int32 that orders and equals exactly as the floats do (both zeros have key 0). Their LEVEL
columns search a table of thresholds (thresholds.py) wherever that table is small.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.c99.emit.data import array, float_text
from qcompile.backends.c99.emit.thresholds import level_keys, search
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model.float_order import key_of
from qcompile.targets.kernel_choice import searches_levels
from qcompile.targets.schema import Target

NAN_TEST = "v != v"
COMPARES = (ColumnKind.GREATER, ColumnKind.EQUAL, ColumnKind.MISSING)


def encoder_code(prefix: str, encoder: Encoder, target: Target | None, function: str) -> tuple[str, str]:
    """Constant arrays, and ``void FUNCTION(const float *x, uint8_t *codes)``.

    Where floats are compared, a missing cell is one that differs from itself: model.c refuses to be
    compiled with -ffast-math then.
    """
    hard_float = target is not None and "f32" in target.features
    constants, body = [], []
    for kind in ColumnKind:
        block = encoder.of_kind(kind)
        if block.stop > block.start:
            tables = None
            if kind == ColumnKind.LEVEL and searches_levels(encoder.level_keys, target):
                tables = _tables(encoder, block)
            keyed = not hard_float and (kind in COMPARES or tables is not None)
            more, loop = _block(prefix, encoder, kind, block, keyed, tables)
            constants.append(more)
            body.append(loop)
    unused = "" if any("x[" in loop for loop in body) else "    (void)x;\n"
    head = f"void {function}(const float *x, uint8_t *codes)\n{{\n    size_t i;\n{unused}"
    return "".join(constants), head + "".join(body) + "}\n"


Tables = tuple[NDArray[np.int32], NDArray[np.int64]]


def _tables(encoder: Encoder, block: slice) -> Tables:
    """Distinct threshold tables, and each column's table."""
    pairs = np.stack([encoder.shift[block], encoder.gain[block]], axis=1)
    _, first, which = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    return level_keys(encoder, block)[first], which.ravel()


def _block(
    prefix: str, encoder: Encoder, kind: ColumnKind, block: slice, keyed: bool, tables: Tables | None
) -> tuple[str, str]:
    """Columns of one kind; loops count from 0, arrays hold this kind's columns only."""
    name, count = kind.name.lower(), block.stop - block.start
    code = f"codes[{f'{block.start}U + ' if block.start else ''}i]"
    head = f"    for (i = 0U; i < {count}U; ++i) {{ /* {kind.name} */\n"
    if kind == ColumnKind.CONSTANT:
        return "", f"{head}        {code} = (uint8_t){encoder.top}U;\n    }}\n"
    feature = encoder.feature[block]
    first = int(feature[0])
    constants = ""
    if np.array_equal(feature, first + np.arange(count)):
        read = f"{f'{first}U + ' if first else ''}i"  # neighbours: nothing to look up, and vectorisable
    else:
        n = encoder.features
        index = "uint8_t" if n <= 256 else "uint16_t" if n <= 65536 else "int32_t"
        constants += array(index, f"{prefix}_{name}_feature", feature)
        read = f"{prefix}_{name}_feature[i]"
    text = _read(read, keyed)
    if kind != ColumnKind.MISSING:
        shift, fill = encoder.shift[block], encoder.fill[feature]
        ctype, convert = ("int32_t", key_of) if keyed else ("float", np.asarray)
        constants += "" if tables else array(ctype, f"{prefix}_{name}_shift", convert(shift))
        one = len(np.unique(fill)) == 1
        filled = _scalar(convert(fill)[0]) if one else f"{prefix}_{name}_fill[i]"
        constants += "" if one else array(ctype, f"{prefix}_{name}_fill", convert(fill))
        missing = "(k > QC_KEY_INFINITE) || (k < -QC_KEY_INFINITE)" if keyed else NAN_TEST
        variable = "k" if keyed else "v"
        text += f"        {variable} = ({missing}) ? {filled} : {variable};\n"
    top = f"(uint8_t){encoder.top}U : (uint8_t)0U"
    value, shift_text = ("k" if keyed else "v"), f"{prefix}_{name}_shift[i]"
    if kind == ColumnKind.GREATER:
        text += f"        {code} = ({value} > {shift_text}) ? {top};\n"
    elif kind == ColumnKind.EQUAL:
        text += f"        {code} = ({value} == {shift_text}) ? {top};\n"
    elif kind == ColumnKind.MISSING:
        test = "(k > QC_KEY_INFINITE) || (k < -QC_KEY_INFINITE)" if keyed else NAN_TEST
        text += f"        {code} = ({test}) ? {top};\n"
    elif tables is not None:
        more, level = _searched(prefix, encoder.bits, tables, code)
        constants += more
        text += level
    else:
        more, level = _level(prefix, encoder, block, code)
        constants += more
        text += level
    return constants, f"{head}{text}    }}\n"


def _read(index: str, keyed: bool) -> str:
    if keyed:
        return f"        int32_t k = qc_float_key(x[{index}]);\n"
    return f"        float v = x[{index}];\n"


def _scalar(value: Any) -> str:
    return float_text(float(value)) if isinstance(value, np.floating) else f"({int(value)})"


def _searched(prefix: str, bits: int, tables: Tables, code: str) -> tuple[str, str]:
    thresholds, which = tables
    name, top = f"{prefix}_level_key", (1 << bits) - 1
    constants = array("int32_t", name, thresholds)
    start = "0U"
    if len(thresholds) > 1 and np.array_equal(which, np.arange(len(which))):
        start = f"i * {top}U"
    elif len(thresholds) > 1:
        index = "uint8_t" if len(thresholds) <= 256 else "uint16_t"
        constants += array(index, f"{prefix}_level_table", which)
        start = f"(size_t){prefix}_level_table[i] * {top}U"
    head = (
        "        /* Code n begins at t[n - 1]. */\n"
        f"        const int32_t *t = &{name}[{start}];\n        uint32_t n = 0U;\n"
    )
    return constants, f"{head}{search(code, 't', bits)}"


def _level(prefix: str, encoder: Encoder, block: slice, code: str) -> tuple[str, str]:
    gains = encoder.gain[block]
    one = len(np.unique(gains)) == 1
    gain = float_text(float(gains[0])) if one else f"{prefix}_level_gain[i]"
    top = float_text(encoder.top)
    text = (
        f"        v = v - {prefix}_level_shift[i];\n        v = v * {gain};\n"
        f"        v = (v < 0.0f) ? 0.0f : ((v > {top}) ? {top} : v);\n"
        f"        {code} = (uint8_t)(v + 0.5f);\n"
    )
    return "" if one else array("float", f"{prefix}_level_gain", gains), text
