"""A hypothesis strategy for programs: random graphs of every operation, inputs with and without encoder."""

import numpy as np
from hypothesis import strategies as st

from qcompile.errors import CompileError
from qcompile.ir.fit import fit_types
from qcompile.ir.ops import (
    Add,
    Affine,
    Argmax,
    Dot,
    Encode,
    Input,
    Mul,
    Poly,
    Scale,
    Sign,
    Threshold,
)
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.model.step_encoder import StepEncoder
from support.networks import random_encoder

STEPS = ("dot", "dot", "affine", "mul", "add", "poly", "threshold")


def _wide(n: int) -> ValueType:
    return ValueType("i", 64, n)


def _step(rng: np.random.Generator, kind: str, name: str, length: dict[str, int]):
    """One operation on values chosen at random; the newest are the likeliest."""
    names = list(length)
    a = names[-1 - min(int(rng.geometric(0.6)) - 1, len(names) - 1)]
    n = length[a]
    peers = [v for v in names if length[v] == n]
    if kind == "dot":
        m = int(rng.integers(1, 7))
        grid = [(-1, 1), (-1, 0, 1), (-3, -1, 1, 3), tuple(range(-100, 101))][rng.integers(4)]
        weight = rng.choice(grid, (m, n))
        if m > 1 and rng.random() < 0.4:
            weight[-1] = weight[0] * rng.choice([-1, 0, 1])
        return Dot(name, _wide(m), a, weight)
    if kind == "affine":
        sizes = [int(rng.choice([1, n])) for _ in range(2)]
        return Affine(name, _wide(n), a, rng.integers(-3, 4, sizes[0]), rng.integers(-30, 31, sizes[1]))
    if kind == "mul":
        return Mul(name, _wide(n), a, peers[rng.integers(len(peers))])
    if kind == "add":
        return Add(name, _wide(n), a, peers[rng.integers(len(peers))])
    if kind == "poly":
        return Poly(name, _wide(n), a, tuple(int(c) for c in rng.integers(-2, 3, 3)))
    levels = np.sort(rng.integers(-50, 51, (n, int(rng.integers(0, 4)))), axis=1)
    return Threshold(name, _wide(n), a, levels, rng.choice([-1, 1], n))


def random_steps(seed: int, features: int, width: int) -> StepEncoder:
    """Steps evenly spaced (with noise) or not, shared or per column, some of them at infinity."""
    rng = np.random.default_rng(seed)
    count = int(rng.choice([1, 2, 3, 7, 15, 100, 255]))
    rows = int(rng.choice([1, width]))
    steps = rng.normal() + rng.uniform(0.01, 2) * np.arange(count) + np.zeros((rows, 1))
    steps = steps * (1 + rng.choice([0, 1e-7, 1]) * rng.normal(size=steps.shape))
    if rng.random() < 0.3:
        steps[:, 0], steps[-1, -1] = -np.inf, np.inf
    fill = np.round(rng.normal(size=features) * rng.integers(2), 3)
    in_order = width <= features and rng.random() < 0.5
    feature = np.arange(width) if in_order else rng.integers(0, features, width)
    return StepEncoder("imported", feature, np.sort(steps.astype(np.float32), axis=1), fill)


@st.composite
def programs(draw: st.DrawFn, most_steps: int = 8) -> Program:
    """A well-formed program of up to ``most_steps`` operations between input and decision."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        make = random_steps if rng.random() < 0.4 else random_encoder
        encoder = make(int(rng.integers(1000)), int(rng.integers(1, 9)), int(rng.integers(1, 9)))
        ops = [Input("x", ValueType("f", 32, encoder.features))]
        ops.append(Encode("c", _wide(encoder.width), "x", encoder))
        length = {"c": encoder.width}
    else:
        n = int(rng.integers(1, 9))
        ops = [Input("x", ValueType(str(rng.choice(["u", "i"])), int(rng.integers(1, 9)), n))]
        length = {"x": n}
    for k, kind in enumerate(draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=most_steps))):
        op = _step(rng, kind, f"v{k}", length)
        try:  # an operation that may leave int64 is not a program: leave it out
            fit_types(Program("p", (*ops, op), {"scores": op.result}))
        except CompileError:
            continue
        ops.append(op)
        length[op.result] = op.type.length
    scores = list(length)[-1]
    decision = Argmax if rng.random() < 0.5 else Sign
    ops.append(decision("label", _wide(1), list(length)[rng.integers(len(length))]))
    n = length[scores]
    ops.append(Scale("values", ValueType("f", 64, n), scores, rng.normal(size=n), rng.normal(size=n)))
    outputs = {"scores": scores, "label": "label", "values": "values"}
    return fit_types(Program("random", tuple(ops), outputs))
