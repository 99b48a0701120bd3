"""Bundles: values that share their channels, so that a channel can leave all of them at once.

Channel i of a channelwise operation's result comes from channel i of its operands. So values fall
into bundles (connected by affine, threshold, maxpool, ..), fed by encode and by layers, and read by
layers: dots, and convolutions without groups. A channel of a bundle may leave if no value of the
bundle is an output or read by anything else: the feeding encoder columns or rows of weights go, the
constants of the operations between go, and the reading layers lose a column. Elements of a vector are
its channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from qcompile.ir.operation import Mask, Op
from qcompile.ir.ops.conv import Conv
from qcompile.ir.ops.dot import Dot
from qcompile.ir.ops.encode import Encode
from qcompile.ir.program import Program


@dataclass(frozen=True)
class Bundle:
    """Names of the values, of the operations that feed them, and of the layers that read them."""

    values: frozenset[str]
    channels: int
    sources: tuple[str, ...]
    readers: tuple[str, ...]


def layer(op: Op) -> Dot | Conv | None:
    """The operation if every channel it makes reads every channel: weights end in the channels read."""
    return op if isinstance(op, Dot) or (isinstance(op, Conv) and op.groups == 1) else None


def bundles(program: Program) -> Iterator[Bundle]:
    """Bundles whose channels may leave, last first."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for op in program.ops:
        root[op.result] = op.result
        if op.channelwise:
            for a in op.operands:
                root[find(a)] = op.result
    groups: dict[str, set[str]] = {}
    for op in program.ops:
        groups.setdefault(find(op.result), set()).add(op.result)
    for values in reversed(list(groups.values())):
        members = [op for op in program.ops if op.result in values]
        readers = [op for op in program.ops if values & set(op.operands) and not op.channelwise]
        sources = [op for op in members if not op.channelwise]
        movable = all(isinstance(op, Encode) or layer(op) for op in sources)
        if movable and not values & set(program.outputs.values()):
            if readers and all(layer(op) for op in readers):
                yield Bundle(
                    frozenset(values),
                    members[0].type.channels,
                    tuple(op.result for op in sources),
                    tuple(op.result for op in readers),
                )


def at_least_one(keep: Mask) -> Mask:
    """The mask, or one that keeps the first element where none would stay."""
    return keep if keep.any() or not len(keep) else np.arange(len(keep)) == 0


def narrow(program: Program, bundle: Bundle, keep: Mask) -> Program:
    """Remove the channels outside ``keep`` from every value of a bundle and from its readers.

    The first channel stays where none would: no value of a program becomes empty.
    """
    keep = at_least_one(keep)
    if keep.all():
        return program
    return program.with_ops(tuple(_narrowed(op, bundle, keep) for op in program.ops))


def _narrowed(op: Op, bundle: Bundle, keep: Mask) -> Op:
    if (reader := layer(op)) and reader.a in bundle.values:
        op = replace(reader, weight=reader.weight[..., keep])
    return op.kept(keep) if op.result in bundle.values else op
