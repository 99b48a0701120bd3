"""A hypothesis strategy for programs on images: convolutions, pools and all else, at the edges of shapes.

Kernels are 1x1 to 7x7, strides 1 to 3, pads up to the kernel, dilations, groups; channels stand
around the borders of words; images are as small as one position.
"""

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from qcompile.errors import CompileError
from qcompile.ir.bounds import element_bounds
from qcompile.ir.fit import fit_types
from qcompile.ir.operation import Op
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
    Poly,
    Requantize,
    Reshape,
    Scale,
    Sign,
    Table,
    Threshold,
)
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.ir.verify import verify
from support.programs import random_steps

CHANNELS = (1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 63, 64, 65)
GRIDS = ((-1, 1), (-1, 0, 1), (-3, -1, 1, 3), tuple(range(-127, 128)))


class Scene:
    """A program that grows: its operations, and choices among its values."""

    def __init__(self, rng: np.random.Generator, ops: list[Op]) -> None:
        self.rng, self.ops = rng, ops

    def value(self) -> Op:
        """One that can be read; the newest is the likeliest."""
        back = min(int(self.rng.geometric(0.6)), len(self.ops))
        chosen = self.ops[-back]
        return chosen if chosen.type.kind != "f" else self.ops[-1]

    def peer(self, op: Op) -> Op:
        """Another value of the same shape, or the same."""
        peers = [o for o in self.ops if o.type.shape == op.type.shape and o.type.kind != "f"]
        return peers[self.rng.integers(len(peers))]

    def number(self, low: int, high: int) -> int:
        """At least low, at most high."""
        return int(self.rng.integers(low, high + 1))

    def pick(self, choices):
        """One of the choices, as a Python integer where it is one."""
        return choices[self.number(0, len(choices) - 1)]


def _like(op: Op, channels: int | None = None, positions: tuple[int, int] | None = None) -> ValueType:
    return ValueType("i", 64, channels or op.type.channels, positions or op.type.positions)


def random_window(s: Scene, op: Op) -> dict[str, tuple[int, ...]]:
    """Sizes of a window on a value; it may not fit."""
    kernel = tuple(s.number(1, min(7, n + 2)) for n in op.type.positions)
    return {
        "kernel": kernel,
        "stride": tuple(s.number(1, 3) for _ in range(2)),
        "pad": tuple(s.number(0, kernel[k % 2] - 1) for k in range(4)) if s.number(0, 1) else (0, 0, 0, 0),
        "dilation": tuple(s.pick((1, 1, 1, 2)) for _ in range(2)),
    }


def _conv(s: Scene, name: str, op: Op) -> Op:
    c, window = op.type.channels, random_window(s, op)
    groups = s.pick([g for g in (1, 1, 1, 2, 3, c) if c % g == 0])
    outputs = groups * s.pick((1, 1, 2)) if groups > 1 else s.pick(CHANNELS)
    kernel = window.pop("kernel")
    weight = s.rng.choice(s.pick(GRIDS), (outputs, *kernel, c // groups))
    conv = Conv(name, _like(op), op.result, weight, groups=groups, **window)
    return Conv(
        name,
        _like(op, outputs, tuple(max(1, n) for n in conv.window.results(op.type.positions))),
        op.result,
        weight,
        groups=groups,
        **window,
    )


def _maxpool(s: Scene, name: str, op: Op) -> Op:
    window = random_window(s, op)
    pool = MaxPool(name, _like(op), op.result, **window)
    positions = tuple(max(1, n) for n in pool.window.results(op.type.positions))
    return MaxPool(name, _like(op, positions=positions), op.result, **window)


def _requantize(s: Scene, name: str, op: Op) -> Op:
    c = op.type.channels
    sizes = [s.pick((1, c)) for _ in range(3)]
    limits = s.pick(((0, 1), (0, 15), (0, 255), (-128, 127), (-8, 7)))
    places = {(s.number(0, c - 1), s.number(-20, 40)) for _ in range(s.pick((0, 0, 4)))}
    return Requantize(
        name,
        _like(op),
        op.result,
        s.rng.integers(-9, 10, sizes[0]),
        s.rng.integers(-99, 100, sizes[1]),
        s.rng.integers(0, 6, sizes[2]),
        limits,
        [(*place, s.number(*limits)) for place in sorted(places)],
    )


def _table(s: Scene, name: str, op: Op) -> Op:
    kind = op.type
    if kind.bits > 8:
        return _requantize(s, name, op)
    rows = s.pick((1, kind.channels))
    values = s.rng.integers(*s.pick(((-9, 10), (0, 16))), (rows, kind.high - kind.low + 1))
    return Table(name, _like(op), op.result, values, kind.low)


def _affine(s: Scene, name: str, op: Op) -> Op:
    sizes = [s.pick((1, op.type.channels)) for _ in range(2)]
    scale, shift = s.rng.integers(-3, 4, sizes[0]), s.rng.integers(-30, 31, sizes[1])
    return Affine(name, _like(op), op.result, scale, shift)


def _threshold(s: Scene, name: str, op: Op) -> Op:
    n = op.type.channels
    levels = np.sort(s.rng.integers(-50, 51, (n, s.number(0, 3))), axis=1)
    return Threshold(name, _like(op), op.result, levels, s.rng.choice([-1, 1], n))


def _dot(s: Scene, name: str, op: Op) -> Op:
    weight = s.rng.choice(s.pick(GRIDS), (s.pick(CHANNELS), op.type.channels))
    return Dot(name, _like(op, len(weight)), op.result, weight)


def _concat(s: Scene, name: str, op: Op) -> Op:
    peers = [o for o in s.ops if o.type.positions == op.type.positions and o.type.kind != "f"]
    parts = [op, *(s.pick(peers) for _ in range(s.number(0, 2)))]
    return Concat(name, _like(op, sum(o.type.channels for o in parts)), tuple(o.result for o in parts))


def _gather(s: Scene, name: str, op: Op) -> Op:
    channels = s.rng.integers(0, op.type.channels, s.number(1, 2 * op.type.channels))
    return Gather(name, _like(op, len(channels)), op.result, channels)


def _reshape(s: Scene, name: str, op: Op) -> Op:
    return Reshape(name, ValueType("i", 64, op.type.length), op.result)


STEPS: dict[str, Callable[[Scene, str, Op], Op]] = {
    "conv": _conv,
    "conv again": _conv,
    "maxpool": _maxpool,
    "requantize": _requantize,
    "table": _table,
    "threshold": _threshold,
    "affine": _affine,
    "dot": _dot,
    "mul": lambda s, name, op: Mul(name, _like(op), op.result, s.peer(op).result),
    "add": lambda s, name, op: Add(name, _like(op), op.result, s.peer(op).result),
    "poly": lambda s, name, op: Poly(name, _like(op), op.result, (s.number(-2, 2), 1, s.number(-2, 2))),
    "concat": _concat,
    "gather": _gather,
    "reshape": _reshape,
}


def _start(s: Scene, positions: tuple[int, int] | None) -> list[Op]:
    """The input, an image of integers, or raw cells that an encoder makes one."""
    shape = (*(positions or (s.number(1, 7), s.number(1, 7))), s.pick((1, 2, 3, 4)))
    kind, bits = s.pick((("u", 1), ("u", 2), ("u", 4), ("u", 8), ("i", 8)))
    if s.number(0, 2):
        return [Input("x", ValueType(kind, bits, shape[2], shape[:2]))]
    size = shape[0] * shape[1] * shape[2]
    encoder = random_steps(s.number(0, 999), size, size)
    raw = Input("x", ValueType("f", 32, size))
    return [raw, Encode("c", ValueType("u", encoder.bits, shape[2], shape[:2]), "x", encoder)]


MOVES = ("requantize", "table", "concat", "gather", "reshape", "dot", "affine", "threshold", "add")


@st.composite
def image_programs(draw: st.DrawFn, most_steps: int = 6) -> Program:
    """A well-formed program on images of up to ``most_steps`` operations before the decision."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = draw(st.lists(st.sampled_from(list(STEPS)), min_size=1, max_size=most_steps))
    return random_image_program(rng, kinds)


@st.composite
def moving_programs(draw: st.DrawFn, most_steps: int = 6) -> Program:
    """A program on vectors with the operations that back-ends may have to be spared."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = draw(st.lists(st.sampled_from(MOVES), min_size=1, max_size=most_steps))
    return random_image_program(rng, kinds, (1, 1))


def random_image_program(
    rng: np.random.Generator, kinds: list[str], positions: tuple[int, int] | None = None
) -> Program:
    """The program of a seed and of the kinds of its steps; a step that cannot be is left out."""
    scene = Scene(rng, [])
    scene.ops += _start(scene, positions)
    for k, kind in enumerate(kinds):
        op = STEPS[kind](scene, f"v{k}", scene.value())
        try:  # an operation that may leave int64, or has a window that does not fit, is not a program
            program = fit_types(Program("p", (*scene.ops, op), {"scores": op.result}))
            verify(program)
        except CompileError:
            continue
        scene.ops = list(program.ops)
    op = scene.ops[-1]
    if not op.type.is_vector:
        op = Reshape("flat", ValueType("i", 64, op.type.length), op.result)
        scene.ops.append(op)
    ops = (
        *scene.ops,
        (Argmax if rng.random() < 0.5 else Sign)("label", ValueType("i", 64, 1), op.result),
        Scale("values", ValueType("f", 64, op.type.length), op.result, *rng.normal(size=(2, op.type.length))),
    )
    outputs = {"scores": op.result, "label": "label", "values": "values"}
    program = fit_types(Program("random image", ops, outputs))
    assert element_bounds(program)
    return program
