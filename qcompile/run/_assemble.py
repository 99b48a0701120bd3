"""Program to tape: the instructions and constants of the machine (kernels/plain/machine.py).

Every value gets its own place in the work array. A dot runs as the kernel that its notes name,
where that one can serve it, else by the rule of the select_kernel pass. A dot on an image is a convolution
of one place; a reshape is its operand, whose elements lie in the same order.

The file is long because one table maps every operation to the machine's instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.bounds import bounds
from qcompile.ir.ops import (
    Add,
    Affine,
    Argmax,
    Concat,
    Conv,
    Dot,
    Encode,
    Gather,
    Input,
    MaxPool,
    Mul,
    Op,
    Poly,
    Requantize,
    Reshape,
    Scale,
    Sign,
    Table,
    Threshold,
)
from qcompile.ir.program import Program
from qcompile.ir.ranges import Range
from qcompile.ir.support import require
from qcompile.kernels.plain import machine
from qcompile.kernels.plain.layout import pack_weights, padded
from qcompile.model.bits import levels_of
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model.step_encoder import StepEncoder
from qcompile.passes.select_kernel import choice

LARGE = 1 << 15  # words of work from which rows are taken one by one
LOWEST = np.iinfo(np.int64).min
Instruction = tuple[int, list[int]]  # operation code and parameters
MOST_PLANES = 32  # of weights: beyond, planes are asked for in vain


@dataclass(frozen=True, eq=False)
class Tape:
    """What the machine needs to make one value of a program.

    Attributes:
        words: the tape.
        work: int64 words of scratch.
        columns: elements of the value.
    """

    words: NDArray[np.int64]
    work: int
    columns: int


def assemble(program: Program, value: str) -> Tape:
    """The tape that computes one integer value of a verified program.

    Raises:
        UnsupportedError: the machine has no instruction for an operation.
    """
    program = program.with_ops(program.ops, outputs={"scores": value}).pruned()
    require(program, (*INSTRUCTIONS, Concat, Reshape, Scale), "the host's machine", images=True)
    return _Assembler(program).tape(value)


class _Assembler:
    """Collects instructions and constants; places of constants are known once all are in."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.ranges = bounds(program)
        self.places: dict[str, int] = {}
        self.planes: dict[str, int] = {}
        self.work = 0
        self.scratch = 0
        self.code: list[list[int]] = []
        ops = [op for op in program.ops if not isinstance(op, Scale)]
        self.ops = [op for op in ops if not (isinstance(op, Input) and op.type.kind == "f")]
        # A dot may need its input packed first, and every part of a concat is one.
        self.room = sum(2 + len(op.operands) for op in self.ops)
        self.end = machine.HEADER + machine.WORDS * self.room
        self.constants: list[NDArray[np.int64]] = []

    def tape(self, value: str) -> Tape:
        for op in self.ops:
            self._add(op)
        columns = self.program[value].type.length
        tile = machine.TILE if self.work < LARGE else 1
        header = [len(self.code), self.places[value], columns, tile * self.work, self.work, tile]
        code = self.code + [[0] * machine.WORDS for _ in range(self.room - len(self.code))]
        parts = [header, *code, *self.constants, np.zeros(padded(1), dtype=np.int64)]
        words = np.concatenate([np.asarray(part, dtype=np.int64) for part in parts])
        return Tape(words, tile * self.work + self.scratch + padded(1), columns)

    def _add(self, op: Op) -> None:
        if self._bits_only(op):
            self.planes[op.result] = self._bits(op)
            return
        if isinstance(op, Reshape):
            self.places[op.result] = self.places[op.a]
            return
        if isinstance(op, Concat):
            self._concat(op)
            return
        code, parameters = INSTRUCTIONS[type(op)](self, op)
        operands = [self.places.get(a, 0) for a in op.operands] + [0, 0]  # a packed value has no place
        if code == machine.PLANES:
            operands[0] = self._packed(op.operands[0], self.ranges[op.operands[0]])
        if op.type.is_vector or isinstance(op, Input | Encode):  # all elements at once
            self.places[op.result] = self._emit(code, operands[:2], op.type.length, parameters)
            return
        positions, read = op.type.length // max(1, op.type.channels), self.program[op.operands[0]].type
        self.places[op.result] = self._emit(
            code, operands[:2], op.type.channels, parameters, positions, read.channels
        )

    def _emit(
        self,
        code: int,
        operands: list[int],
        length: int,
        parameters: list[int],
        positions: int = 1,
        read: int = 0,
        place: int | None = None,
    ) -> int:
        """Append an instruction; the place of its result, a new one unless it is given."""
        if place is None:
            place = self.work
            self.work += padded(length * positions + 1)
        row = [code, place, *operands, length, *parameters]
        self.code.append([*row, *[0] * (machine.WORDS - 2 - len(row)), positions, read])
        return place

    def _concat(self, op: Concat) -> None:
        """One copy for every part, all to the same place."""
        place, first = None, 0
        positions = op.type.positions[0] * op.type.positions[1]
        for part in op.parts:
            channels = self.program[part].type.channels
            numbers = self._constant(np.arange(channels))
            parameters = [numbers, channels, first, channels]
            operands = [self.places[part], 0]
            place = self._emit(
                machine.COPY, operands, op.type.channels, parameters, positions, channels, place
            )
            first += channels
        assert place is not None
        self.places[op.result] = place

    def _packed(self, value: str, inputs: Range) -> int:
        """Place of the bit planes of a value; packed once, however many dots read it."""
        low, high = inputs
        d = self.program[value].type.length
        planes, words = _planes(low, high), -(-d // 64)
        if value not in self.planes:
            operands = [self.places[value], 0]
            self.planes[value] = self._emit(machine.PACK, operands, planes * words, [low, planes, d, words])
        return self.planes[value]

    def _bits_only(self, op: Op) -> bool:
        """Whether a value of single comparisons is read by nothing but bit planes."""
        if not op.type.is_vector:
            return False
        match op:
            case Encode(encoder=Encoder() as encoder):
                one = encoder.bits == 1 and (encoder.kind == ColumnKind.GREATER).all()
            case Threshold():
                one = op.levels.shape[1] == 1 and (op.sign > 0).all() and (op.levels > LOWEST).all()
            case _:
                return False
        readers = self.program.users(op.result)
        output = op.result in self.program.outputs.values()
        ends = self.ranges[op.result]
        return bool(one) and ends == (0, 1) and not output and all(_by_planes(r, ends) for r in readers)

    def _bits(self, op: Op) -> int:
        """Emit the comparison that makes the plane of a value; its place."""
        d = op.type.length
        if isinstance(op, Encode):
            assert isinstance(op.encoder, Encoder)
            parameters, read = self._encoder(op.encoder), op.encoder.feature
            in_place = _neighbours(read) and (op.encoder.fill[read] <= op.encoder.shift).all()
            return self._emit(machine.BITS, [0, 0], -(-d // 64), [*parameters, int(in_place)])
        assert isinstance(op, Threshold)
        limits = self._constant(op.levels[:, 0] - 1)  # a >= level is a > level - 1
        return self._emit(machine.ABOVE, [self.places[op.a], 0], -(-d // 64), [limits, d])

    def _constant(self, array: Any) -> int:
        """Place of int64 or uint64 constants on the tape."""
        words = np.ascontiguousarray(array).ravel()
        place = self.end
        self.constants.append(words.view(np.int64) if words.dtype == np.uint64 else words.astype(np.int64))
        self.end += len(words)
        return place

    def _input(self, op: Input) -> Instruction:
        return machine.INPUT, [op.type.low, op.type.high]

    def _encode(self, op: Encode) -> Instruction:
        if isinstance(op.encoder, StepEncoder):
            return machine.STEPS, self._steps(op.encoder)
        return machine.ENCODE, self._encoder(op.encoder)

    def _affine(self, op: Affine) -> Instruction:
        strides = [int(len(c) > 1) for c in (op.scale, op.shift)]
        scale, shift = self._constant(op.scale), self._constant(op.shift)
        return machine.AFFINE, [scale, strides[0], shift, strides[1]]

    def _threshold(self, op: Threshold) -> Instruction:
        levels, signs = self._constant(op.levels.T), self._constant(op.sign)
        return machine.THRESHOLD, [levels, op.levels.shape[1], signs]

    def _encoder(self, encoder: Encoder) -> list[int]:
        ends = [encoder.of_kind(kind).stop for kind in ColumnKind][:4]
        feature = self._constant(encoder.feature)
        floats = self._floats(np.concatenate([encoder.shift, encoder.gain, encoder.fill]))
        read = encoder.feature[: ends[2]]
        self.scratch = max(self.scratch, encoder.features + encoder.width)
        base = int(read[0]) if _neighbours(read) else -1
        return [encoder.top, *ends, feature, floats, encoder.width, encoder.features, base]

    def _steps(self, encoder: StepEncoder) -> list[int]:
        rows, count = encoder.steps.shape
        base = int(encoder.feature[0]) if _neighbours(encoder.feature) else -1
        steps, fill = self._floats(encoder.steps), self._floats(encoder.fill)
        stride = count if rows > 1 else 0
        return [steps, count, stride, self._constant(encoder.feature), encoder.features, fill, base]

    def _floats(self, values: NDArray[np.float32]) -> int:
        """Place of float32 constants, counted in floats."""
        flat = np.append(values.ravel(), np.zeros(values.size % 2, dtype=np.float32)).astype(np.float32)
        return 2 * self._constant(flat.view(np.int64))

    def _conv(self, op: Conv) -> Instruction:
        weight, g = op.weight, op.groups
        inputs, outputs = weight.shape[3], len(weight) // g
        laid = weight.reshape(g, outputs, *weight.shape[1:]).transpose(0, 2, 3, 4, 1)
        if inputs == outputs == 1:  # depthwise
            laid = laid.transpose(1, 2, 0, 3, 4)
        return machine.CONVOLVE, [self._geometry(op, g), self._constant(laid)]

    def _pool(self, op: MaxPool) -> Instruction:
        return machine.POOL, [self._geometry(op, 1)]

    def _geometry(self, op: Conv | MaxPool, groups: int) -> int:
        """Place of a window's sizes."""
        w = op.window
        shapes = (*self.program[op.a].type.shape, *op.type.shape)
        return self._constant(np.array([*shapes, *w.kernel, *w.stride, *w.pad[:2], *w.dilation, groups]))

    def _requantize(self, op: Requantize) -> Instruction:
        parts = (op.multiplier, op.offset, op.shift)
        constants = [v for c in parts for v in (self._constant(c), int(len(c) > 1))]
        listed = self._constant(op.exceptions)
        return machine.REQUANTIZE, [*constants, *op.limits, listed, len(op.exceptions)]

    def _table(self, op: Table) -> Instruction:
        stride = op.values.shape[1] if len(op.values) > 1 else 0
        return machine.LOOK_UP, [self._constant(op.values), op.first, stride]

    def _gather(self, op: Gather) -> Instruction:
        numbers, channels = self._constant(op.channels), self.program[op.a].type.channels
        return machine.COPY, [numbers, len(op.channels), 0, channels]

    def _dot(self, op: Dot) -> Instruction:
        if not op.type.is_vector:
            return self._conv(Conv(op.result, op.type, op.a, op.weight[:, None, None]))
        low, high = inputs = self.ranges[op.a]
        if not _by_planes(op, inputs):
            return machine.MULTIPLY, [self._constant(op.weight), op.weight.shape[1]]
        packed, least, step = pack_weights(op.weight)
        planes, words, lanes = packed.shape
        start = np.zeros(lanes, dtype=np.int64)
        start[: len(op.weight)] = low * op.weight.sum(axis=1)
        place, begin = self._constant(packed), self._constant(start)
        return machine.PLANES, [place, planes, _planes(low, high), words, lanes, least, step, begin]


INSTRUCTIONS: dict[type[Op], Callable[[_Assembler, Any], Instruction]] = {
    Input: _Assembler._input,
    Encode: _Assembler._encode,
    Affine: _Assembler._affine,
    Dot: _Assembler._dot,
    Mul: lambda _, op: (machine.MUL, []),
    Add: lambda _, op: (machine.ADD, []),
    Poly: lambda _, op: (machine.POLY, list(op.coefficients)),
    Threshold: _Assembler._threshold,
    Argmax: lambda self, op: (machine.ARGMAX, [self.program[op.a].type.channels]),
    Sign: lambda _, op: (machine.SIGN, []),
    Conv: _Assembler._conv,
    MaxPool: _Assembler._pool,
    Requantize: _Assembler._requantize,
    Table: _Assembler._table,
    Gather: _Assembler._gather,
}


def _neighbours(feature: NDArray[np.int32]) -> bool:
    """Whether columns read raw columns that follow one another."""
    return len(feature) > 0 and bool((np.diff(feature) == 1).all())


def _planes(low: int, high: int) -> int:
    """Bit planes of values in [low, high], counted from low."""
    return max(1, (high - low).bit_length())


def _by_planes(op: Op, inputs: Range) -> bool:
    """Whether an operation is a dot that runs on bit planes: by its note, else by the rule."""
    if not isinstance(op, Dot) or not op.weight.size or not op.type.is_vector:
        return False
    asked = op.notes.get("kernel")
    known = asked in ("planes_i8_u8", "multiply_i64_i64") and levels_of(op.weight).bits <= MOST_PLANES
    return (asked if known else choice(op, *inputs)["kernel"]) == "planes_i8_u8"
