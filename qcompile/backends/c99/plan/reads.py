"""Which features decide the scores: the others may hold anything, and a slim row leaves them out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.ops import Add, Affine, Dot, Encode, Mul, Poly, Threshold
from qcompile.ir.program import Program
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model.step_encoder import StepEncoder

ELEMENTWISE = (Add, Affine, Mul, Poly, Threshold)


def features_read(program: Program) -> NDArray[np.int64]:
    """Ascending indices of the raw features that an output depends on; empty without an encoder.

    A code whose weight is zero in every row that is needed, and a feature without a code, change nothing.
    """
    needed = {name: np.ones(program[name].type.length, dtype=bool) for name in program.outputs.values()}
    for op in reversed(program.ops):
        mask = needed.get(op.result)
        if mask is None:
            continue
        if isinstance(op, Encode):
            encoder = op.encoder
            constant = encoder.kind == ColumnKind.CONSTANT if isinstance(encoder, Encoder) else False
            return np.unique(encoder.feature[mask & ~np.asarray(constant)]).astype(np.int64)
        for name in op.operands:
            length = program[name].type.length
            if isinstance(op, Dot) and op.weight.shape == (len(mask), length):
                read = (op.weight[mask] != 0).any(axis=0)
            elif isinstance(op, ELEMENTWISE) and len(mask) == length:
                read = mask
            else:
                read = np.ones(length, dtype=bool)
            needed[name] = needed.get(name, np.zeros(length, dtype=bool)) | read
    return np.zeros(0, dtype=np.int64)


def slim_encoder(encoder: Encoder | StepEncoder, read: NDArray[np.int64]) -> Encoder | StepEncoder:
    """The same codes from rows that hold the features ``read`` only.

    Codes of other features read element 0; no output depends on them.

    >>> e = Encoder("threshold", 1, [1, 1], [0, 2], [0.5, 1.5], [1.0, 1.0], [0.0, 0.0, 9.0])
    >>> slim = slim_encoder(e, np.array([2]))
    >>> slim.feature.tolist(), slim.fill.tolist()
    ([0, 0], [9.0])
    """
    place = np.zeros(encoder.features, dtype=np.int32)
    place[read] = np.arange(len(read))
    return replace(encoder, feature=place[encoder.feature], fill=encoder.fill[read])
