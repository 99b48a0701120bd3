"""Bundles: values that share their elements, so that an element can leave all of them at once.

Element i of an element-wise operation's result comes from element i of its operands. So values
fall into bundles (connected by affine, poly, threshold, mul, add), fed by encode and dot, and read
by dot. An element of a bundle may leave if no value of the bundle is an output or read by anything
else: the feeding encoder columns or dot rows go, the constants of the operations between go, and
the reading dots lose a column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.encoder import Encoder
from qcompile.data.step_encoder import StepEncoder
from qcompile.ir.ops import Add, Affine, Dot, Encode, Mul, Op, Poly, Threshold
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType

__all__ = ["Bundle", "at_least_one", "bundles", "narrow"]

ELEMENTWISE = (Affine, Poly, Threshold, Mul, Add)
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Bundle:
    """Names of the values, of the operations that feed them, and of the dots that read them."""

    values: frozenset[str]
    length: int
    sources: tuple[str, ...]
    readers: tuple[str, ...]


def bundles(program: Program) -> Iterator[Bundle]:
    """Bundles whose elements may leave, last first."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for op in program.ops:
        root[op.result] = op.result
        if isinstance(op, ELEMENTWISE):
            for a in op.operands:
                root[find(a)] = op.result
    groups: dict[str, set[str]] = {}
    for op in program.ops:
        groups.setdefault(find(op.result), set()).add(op.result)
    for values in reversed(list(groups.values())):
        members = [op for op in program.ops if op.result in values]
        readers = [op for op in program.ops if values & set(op.operands) and not isinstance(op, ELEMENTWISE)]
        sources = [op for op in members if not isinstance(op, ELEMENTWISE)]
        movable = all(isinstance(op, Encode | Dot) for op in sources)
        if movable and not values & set(program.outputs.values()):
            if readers and all(isinstance(op, Dot) for op in readers):
                yield Bundle(
                    frozenset(values),
                    members[0].type.length,
                    tuple(op.result for op in sources),
                    tuple(op.result for op in readers),
                )


def at_least_one(keep: Mask) -> Mask:
    """The mask, or one that keeps the first element where none would stay."""
    return keep if keep.any() or not len(keep) else np.arange(len(keep)) == 0


def narrow(program: Program, bundle: Bundle, keep: Mask) -> Program:
    """Remove the elements outside ``keep`` from every value of a bundle and from its readers.

    The first element stays where none would: no value of a program becomes empty.
    """
    keep = at_least_one(keep)
    if keep.all():
        return program
    return program.with_ops(tuple(_narrowed(op, bundle, keep) for op in program.ops))


def _narrowed(op: Op, bundle: Bundle, keep: Mask) -> Op:
    if isinstance(op, Dot) and op.a in bundle.values:
        op = replace(op, weight=op.weight[:, keep])
    if op.result not in bundle.values:
        return op
    changed: dict[str, Any] = {"type": ValueType(op.type.kind, op.type.bits, int(keep.sum()))}
    match op:
        case Encode():
            changed["encoder"] = _columns(op.encoder, keep)
        case Dot():
            changed["weight"] = op.weight[keep]
        case Affine():
            for name in ("scale", "shift"):
                constant = getattr(op, name)
                changed[name] = constant if len(constant) == 1 else constant[keep]
        case Threshold():
            changed |= {"levels": op.levels[keep], "sign": op.sign[keep]}
    return replace(op, **changed)


def _columns(encoder: Encoder | StepEncoder, keep: Mask) -> Encoder | StepEncoder:
    if isinstance(encoder, StepEncoder):
        return encoder.columns(keep)
    names = ("kind", "feature", "shift", "gain")
    return replace(encoder, **{name: getattr(encoder, name)[keep] for name in names})
