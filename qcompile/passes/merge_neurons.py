"""Neurons that are always equal become one, and their second-layer weights are added.

Elements are equal if the same operations made them from equal rows (products in either order; with
canonical signs that covers (u, v), (v, u), (-u, -v) and (u, -v)). Classes that chose the same
neuron share it from here on. The others keep a zero column, which drop_dead removes.

A hidden layer of signs is left alone where adding two columns would need more bits than it saves.

Before:
    %x : i4[2] = input
    %u : i8[2] = dot %x
      weight = int(2, 2)
        1 -1
        1 1
    %v : i8[2] = dot %x
      weight = int(2, 2)
        1 1
        1 -1
    %h : i16[2] = mul %u %v
    %s : i16[2] = dot %h
      weight = int(2, 2)
        3 0
        1 5
    output scores = %s
After:
    %x : i4[2] = input
    %u : i8[2] = dot %x
      weight = int(2, 2)
        1 -1
        1 1
    %v : i8[2] = dot %x
      weight = int(2, 2)
        1 1
        1 -1
    %h : i16[2] = mul %u %v
    %s : i16[2] = dot %h
      weight = int(2, 2)
        3 0
        6 0
    output scores = %s
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.fit import fit_types
from qcompile.ir.ops.conv import Conv
from qcompile.ir.ops.dot import Dot
from qcompile.ir.program import Program
from qcompile.passes.bundles import Bundle, bundles, layer
from qcompile.targets.schema import Target

AFTER = ("canonical_signs",)
Group = NDArray[np.int64]


def run(program: Program, target: Target | None = None) -> Program:
    """Add the reader's columns of equal elements, into the first of them."""
    for bundle in bundles(program):
        if all(layer(program[name]) for name in bundle.sources):
            program = _merged(program, bundle)
    return fit_types(program)


def _merged(program: Program, bundle: Bundle) -> Program:
    readers = [op for name in bundle.readers if (op := layer(program[name]))]
    identity = _Identity(program)
    first: dict[Hashable, int] = {}
    read = sorted({op.a for op in readers})
    keys = zip(*(identity.of(value) for value in read), strict=True)
    group = np.array([first.setdefault(key, i) for i, key in enumerate(keys)], dtype=np.int64)
    removed = len(group) - len(first)
    if not removed or not _worth(program, bundle, readers, group, removed):
        return program
    new = {op.result: replace(op, weight=_summed(op.weight, group)) for op in readers}
    return program.with_ops(tuple(new.get(op.result, op) for op in program.ops))


def _summed(weight: Group, group: Group) -> Group:
    out = np.zeros_like(weight)
    np.add.at(out.T, group, weight.T)
    return out


def _worth(program: Program, bundle: Bundle, readers: list[Dot | Conv], group: Group, removed: int) -> bool:
    """Whether the weights saved outnumber those that leave the grid of signs and trits; no overflow."""
    saved = sum(math.prod(op.weight.shape[1:]) for name in bundle.sources if (op := layer(program[name])))
    wider = 0
    for op in readers:
        sums = np.abs(op.weight.astype(np.float64)).sum(axis=tuple(range(1, op.weight.ndim)))
        if sums.max(initial=0) >= 2.0**62:
            return False
        if np.abs(op.weight).max(initial=0) <= 1 and np.abs(_summed(op.weight, group)).max(initial=0) > 1:
            wider += math.prod(op.weight.shape[:-1]) * (len(group) - removed)
    return bool(removed * saved >= wider)


class _Identity:
    """For every channel of a value a number; equal numbers mean equal channels on every row."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.seen: dict[Hashable, int] = {}
        self.known: dict[str, list[int]] = {}

    def of(self, name: str) -> list[int]:
        if name not in self.known:
            self.known[name] = [self.seen.setdefault(key, len(self.seen)) for key in self._keys(name)]
        return self.known[name]

    def _keys(self, name: str) -> list[Hashable]:
        op = self.program[name]
        if isinstance(op, Dot | Conv):
            return [(op.a, *constants) for constants in op.constants_of_channels()]
        if not op.channelwise:
            return [(name, i) for i in range(op.type.channels)]
        read: list[tuple[int, ...]] = list(zip(*(self.of(a) for a in op.operands), strict=True))
        operands = [tuple(sorted(key)) for key in read] if op.commutes else read
        return [(op.word(), *key) for key in zip(operands, op.constants_of_channels(), strict=True)]
