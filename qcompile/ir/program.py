"""Program: a list of operations in order, with named outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np

from qcompile.errors import CompileError
from qcompile.ir.operation import Op
from qcompile.ir.ops.input import Input


@dataclass(frozen=True, eq=False)
class Program:
    """Single static assignment: every operand is the result of an earlier operation.

    Attributes:
        name: of the model; never used unsanitised in generated code.
        ops: in order of execution; exactly one ``Input``, first.
        outputs: role -> value name. Roles: "scores" (integers, always), "label" (class index,
            classification), "values" (float64 = scale * score + offset).
        classes: class names in label order.
        columns: raw feature names.
        metadata: JSON-able provenance, carried along.
    """

    name: str
    ops: tuple[Op, ...]
    outputs: Mapping[str, str]
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.ops or not isinstance(self.ops[0], Input):
            raise CompileError("a program starts with its input.")
        seen: set[str] = set()
        for op in self.ops:
            missing = [a for a in op.operands if a not in seen]
            if missing:
                raise CompileError(f"%{op.result} reads %{missing[0]}, which no earlier operation makes.")
            if op.result in seen:
                raise CompileError(f"%{op.result} is made twice.")
            seen.add(op.result)
        lost = [v for v in self.outputs.values() if v not in seen]
        if lost or "scores" not in self.outputs:
            raise CompileError(f"outputs {dict(self.outputs)} must name 'scores' and existing values.")

    def __getitem__(self, name: str) -> Op:
        for op in self.ops:
            if op.result == name:
                return op
        raise KeyError(name)

    @property
    def input(self) -> Input:
        """The input operation."""
        first = self.ops[0]
        assert isinstance(first, Input)
        return first

    def with_ops(self, ops: tuple[Op, ...], **changes: Any) -> Program:
        """A copy with other operations."""
        return replace(self, ops=ops, **changes)

    def users(self, name: str) -> tuple[Op, ...]:
        """Operations that read a value."""
        return tuple(op for op in self.ops if name in op.operands)

    def equals(self, other: Program) -> bool:
        """Whether operations and outputs are the same, as their texts would be."""
        same = len(self.ops) == len(other.ops) and dict(self.outputs) == dict(other.outputs)
        return same and all(_equal(a, b) for a, b in zip(self.ops, other.ops, strict=True))

    def pruned(self) -> Program:
        """A copy without the operations that no output needs; the input stays."""
        needed = set(self.outputs.values())
        kept: list[Op] = []
        for op in reversed(self.ops):
            if op.result in needed or isinstance(op, Input):
                kept.append(op)
                needed.update(op.operands)
        return self.with_ops(tuple(reversed(kept)))

    def fresh(self, wish: str) -> str:
        """A value name that is not taken: the wish, or the wish with a number."""
        taken = {op.result for op in self.ops}
        return next(n for n in (wish, *(f"{wish}{k}" for k in range(len(taken) + 1))) if n not in taken)


def _equal(a: Any, b: Any) -> bool:
    """Of operations, encoders, arrays and what else they hold."""
    if a is b:
        return True
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return (a.shape, a.dtype, a.tobytes()) == (b.shape, b.dtype, b.tobytes())
    if is_dataclass(a) and type(a) is type(b):
        return all(_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return bool(a == b)
