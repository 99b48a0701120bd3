"""Vector types, and how a definition becomes a Numba intrinsic.

An instruction is a name, a signature, one line of numpy that says what it means, and one or more
ways to emit it: ``portable`` in plain LLVM operations (the backend legalises those for any CPU),
and optionally a better spelling for one instruction set.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import llvmlite.ir as ir
from numba.core import types
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

from qcompile.kernels.simd.isa import ISAS

BYTES = 64
Emit = Callable[..., Any]

ELEMENTS: dict[str, Any] = {
    "u8": ir.IntType(8),
    "i16": ir.IntType(16),
    "i32": ir.IntType(32),
    "i64": ir.IntType(64),
    "f32": ir.FloatType(),
}
WIDTH = {"u8": 1, "i16": 2, "i32": 4, "i64": 8, "f32": 4}
SCALARS = {"address": types.intp, "int": types.int64, "float": types.float32}
I32 = ir.IntType(32)


class Vector(types.Type):
    """64 bytes of one element type, held in registers."""

    def __init__(self, element: str) -> None:
        self.element = element
        self.lanes = BYTES // WIDTH[element]
        self.llvm = ir.VectorType(ELEMENTS[element], self.lanes)
        super().__init__(name=f"vector_{element}x{self.lanes}")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, kind.llvm)  # type: ignore[no-untyped-call]


VECTORS = {element: Vector(element) for element in ELEMENTS}


@dataclass(frozen=True)
class Instruction:
    """One name of the vocabulary.

    Attributes:
        name: as kernels write it.
        operands: kinds: an element ("u8", "i16", ..) for a vector, "address", "int" or "float".
        result: likewise, or "none".
        meaning: one numpy expression in the operands a, b, c; the tests evaluate it.
        emit: instruction set name (or "portable") -> function of (builder, *operands).
    """

    name: str
    operands: tuple[str, ...]
    result: str
    meaning: str
    emit: Mapping[str, Emit]

    def spelling(self, isa: str) -> Emit:
        """The emitter for an instruction set: its own, else the portable one."""
        return self.emit.get(isa) or self.emit["portable"]


TABLE: dict[str, Instruction] = {}


def define(signature: str, meaning: str, portable: Emit, **special: Emit) -> None:
    """Add an instruction: ``define("add_u8 u8 u8 -> u8", "a + b", emit, avx2=.., avx512=..)``."""
    left, result = signature.split("->")
    name, *operands = left.split()
    if name in TABLE:
        raise ValueError(f"instruction {name} is defined twice.")
    TABLE[name] = Instruction(
        name, tuple(operands), result.strip(), meaning, {"portable": portable, **special}
    )


def kind(name: str) -> Any:
    """Numba type of an operand kind."""
    if name == "none":
        return types.void
    return SCALARS.get(name) or VECTORS[name]


def _intrinsic(instruction: Instruction, isa: str) -> Any:
    emit = instruction.spelling(isa)
    signature = kind(instruction.result)(*map(kind, instruction.operands))

    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        result = emit(builder, *arguments)
        return context.get_dummy_value() if instruction.result == "none" else result

    # Numba reads the number of parameters from the function object itself.
    names = "abcdef"[: len(instruction.operands)]
    scope: dict[str, Any] = {"answer": (signature, code)}
    exec(f"def {instruction.name}(typing, {', '.join(names)}): return answer", scope)
    return intrinsic(scope[instruction.name])


@functools.cache
def vocabulary(isa: str) -> SimpleNamespace:
    """All instructions as Numba intrinsics, spelled for one instruction set.

    >>> vocabulary("scalar").xor_u8.__name__
    'xor_u8'
    """
    import qcompile.kernels.simd.arithmetic
    import qcompile.kernels.simd.lookup
    import qcompile.kernels.simd.memory
    import qcompile.kernels.simd.permute  # noqa: F401

    assert isa in ISAS, isa
    return SimpleNamespace(**{name: _intrinsic(one, isa) for name, one in TABLE.items()})


# --- words of the emitters -------------------------------------------------------------------


def call(builder: Any, name: str, result: Any, *operands: Any) -> Any:
    """Call an LLVM function by name, declaring it on first use."""
    module = builder.module
    function = module.globals.get(name)
    if function is None:
        function = ir.Function(module, ir.FunctionType(result, [o.type for o in operands]), name)
    return builder.call(function, operands)


def shuffle(builder: Any, x: Any, y: Any, order: list[int]) -> Any:
    """Lanes of the concatenation of x and y, in constant order."""
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(I32, len(order)), order))


def splat(builder: Any, x: Any, lanes: int) -> Any:
    """The scalar x in every lane."""
    empty = ir.Constant(ir.VectorType(x.type, lanes), ir.Undefined)
    return shuffle(builder, builder.insert_element(empty, x, I32(0)), empty, [0] * lanes)


def halves(builder: Any, x: Any, parts: int) -> list[Any]:
    """A vector cut into equal parts."""
    n = x.type.count // parts
    return [shuffle(builder, x, x, list(range(i * n, i * n + n))) for i in range(parts)]


def join(builder: Any, parts: list[Any]) -> Any:
    """Inverse of ``halves``; the number of parts is a power of two."""
    while len(parts) > 1:
        n = parts[0].type.count
        parts = [
            shuffle(builder, a, b, list(range(2 * n))) for a, b in zip(parts[::2], parts[1::2], strict=True)
        ]
    return parts[0]
