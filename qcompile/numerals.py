"""Figures as people read them: four digits, bounds never flattered, shares never rounded to a better one."""

from __future__ import annotations

import decimal
import math

# What proofs add for underflow is below this, and everything measured far above.
NOTHING = 1e-200


def number(value: float, down: bool = False) -> str:
    """Four significant digits; ``down`` never rounds up, for figures that are lower bounds.

    >>> number(0.08123456), number(0.0812999), number(0.0812999, down=True), number(float("nan"))
    ('0.08123', '0.0813', '0.08129', 'unknown')
    >>> number(97540), number(1234567.8)
    ('97,540', '1,235,000')
    >>> number(-3e-280, down=True), number(-3e-9, down=True)  # the first covers underflow, and is 0
    ('0', '-3e-09')
    """
    if not math.isfinite(value):
        return "unknown"
    if abs(value) < NOTHING:
        return "0"
    context = decimal.Context(prec=4, rounding=decimal.ROUND_FLOOR if down else decimal.ROUND_HALF_EVEN)
    rounded = float(context.create_decimal(repr(float(value))))
    return f"{rounded:,.0f}" if 1e4 <= abs(rounded) < 1e9 else f"{rounded:.4g}"


def percent(share: float) -> str:
    """A share as a percentage that is never rounded down to a better one than it is.

    >>> percent(0.0262), percent(0.00004), percent(0.0)
    ('2.7 %', '0.0040 %', '0 %')
    """
    if not math.isfinite(share):
        return "an unknown share"
    if share <= 0:
        return "0 %"
    digits = max(0, 1 - math.floor(math.log10(100 * share)))
    return f"{math.ceil(100 * share * 10**digits - 1e-9) / 10**digits:.{digits}f} %"
