"""Network to Program: the definition of ``network.forward``, one operation per line.

    form "bilinear"                               form "polynomial"
    %x      = input          raw float32 row      %x      = input
    %codes  = encode %x      c in 0..2^B - 1      %codes  = encode %x
    %q      = affine %codes  2c - (2^B - 1)       %q      = affine %codes
    %tu     = dot %q, u                           %t      = dot %q, u
    %tv     = dot %q, v                           %h      = poly %t  a t^2 + b t + c
    %h      = mul %tu, %tv                        %scores = dot %h, alpha'
    %scores = dot %h, alpha'  [+ bias]            ...
    %label  = argmax %scores  or  sign %scores    (classification only)
    %values = scale %scores

Nothing is decided here: the passes choose how it is computed.
"""

from __future__ import annotations

import numpy as np

from qcompile.ir.fit import fit_types
from qcompile.ir.ops import Affine, Argmax, Dot, Encode, Input, Mul, Op, Poly, Scale, Sign
from qcompile.ir.program import Program
from qcompile.ir.types import F32, F64, ValueType
from qcompile.model.network import Network


def lower(network: Network, name: str = "model") -> Program:
    """The program of a network; interpreted, it equals ``network.forward`` on every row.

    Args:
        network: any network.
        name: of the model; free text.

    Returns:
        A program with outputs "scores", "values" and, for classification, "label". Its metadata
        holds what the operations alone do not say: task, form, weights, activation, provenance.

    Raises:
        CompileError: the static bound of a value does not fit int64.

    >>> from qcompile.model.encoder import Encoder
    >>> e = Encoder("threshold", 1, [1, 4], [0, 0], [0.5, 0.0], [1.0, 1.0], [0.0])
    >>> n = Network(e, [[1, 1]], [[1, -1]], [[3]], 1.0, task="regression")
    >>> [f"{op.result}: {op.type}" for op in lower(n).ops][2:6]
    ['q: i8[2]', 'tu: i8[1]', 'tv: i8[1]', 'h: i8[1]']
    """
    d, m, columns = network.width, network.neurons, network.alpha.shape[1]
    top = network.encoder.top
    u, v, alpha = (w.astype(np.int64) for w in (network.u, network.v, network.alpha.T))
    ops: list[Op] = [
        Input("x", ValueType(*F32, network.encoder.features)),
        Encode("codes", _whole(d), "x", network.encoder),
        Affine("q", _whole(d), "codes", np.array([2]), np.array([-top])),
    ]
    if not m:  # no vector is empty: the scores are a product with zeros and a constant
        ops.append(Dot("zeros", _whole(columns), "q", np.zeros((columns, d), dtype=np.int64)))
    elif network.form == "bilinear":
        ops += [
            Dot("tu", _whole(m), "q", u),
            Dot("tv", _whole(m), "q", v),
            Mul("h", _whole(m), "tu", "tv"),
        ]
    else:
        ops += [
            Dot("t", _whole(m), "q", u),
            Poly("h", _whole(m), "t", network.activation),
        ]
    if m:
        sums = "sums" if network.constants.any() else "scores"
        ops.append(Dot(sums, _whole(columns), "h", alpha))
    else:
        sums = "zeros"
    if sums != "scores":
        ops.append(Affine("scores", _whole(columns), sums, np.array([1]), network.constants))
    outputs = {"scores": "scores", "values": "values"}
    if network.task == "classification":
        decision = Sign if columns == 1 else Argmax
        ops.append(decision("label", _whole(1), "scores"))
        outputs["label"] = "label"
    scale, offset = np.full(columns, network.scale), np.full(columns, network.offset)
    ops.append(Scale("values", ValueType(*F64, columns), "scores", scale, offset))
    program = Program(
        name=name,
        ops=tuple(ops),
        outputs=outputs,
        classes=network.classes,
        columns=network.columns,
        metadata={
            "task": network.task,
            "form": network.form,
            "weights": network.weights,
            "activation": list(network.activation),
            "provenance": dict(network.provenance),
        },
    )
    return fit_types(program)


def _whole(length: int) -> ValueType:
    """Any integer vector; ``fit_types`` narrows it at the end."""
    return ValueType("i", 64, length)
