"""Names of the integers that raw cells hold: FINN's type names, with a divisor where cells are fractions.

UINT8          0 .. 255           INT4          -8 .. 7
BINARY         0, 1               BIPOLAR       -1, +1            TERNARY   -1, 0, +1
UINT8/255      k / 255, as images scaled to [0, 1] are
FIXED<8,3>     8-bit fixed point, 3 bits before the point: INT8 / 32
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ALLOWED = (
    "BINARY, BIPOLAR, TERNARY, UINT1 .. UINT8, INT1 .. INT8, any of these divided (UINT8/255), FIXED<8,3>"
)
NAMED = {"BINARY": (0, 1), "BIPOLAR": (-1, 1), "TERNARY": (-2, 1)}  # two bits hold a trit
NAME = re.compile(r"(BINARY|BIPOLAR|TERNARY|U?INT[1-8])(?:/(\d{1,9}(?:\.\d{1,9})?))?")
FIXED = re.compile(r"(U?)FIXED<([1-8]),(-?\d{1,2})>")


@dataclass(frozen=True)
class InputType:
    """Cells are integer / divisor with integers low..high; bipolar cells are only the two ends."""

    low: int
    high: int
    divisor: float = 1.0
    bipolar: bool = False


def input_type(name: str) -> InputType | None:
    """The type of a name; None for names that are none.

    >>> input_type("UINT8/255")
    InputType(low=0, high=255, divisor=255.0, bipolar=False)
    >>> input_type("FIXED<8,3>").divisor, input_type("BIPOLAR").bipolar, input_type("FLOAT32")
    (32.0, True, None)
    """
    plain = name.strip().upper().replace(" ", "")
    if found := FIXED.fullmatch(plain):
        bits, before = int(found[2]), int(found[3])
        return InputType(*_range(not found[1], bits), 2.0 ** (bits - before))
    found = NAME.fullmatch(plain)
    divisor = float(found[2] or 1) if found else 0.0
    if not found or divisor == 0:
        return None
    kind = found[1]
    low, high = NAMED.get(kind) or _range(kind[0] == "I", int(kind[-1]))
    return InputType(low, high, divisor, kind == "BIPOLAR")


def _range(signed: bool, bits: int) -> tuple[int, int]:
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
