"""The meaning of a program: exact, slow, obvious. Every back-end is compared with it.

Integers are computed as Python integers (object arrays) unless the static bounds prove that
int64 cannot overflow; so the interpreter itself is never the one that wraps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.step_encoder import codes
from qcompile.errors import DataError
from qcompile.ir.bounds import bounds
from qcompile.ir.ops import (
    Add,
    Affine,
    Argmax,
    Dot,
    Encode,
    Input,
    Mul,
    Op,
    Poly,
    Scale,
    Sign,
    Threshold,
)
from qcompile.ir.program import Program

__all__ = ["interpret", "interpret_all"]

Array = NDArray[Any]


def _affine(op: Affine, a: Array) -> Array:
    out: Array = op.scale.astype(a.dtype) * a + op.shift.astype(a.dtype)
    return out


def _dot(op: Dot, a: Array) -> Array:
    real: Array = op.weight.T.astype(np.float64)
    terms = float(np.abs(a).max(initial=0)) * np.abs(real).sum(axis=0).max(initial=0)
    if terms < 2**52:  # every partial sum is exact in float64, and BLAS is fast
        return (a.astype(np.float64) @ real).astype(a.dtype)
    out: Array = a @ op.weight.T.astype(a.dtype)
    return out


def _poly(op: Poly, a: Array) -> Array:
    c2, c1, c0 = op.coefficients
    out: Array = c2 * a * a + c1 * a + c0
    return out


def _threshold(op: Threshold, a: Array) -> Array:
    up = (a[:, :, None] >= op.levels).sum(axis=2)
    down = (a[:, :, None] <= op.levels).sum(axis=2)
    out: Array = np.where(op.sign > 0, up, down).astype(a.dtype)
    return out


def _argmax(op: Argmax, a: Array) -> Array:
    out: Array = np.argmax(a, axis=1)[:, None].astype(np.int64)
    return out


def _scale(op: Scale, a: Array) -> Array:
    out: Array = a.astype(np.float64) * op.scale + op.offset
    return out


def _input(op: Input, x: Array, kind: Any) -> Array:
    rows = np.asarray(x)
    if rows.ndim != 2 or rows.shape[1] != op.type.length:
        raise DataError(f"rows have shape {rows.shape}, but the program reads (n, {op.type.length}).")
    low, high = (op.type.low, op.type.high) if op.type.kind != "f" else (0, 0)
    if op.type.kind != "f" and rows.size and (rows.min() < low or rows.max() > high):
        raise DataError(
            f"rows lie in [{rows.min()}, {rows.max()}], but the program reads integers of {low} to {high}."
        )
    out: Array = rows.astype(kind)
    return out


MEANING: dict[type[Op], Callable[..., Array]] = {
    Affine: _affine,
    Dot: _dot,
    Mul: lambda op, a, b: a * b,
    Add: lambda op, a, b: a + b,
    Poly: _poly,
    Threshold: _threshold,
    Argmax: _argmax,
    Sign: lambda op, a: (a[:, :1] >= 0).astype(np.int64),
    Scale: _scale,
}


def interpret_all(program: Program, x: Array) -> dict[str, Array]:
    """Every value of the program on a batch.

    Args:
        program: any program.
        x: (n, features) raw rows (float) or codes (integers), as the input type says.

    Returns:
        name -> (n, length) array: float32 input, int64 (object where int64 might overflow)
        integers, float64 after ``scale``.
    """
    ranges = bounds(program)
    exact = max((max(abs(lo), abs(hi)) for lo, hi in ranges.values()), default=0) >= 2**63
    whole: Any = object if exact else np.int64
    values: dict[str, Array] = {}
    for op in program.ops:
        if isinstance(op, Input):
            values[op.result] = _input(op, x, np.float32 if op.type.kind == "f" else whole)
        elif isinstance(op, Encode):
            values[op.result] = codes(op.encoder, values[op.a]).astype(whole)
        else:
            values[op.result] = MEANING[type(op)](op, *(values[a] for a in op.operands))
    return values


def interpret(program: Program, x: Array) -> dict[str, Array]:
    """The program's outputs by role: {"scores": (n, C), "label": (n, 1), "values": (n, C)}."""
    values = interpret_all(program, x)
    return {role: values[name] for role, name in program.outputs.items()}
