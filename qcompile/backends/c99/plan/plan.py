"""Program to C: which values are stored and in what type, which operations are folded, which kernel.

affine in front of a dot of codes, or behind it    folded into the dot
mul, add, poly, affine read by one wide dot only   computed inside that dot's loop
everything else                                    one buffer each, in the smallest type that fits
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.c99.names import member_names
from qcompile.backends.c99.plan.planes import Planes, decompose
from qcompile.backends.c99.plan.sharing import Alias, stack
from qcompile.backends.c99.plan.types import CodeDot
from qcompile.errors import CompileError
from qcompile.ir.bounds import element_bounds
from qcompile.ir.ops import Add, Affine, Argmax, Dot, Encode, Input, Mul, Op, Poly, Scale, Sign, Threshold
from qcompile.ir.program import Program
from qcompile.ir.support import require
from qcompile.ir.types import smallest_signed
from qcompile.targets.schema import Target

Range = tuple[int, int]
RUNS = (Add, Affine, Argmax, Dot, Encode, Input, Mul, Poly, Scale, Sign, Threshold)


@dataclass(frozen=True, eq=False)
class WideDot:
    """weight @ expression, accumulated in ``bits``; the operand may be computed in the loop."""

    op: Dot
    bits: int


Step = CodeDot | WideDot | Op


@dataclass(frozen=True, eq=False)
class Plan:
    """What is emitted.

    Attributes:
        program: compiled.
        steps: stored values in order of execution; the encoder and decisions left out.
        inline: names that are computed where they are read.
        names: IR value -> C member name.
        types: stored value -> C type.
        ranges: value -> (low, high) over its elements.
        alias: value -> (stored value, first element), where a stacked dot holds several values.
        together: stored dot -> the values it holds, itself first.
        neon: AArch64 vector kernels are used.
        codes: name of the value the integer entry point takes: encode's result, or the input.
    """

    program: Program
    steps: tuple[Step, ...]
    inline: frozenset[str]
    names: dict[str, str]
    types: dict[str, str]
    ranges: dict[str, Range]
    codes: str
    alias: Alias
    together: dict[str, list[str]]
    neon: bool

    def label(self, value: str) -> str:
        """What a value is called in the names of its constants and functions."""
        return self.names[value].removeprefix("v_")


def make_plan(program: Program, target: Target | None, kernel: str = "auto") -> Plan:
    """Choose types, folds and kernels.

    Raises:
        CompileError: a value or a partial sum may leave int64, or the program has a form that C
            cannot serve (a float input without an encoder).
        UnsupportedError: it has an operation that C does not know.
    """
    require(program, RUNS, "the C back-end")
    codes = next((op.result for op in program.ops if isinstance(op, Encode)), program.input.result)
    if codes == program.input.result and program.input.type.kind == "f":
        raise CompileError("the program reads floats but has no encoder; C needs integer codes.")
    elements = element_bounds(program)
    ranges = {
        n: (min((lo for lo, _ in r), default=0), max((hi for _, hi in r), default=0))
        for n, r in elements.items()
    }
    for name, (low, high) in ranges.items():
        if smallest_signed(low, high) is None:
            raise CompileError(f"%{name} lies in [{low}, {high}] and does not fit int64; use fewer bits.")
    producers = {op.result: op for op in program.ops}
    neon = has_neon(target)
    used = _reachable(program, producers)
    code_dots: dict[str, CodeDot] = {}
    for op in program.ops:
        if isinstance(op, Dot) and op.result in used:
            dot = _code_dot(op, producers, ranges)
            if dot is not None:
                code_dots[op.result] = dot
    _fold_behind(program, used, code_dots, ranges)
    inline = _inline(program, used, code_dots)
    emitted, alias = stack(code_dots, set(program.outputs.values()), target, kernel)
    together = {name: [name] for name in emitted}
    for name, (base, _) in alias.items():
        together[base].append(name)
    steps: list[Step] = []
    types: dict[str, str] = {}
    for op in program.ops:
        if op.result not in used or isinstance(op, Input | Encode | Argmax | Sign | Scale):
            continue
        behind = any(isinstance(u, Affine) and u.result in code_dots for u in program.users(op.result))
        if op.result in inline or behind or _folded(op, program, used, code_dots):
            continue
        if op.result in alias:
            continue
        if op.result in emitted:
            dot = emitted[op.result]
            steps.append(dot)
            spans = [ranges[name] for name in together[op.result]]
            span = (min(low for low, _ in spans), max(high for _, high in spans))
            types[op.result] = _dot_type(span, dot.kernel, neon)
        elif isinstance(op, Dot):
            bits = _partial_bits(op, elements[op.a])
            steps.append(WideDot(op, bits))
            types[op.result] = f"int{bits}_t"
        else:
            steps.append(op)
            types[op.result] = _ctype(ranges[op.result])
    types[codes] = _ctype(ranges[codes])
    score = program.outputs["scores"]
    if types.get(score) in ("uint8_t", "int8_t", "int16_t"):
        types[score] = "int32_t"  # one public score type per width of arithmetic
    names = member_names({op.result: together.get(op.result, [op.result]) for op in program.ops})
    return Plan(program, tuple(steps), inline, names, types, ranges, codes, alias, together, neon)


def has_neon(target: Target | None) -> bool:
    """Whether the AArch64 kernels are used."""
    return target is not None and "neon" in target.features and target.word_bits == 64


def _ctype(r: Range) -> str:
    if r[0] >= 0 and r[1] <= 255:
        return "uint8_t"
    return f"int{smallest_signed(*r)}_t"


def _dot_type(r: Range, kernel: str, neon: bool) -> str:
    """Of a dot's results: tables are summed in int32, vectors are stored as int16 or int32."""
    bits = smallest_signed(*r)
    if kernel == "lut" or (neon and bits not in (8, 16)):
        return "int32_t"
    return "int16_t" if neon else _ctype(r)


def _reachable(program: Program, producers: dict[str, Op]) -> set[str]:
    used: set[str] = set()
    stack = list(program.outputs.values())
    while stack:
        name = stack.pop()
        if name not in used:
            used.add(name)
            stack += producers[name].operands
    return used


def _code_dot(op: Dot, producers: dict[str, Op], ranges: dict[str, Range]) -> CodeDot | None:
    source, scale, shift = op.a, 1, 0
    operand = producers[op.a]
    if isinstance(operand, Affine) and len(set(operand.scale)) == 1 and len(set(operand.shift)) == 1:
        source, scale, shift = operand.a, int(operand.scale[0]), int(operand.shift[0])
    low, high = ranges[source] if source in ranges else (-1, 0)
    if not isinstance(producers[source], Encode | Threshold | Input) or low < 0 or high > 255:
        return None
    w = op.weight
    if not w.size or w.min() < -128 or w.max() > 127:
        return None
    bits = max(1, high.bit_length())
    planes = decompose(w)
    if not _fits(w, planes, scale, shift * w.sum(axis=1), bits):
        return None
    return CodeDot(op, source, scale, shift * w.sum(axis=1), bits, planes, "")


def _fold_behind(
    program: Program, used: set[str], code_dots: dict[str, CodeDot], ranges: dict[str, Range]
) -> None:
    """Take an affine that alone reads a dot into it; the dot is then known by the affine's name."""
    for op in program.ops:
        if not isinstance(op, Affine) or op.a not in code_dots or len(set(op.scale)) != 1:
            continue
        dot, users = code_dots[op.a], [u for u in program.users(op.a) if u.result in used]
        if len(users) != 1 or op.a in program.outputs.values():
            continue
        scale = int(op.scale[0])
        shift = scale * dot.shift + np.broadcast_to(op.shift, dot.shift.shape)
        if not _fits(dot.op.weight, dot.planes, scale * dot.scale, shift, dot.bits):
            continue
        del code_dots[op.a]
        moved = replace(dot.op, result=op.result, type=op.type)
        code_dots[op.result] = replace(dot, op=moved, scale=scale * dot.scale, shift=shift)


def _fits(weight: NDArray[np.int64], planes: Planes, scale: int, shift: NDArray[np.int64], bits: int) -> bool:
    """Whether every intermediate of every kernel stays in int32, and table entries in int16.

    Weighted counts of planes are not bounded by the weights' own sums: planes may cancel. Codes less
    128, of the vector kernel, are at most 128.
    """
    top = max((1 << bits) - 1, 128)
    counts = weight.shape[1] * sum(map(abs, planes.factors))
    largest = (abs(scale) + 1) * top * counts + int(np.abs(shift).max(initial=0))
    return 2 * largest < 2**31 and 8 * abs(scale) * ((1 << bits) - 1) < 2**15


def _inline(program: Program, used: set[str], code_dots: dict[str, CodeDot]) -> frozenset[str]:
    inline = set()
    for op in program.ops:
        free = op.result not in program.outputs.values() and op.result not in code_dots
        if isinstance(op, Mul | Add | Poly | Affine) and free:
            users = [u for u in program.users(op.result) if u.result in used]
            if len(users) == 1 and isinstance(users[0], Dot) and users[0].result not in code_dots:
                inline.add(op.result)
    return frozenset(inline)


def _folded(op: Op, program: Program, used: set[str], code_dots: dict[str, CodeDot]) -> bool:
    """An affine whose every reader is a dot that folded it."""
    if not isinstance(op, Affine) or op.result in program.outputs.values():
        return False
    readers = [u for u in program.users(op.result) if u.result in used]
    return all(u.result in code_dots and code_dots[u.result].source == op.a for u in readers)


def _partial_bits(op: Dot, inputs: list[Range]) -> int:
    """Bits that hold every partial sum in any order: terms counted only where they push outwards."""
    low = np.array([r[0] for r in inputs], dtype=object)
    high = np.array([r[1] for r in inputs], dtype=object)
    w = op.weight.astype(object)
    a, b = w * low, w * high
    zero = np.zeros_like(a)
    top = np.maximum(np.maximum(a, b), zero).sum(axis=1)
    bottom = np.minimum(np.minimum(a, b), zero).sum(axis=1)
    biggest = max(int(np.abs(low).max(initial=0)), int(np.abs(high).max(initial=0)), 1)
    widest = max(biggest, int(np.abs(op.weight).max(initial=0)))
    bits = smallest_signed(
        min(int(bottom.min(initial=0)), -widest), max(int(top.max(initial=0)), widest), (32, 64)
    )
    if bits is None:
        raise CompileError(f"a partial sum of %{op.result} may leave int64; use fewer bits.")
    return bits
