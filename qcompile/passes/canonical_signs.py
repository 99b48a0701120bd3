"""One sign per neuron: the first nonzero weight is positive, thresholds count upwards.

(-u'x)(v'x) = -(u'x)(v'x), so the sign of a row of u or v moves into alpha, and neurons that are
equal up to sign become equal; an even polynomial and a square lose the sign altogether. Before a
threshold the sign of the row is chosen so that every comparison is >=:
w'a <= L  <=>  (-w)'a >= -L.

Before:
    %x : i4[2] = input
    %u : i8[1] = dot %x
      weight = int(1, 2)
        -1 1
    %v : i8[1] = dot %x
      weight = int(1, 2)
        1 1
    %h : i16[1] = mul %u %v
    %s : i16[1] = dot %h
      weight = int(1, 1)
        3
    output scores = %s
After:
    %x : i4[2] = input
    %u : i8[1] = dot %x
      weight = int(1, 2)
        1 -1
    %v : i8[1] = dot %x
      weight = int(1, 2)
        1 1
    %h : i16[1] = mul %u %v
    %s : i16[1] = dot %h
      weight = int(1, 1)
        -3
    output scores = %s
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.fit import fit_types
from qcompile.ir.ops import Affine, Dot, Mul, Op, Poly, Threshold
from qcompile.ir.program import Program
from qcompile.targets.schema import Target

AFTER = ("fold_thresholds",)
LOWEST = np.iinfo(np.int64).min
Signs = NDArray[np.int64]


def run(program: Program, target: Target | None = None) -> Program:
    """Choose the sign of every dot row that is read by a threshold, a product or an even polynomial."""
    for op in program.ops:
        program = _canonical(program, op.result)
    return fit_types(program)


def _canonical(program: Program, name: str) -> Program:
    op = program[name]
    match op:
        case Threshold() if _chain(program, op.a, op) and (op.levels > LOWEST).all():
            down = op.sign < 0
            levels = np.where(down[:, None], -op.levels[:, ::-1], op.levels)
            upward = replace(op, levels=levels, sign=np.ones_like(op.sign))
            return _negated(_replaced(program, upward), op.a, np.where(down, -1, 1))
        case Poly() if op.coefficients[1] == 0 and (chain := _chain(program, op.a, op)):
            return _negated(program, op.a, _signs(chain))
        case Mul() if op.a == op.b and (chain := _chain(program, op.a, op)):
            return _negated(program, op.a, _signs(chain))
        case Mul() if op.a != op.b and name not in program.outputs.values():
            readers = program.users(name)
            if not readers or not all(isinstance(r, Dot) for r in readers):
                return program
            moved = np.ones(op.type.channels, dtype=np.int64)
            for operand in (op.a, op.b):
                if chain := _chain(program, operand, op):
                    signs = _signs(chain)
                    moved *= signs
                    program = _negated(program, operand, signs)
            for reader in readers:
                assert isinstance(reader, Dot)
                program = _replaced(program, replace(reader, weight=reader.weight * moved))
    return program


def _chain(program: Program, value: str, reader: Op) -> tuple[Op, ...]:
    """The affines and the dot that make a value only ``reader`` reads; () if it is not so made."""
    chain: list[Op] = []
    while True:
        op = program[value]
        if value in program.outputs.values() or program.users(value) != (reader,):
            return ()
        chain.append(op)
        if isinstance(op, Dot):
            return tuple(chain)
        if not isinstance(op, Affine):
            return ()
        value, reader = op.a, op


def _signs(chain: tuple[Op, ...]) -> Signs:
    """-1 where the first nonzero weight of a row is negative (the shift's sign for a zero row)."""
    dot = chain[-1]
    assert isinstance(dot, Dot)
    columns = [dot.weight]
    columns += [_column(op.shift, op.type.channels) for op in reversed(chain) if isinstance(op, Affine)]
    entries = np.concatenate(columns, axis=1)
    first = np.argmax(entries != 0, axis=1)
    return np.where(np.take_along_axis(entries, first[:, None], axis=1)[:, 0] < 0, -1, 1)


def _negated(program: Program, value: str, signs: Signs) -> Program:
    """The program with elements of a chain's value negated where signs is -1."""
    if (signs > 0).all():
        return program
    op = program[value]
    if isinstance(op, Affine):
        shift = _column(op.shift, op.type.channels)[:, 0] * signs
        return _negated(_replaced(program, replace(op, shift=shift)), op.a, signs)
    assert isinstance(op, Dot)
    return _replaced(program, replace(op, weight=op.weight * signs[:, None]))


def _column(constant: Signs, length: int) -> Signs:
    return np.broadcast_to(constant, length).reshape(length, 1)


def _replaced(program: Program, new: Op) -> Program:
    return program.with_ops(tuple(new if op.result == new.result else op for op in program.ops))
