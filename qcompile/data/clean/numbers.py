"""Numbers in text: cells such as ``$1,250.50``, ``12 %`` or ``1.234,5`` as the numbers they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["dressed", "numbers_in"]

AROUND = re.compile(r"^([+-]?)\s*[$€£¥]?\s*([+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?)\s*[%$€£¥]?$")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
EUROPEAN = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")


def numbers_in(texts: Sequence[str]) -> NDArray[np.float64]:
    """One float64 per text, NaN where it is no number.

    Beside plain numbers: one currency or per cent sign around it (12 % is 12, as all cells of the
    column have the sign or mean the same), commas between thousands, and the European way round.

    >>> numbers_in(["1e3", "$1,250.50", "12 %", "-1.234,5", "1,5", "abc"]).tolist()
    [1000.0, 1250.5, 12.0, -1234.5, nan, nan]
    """
    import pandas as pd

    plain: NDArray[np.float64] = pd.to_numeric(
        pd.Series(list(texts), dtype=object), errors="coerce"
    ).to_numpy(np.float64, copy=True)
    for i in np.flatnonzero(np.isnan(plain)).tolist():
        found = dressed(texts[i])
        if found:
            plain[i] = float(found)
    return plain


def dressed(text: str) -> str:
    """The plain number in a text that ``float`` does not take, or nothing.

    >>> dressed("€ 3"), dressed("5more"), dressed("1,234")
    ('3', '', '1234')
    """
    match = AROUND.match(text)
    if not match:
        return ""
    sign, body = match.groups()
    if THOUSANDS.fullmatch(body):
        body = body.replace(",", "")
    elif EUROPEAN.fullmatch(body):
        body = body.replace(".", "").replace(",", ".")
    try:
        float(sign + body)
    except ValueError:
        return ""
    return sign + body
