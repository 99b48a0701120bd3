"""Recognise a two-layer network: the form that fused kernels and code generators are written for.

    codes = encode x;  t = [affine] dot codes;  h = mul t t' | poly t;  scores = [affine] dot h

Nearly every trained model has this shape after the passes; every other program is run as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.bounds import bounds
from qcompile.ir.ops import Affine, Dot, Encode, Mul, Op, Poly
from qcompile.ir.program import Program
from qcompile.ir.ranges import Range
from qcompile.kernels.contract import TwoLayer
from qcompile.model.encoder import Encoder

Vector = NDArray[np.int64]
Product = tuple[Vector, Vector, Vector, str]


def two_layer(program: Program) -> TwoLayer | None:
    r"""The scores of the program as a two-layer network, or None where it is something else.

    >>> from qcompile.ir.text import parse
    >>> two_layer(parse("qcompile-ir 1\n%x : u4[2] = input\noutput scores = %x")) is None
    True
    """
    made = {op.result: op for op in program.ops}
    score = _product(made, program.outputs["scores"])
    if score is None:
        return None
    alpha, score_scale, score_shift, hidden = score
    middle = made[hidden]
    if isinstance(middle, Encode) and isinstance(middle.encoder, Encoder) and not alpha.any():
        return _constant(middle.encoder, score_scale, score_shift)
    if not isinstance(middle, Mul | Poly):
        return None
    products = [_product(made, a) for a in dict.fromkeys(middle.operands)]
    first = products[0]
    second = products[-1] if isinstance(middle, Mul) else None
    if first is None or (isinstance(middle, Mul) and second is None):
        return None
    codes = made[first[3]]
    if not (isinstance(codes, Encode) and isinstance(codes.encoder, Encoder) and codes.type.is_vector):
        return None
    if second is not None and second[3] != first[3]:
        return None
    return TwoLayer(
        encoder=codes.encoder,
        u=first[0],
        u_scale=first[1],
        u_shift=first[2],
        v=None if second is None else second[0],
        v_scale=None if second is None else second[1],
        v_shift=None if second is None else second[2],
        activation=middle.coefficients if isinstance(middle, Poly) else (1, 0, 0),
        alpha=alpha,
        score_scale=score_scale,
        score_shift=score_shift,
        **_bounds(program, middle, alpha, score_scale, score_shift),
    )


def _constant(encoder: Encoder, scale: Vector, shift: Vector) -> TwoLayer:
    """Scores that no input changes, as the square of one neuron times zero."""
    one, top = np.ones(1, dtype=np.int64), encoder.top * encoder.width
    return TwoLayer(
        encoder=encoder,
        u=np.ones((1, encoder.width), dtype=np.int64),
        u_scale=one,
        u_shift=0 * one,
        v=None,
        v_scale=None,
        v_shift=None,
        activation=(1, 0, 0),
        alpha=np.zeros((len(shift), 1), dtype=np.int64),
        score_scale=scale,
        score_shift=shift,
        t_bound=top,
        h_bound=top * top,
        score_bound=int(np.abs(shift.astype(object)).max()),
    )


def _product(made: Mapping[str, Op], value: str) -> Product | None:
    """(weight, scale, shift, what the dot reads) of ``[affine] dot``; scale 1 and shift 0 if bare."""
    op = made[value]
    scale, shift = np.ones(op.type.length, dtype=np.int64), np.zeros(op.type.length, dtype=np.int64)
    if isinstance(op, Affine):
        scale, shift = (np.broadcast_to(c, op.type.length).astype(np.int64) for c in (op.scale, op.shift))
        op = made[op.a]
    return (op.weight, scale, shift, op.a) if isinstance(op, Dot) else None


def _bounds(
    program: Program, middle: Mul | Poly, alpha: Vector, scale: Vector, shift: Vector
) -> dict[str, int]:
    ranges = bounds(program)
    h = _size(ranges[middle.result])
    sums = np.abs(alpha.astype(object)).sum(axis=1) if alpha.size else np.zeros(len(alpha), dtype=object)
    scores = np.abs(scale.astype(object)) * sums * h + np.abs(shift.astype(object))
    return {
        "t_bound": max(_size(ranges[a]) for a in middle.operands),
        "h_bound": h,
        "score_bound": int(max(scores, default=0)),
    }


def _size(span: Range) -> int:
    return max(-span[0], span[1])
