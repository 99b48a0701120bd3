"""dot(concat(a, b)) becomes dot(a) + dot(b), for back-ends that join no values.

Quantizers and other channelwise operations on the way move to the parts. What else reads a concat
gets its channels by dots with a single one in each row.

Before:
    %x : u2[2] = input
    %y : i8[2] = affine %x
      scale = int(1)
        1
      shift = int(1)
        -1
    %c : i8[4] = concat %x %y
    %s : i16[1] = dot %c
      weight = int(1, 4)
        5 6 7 8
    output scores = %s
After:
    %x : u2[2] = input
    %y : i8[2] = affine %x
      scale = int(1)
        1
      shift = int(1)
        -1
    %s_0 : i8[1] = dot %x
      weight = int(1, 2)
        5 6
    %s_1 : i8[1] = dot %y
      weight = int(1, 2)
        7 8
    %s : i8[1] = add %s_0 %s_1
    output scores = %s
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
from qcompile.ir.ops.add import Add
from qcompile.ir.ops.concat import Concat
from qcompile.ir.ops.dot import Dot
from qcompile.ir.program import Program
from qcompile.targets.schema import Target

AFTER: tuple[str, ...] = ()
REMOVES: tuple[type[Op], ...] = (Concat,)


def run(program: Program, target: Target | None = None) -> Program:
    """Write concats as sums of dots."""
    if not any(isinstance(op, Concat) for op in program.ops):
        return program
    return fit_types(_Parts(program).apart())


class _Parts:
    """Values that are kept as their parts, and the operations made so far."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.outputs = set(program.outputs.values())
        self.made: dict[str, Op] = {}
        self.parts: dict[str, tuple[Op, ...]] = {}
        self.whole: dict[str, Op] = {op.result: op for op in program.ops}

    def apart(self) -> Program:
        for op in self.program.ops:
            joined = [a for a in op.operands if a in self.parts]
            if isinstance(op, Concat):
                flat = (self.parts[a] if a in self.parts else (self.made[a],) for a in op.parts)
                self.parts[op.result] = tuple(part for parts in flat for part in parts)
            elif joined and op.channelwise and len(op.operands) == 1:
                self.parts[op.result] = tuple(self._each(op))
            elif joined and isinstance(op, Dot):
                self._sum(op.result, self.parts[op.a], op)
            else:
                for a in joined:
                    self._join(a)
                self.made[op.result] = op
            if op.result in self.outputs and op.result in self.parts:
                self._join(op.result)
        return self.program.with_ops(tuple(self.made.values())).pruned()

    def _slices(self, parts: tuple[Op, ...]) -> Iterator[tuple[int, Op, slice]]:
        start = 0
        for k, part in enumerate(parts):
            yield k, part, slice(start, start := start + part.type.channels)

    def _name(self, value: str, k: int) -> str:
        taken = self.made.keys() | self.whole.keys()
        wishes = (f"{value}_{'' if not n else f'{n}_'}{k}" for n in range(len(taken) + 1))
        return next(wish for wish in wishes if wish not in taken)

    def _each(self, op: Op) -> Iterator[Op]:
        (a,) = op.operands
        for k, part, channels in self._slices(self.parts[a]):
            keep = np.zeros(op.type.channels, dtype=np.bool_)
            keep[channels] = True
            name = self._name(op.result, k)
            self.made[name] = replace(op.kept(keep).renamed({a: part.result}), result=name)
            yield self.made[name]

    def _join(self, value: str) -> None:
        """The value itself, for a reader that needs it."""
        if value not in self.made:
            whole = self.whole[value]
            picks = Dot(value, whole.type, "", np.eye(whole.type.channels, dtype=np.int64))
            self._sum(value, self.parts[value], picks)

    def _sum(self, value: str, parts: tuple[Op, ...], like: Dot) -> None:
        total = ""
        for k, part, channels in self._slices(parts):
            last = k == len(parts) - 1
            name = value if len(parts) == 1 else self._name(value, k)
            self.made[name] = Dot(name, like.type, part.result, like.weight[:, channels], notes=like.notes)
            if total:
                result = value if last else self._name(f"{value}_sum", k)
                self.made[result] = Add(result, like.type, total, name)
                name = result
            total = name
