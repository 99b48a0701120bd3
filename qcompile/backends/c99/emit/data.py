"""Constant arrays and numbers as C99 text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def array(ctype: str, name: str, values: NDArray[Any]) -> str:
    """``static const`` array, at most 100 columns wide.

    >>> print(array("uint8_t", "w", np.array([1, 255])), end="")
    static const uint8_t w[2] = {
        1, 255
    };
    """
    flat = np.asarray(values).ravel()
    words = [_number(ctype, v) for v in flat.tolist()] or ["0"]
    lines, line = [], "    "
    for k, word in enumerate(words):
        piece = word + (", " if k + 1 < len(words) else "")
        if len(line) + len(piece) > 100:
            lines.append(line.rstrip())
            line = "    "
        line += piece
    lines.append(line.rstrip())
    return f"static const {ctype} {name}[{max(1, len(flat))}] = {{\n" + "\n".join(lines) + "\n};\n"


def _number(ctype: str, v: Any) -> str:
    if ctype == "float":
        return float_text(v)
    if ctype == "double":
        return repr(float(v))
    if ctype == "qc_word":
        return f"QC_WORD(0x{v:x})"
    if ctype == "int64_t":
        return "INT64_MIN" if v == -(2**63) else f"INT64_C({v})" if v >= 0 else f"-INT64_C({-v})"
    if ctype == "int32_t" and v == -(2**31):
        return "INT32_MIN"
    return str(v)


def float_text(v: float) -> str:
    """The shortest decimal that reads back as the same float32.

    >>> float_text(np.float32(0.1)), float_text(np.float32(3))
    ('0.1f', '3.0f')
    """
    return f"{float(str(np.float32(v)))!r}f"


def integer_type(values: NDArray[np.int64]) -> str:
    """Smallest signed C type of an array.

    >>> integer_type(np.array([1, -129]))
    'int16_t'
    """
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    for bits in (8, 16, 32):
        if -(1 << (bits - 1)) <= low and high < 1 << (bits - 1):
            return f"int{bits}_t"
    return "int64_t"
