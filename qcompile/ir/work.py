"""Work: what one operation costs for one row, as counts that no processor has a say in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """Counts of one operation.

    Attributes:
        macs: integer multiply-accumulates.
        adds: integer additions and subtractions.
        muls: integer multiplications outside the macs.
        compares: integer or float comparisons.
        float_ops: float32 or float64 arithmetic operations.
        rows: dot products of a dot, else 0.
        weight_bits: bits that hold one weight of a product, packed; 0 elsewhere.
        level_keys: of an encoder, thresholds that tell all its LEVEL codes apart.
        constant_bytes: constants, packed, rounded up to bytes.
    """

    macs: int = 0
    adds: int = 0
    muls: int = 0
    compares: int = 0
    float_ops: int = 0
    rows: int = 0
    weight_bits: int = 0
    level_keys: int = 0
    constant_bytes: int = 0
