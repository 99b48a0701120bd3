"""The Network inside a program, where there is one: what the model file's metadata says of it."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.ops import Affine, Argmax, Dot, Encode, Input, Mul, Op, Poly, Scale, Sign
from qcompile.ir.program import Program
from qcompile.json_records import Json
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model_file.columns import short_names
from qcompile.model_file.digits import digits_of

DECISIONS = (Argmax, Sign)
# Versions of the description: the second one has a bias.
VERSION, WITH_BIAS = 1, 2


def describe_network(program: Program) -> Json | None:
    """JSON-able description of the two-layer network that a program is, or None if it is another.

    Arrays that the graph holds (weights, alpha, the encoder's) are not repeated.
    """
    first = [op for op in program.ops if not isinstance(op, DECISIONS)]
    if constant := _constant(program, first):
        return constant
    first, bias = _without_bias(first)
    bilinear = [Input, Encode, Affine, Dot, Dot, Mul, Dot, Scale]
    shared = [Input, Encode, Affine, Dot, Mul, Dot, Scale]
    polynomial = [Input, Encode, Affine, Dot, Poly, Dot, Scale]
    kinds: list[type[Op]] = [type(op) for op in first]
    if kinds not in (bilinear, shared, polynomial):
        return None
    encode, affine, middle, alpha, scale = first[1], first[2], first[-3], first[-2], first[-1]
    assert isinstance(encode, Encode) and isinstance(affine, Affine) and isinstance(scale, Scale)
    assert isinstance(alpha, Dot)
    dots = {op.result: op for op in first[3:-3] if isinstance(op, Dot)}
    encoder = encode.encoder
    if not isinstance(encoder, Encoder):
        return None
    straight = (
        (affine.scale == 2).all()
        and (affine.shift == -encoder.top).all()
        and all(op.a == affine.result for op in dots.values())
        and set(middle.operands) == set(dots)
        and alpha.a == middle.result
        and scale.a == (bias.result if bias else alpha.result) == program.outputs["scores"]
        and (bias is None or (bias.a == alpha.result and (bias.scale == 1).all()))
        and program.outputs.get("values") == scale.result
        and len(scale.scale) == len(scale.offset) > 0
        and (scale.scale == scale.scale[0]).all()
        and (scale.offset == scale.offset[0]).all()
    )
    if not straight:
        return None
    polynomial_form = isinstance(middle, Poly)
    weights = np.concatenate([op.weight for op in dots.values()])
    digits = digits_of(2 * weights)
    facts = {
        "version": VERSION,
        "name": program.name,
        "form": "polynomial" if polynomial_form else "bilinear",
        "activation": list(middle.coefficients if isinstance(middle, Poly) else (1, 0, 0)),
        "weights": program.metadata.get("weights", _grid(weights)),
        **_outside(program, scale),
        "neurons": len(next(iter(dots.values())).weight),
        "vectors": [list(dots).index(name) for name in middle.operands],
        "scores": len(alpha.weight),
        "digits": [digits.low, digits.step, digits.base],
        "encoder": _describe_encoder(encoder),
    }
    return facts if bias is None else facts | _with_bias(bias, len(alpha.weight))


def _outside(program: Program, scale: Scale) -> Json:
    """What surrounds the neurons."""
    return {
        "task": "classification" if "label" in program.outputs else "regression",
        "scale": float(scale.scale[0]),
        "offset": float(scale.offset[0]),
        "classes": list(program.classes),
        "columns": short_names(program.columns),
    }


def _with_bias(bias: Affine, columns: int) -> Json:
    """A reader of version 1 would leave the bias out."""
    return {"version": WITH_BIAS, "bias": np.broadcast_to(bias.shift, columns).tolist()}


def _constant(program: Program, ops: list[Op]) -> Json | None:
    """The description of a network without neurons, as ``lower`` writes it, or None."""
    if [type(op) for op in ops] != [Input, Encode, Affine, Dot, Affine, Scale]:
        return None
    encode, levels, zeros, bias, scale = ops[1:]
    assert isinstance(encode, Encode) and isinstance(zeros, Dot) and isinstance(scale, Scale)
    assert isinstance(bias, Affine)
    encoder = encode.encoder
    straight = (
        zeros.a == levels.result
        and not zeros.weight.any()
        and bias.a == zeros.result
        and (bias.scale == 1).all()
        and scale.a == bias.result == program.outputs["scores"]
        and program.outputs.get("values") == scale.result
        and (scale.scale == scale.scale[0]).all()
        and (scale.offset == scale.offset[0]).all()
        and {"form", "activation", "weights"} <= set(program.metadata)
    )
    if not straight or not isinstance(encoder, Encoder):
        return None
    return {
        "name": program.name,
        **{name: program.metadata[name] for name in ("form", "activation", "weights")},
        **_outside(program, scale),
        "neurons": 0,
        "vectors": [0, 0] if program.metadata["form"] == "polynomial" else [0, 1],
        "scores": len(zeros.weight),
        "encoder": _describe_encoder(encoder),
        **_with_bias(bias, len(zeros.weight)),
    }


def _without_bias(ops: list[Op]) -> tuple[list[Op], Affine | None]:
    """The operations without an affine after the last dot, and that affine."""
    if len(ops) > 2 and isinstance(ops[-2], Affine) and isinstance(ops[-3], Dot):
        return [*ops[:-2], ops[-1]], ops[-2]
    return ops, None


def _grid(weights: NDArray[np.int64]) -> str:
    """The smallest weight grid of ``network.WEIGHTS`` that holds the entries."""
    if (weights == 0).any():
        return "ternary"
    top = int(np.abs(weights).max(initial=1))
    return "binary" if top == 1 else f"{top.bit_length()}bit"


def _describe_encoder(encoder: Encoder) -> Json:
    """Name, bits, the number of columns of each kind, and what the graph has no use for."""
    described: Json = {
        "name": encoder.name,
        "bits": encoder.bits,
        "features": encoder.features,
        "kinds": [encoder.of_kind(k).stop - encoder.of_kind(k).start for k in ColumnKind],
    }
    unused = {
        "feature": (ColumnKind.CONSTANT, encoder.feature, 0),
        "shift": (ColumnKind.MISSING, encoder.shift, 0),
        "gain": (ColumnKind.GREATER, encoder.gain, 1),
    }
    for name, (kind, array, default) in unused.items():
        rest = array[encoder.of_kind(kind).start :]
        if (rest != default).any():
            described[name] = base64.b64encode(rest.tobytes()).decode()
    return described
