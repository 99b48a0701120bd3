"""Every dot product gets the plain kernel that runs it, and the reason.

    planes_i8_u8       START + PACK * d * planes(a) + words * planes(w) * planes(a) * (WORD + LANE * m)
    multiply_i64_i64   MULTIPLY * d * m

The kernel of the smaller estimate is taken. The constants are nanoseconds of one Zen 5 core
(tests/bench/bench_plain.py prints them for any other); only their ratios matter. Only the
annotation changes, never the meaning. A fused kernel that serves the whole network goes first
(run/host.py), and other back-ends choose for themselves.

Before:
    %x : u1[2] = input
    %s : i8[1] = dot %x
      weight = int(1, 2)
        1 -1
    output scores = %s
After:
    %x : u1[2] = input
    %s : i8[1] = dot %x {"kernel": "multiply_i64_i64", "reason": "1x1 planes 32 ns, multiply 0 ns"}
      weight = int(1, 2)
        1 -1
    output scores = %s
"""

from __future__ import annotations

from dataclasses import replace

from qcompile.ir.bounds import bounds
from qcompile.ir.ops import Dot
from qcompile.ir.program import Program
from qcompile.model.bits import levels_of
from qcompile.targets.schema import Target

AFTER = ("choose_accumulators",)
START, PACK, WORD, LANE, MULTIPLY = 30.0, 0.08, 2.0, 0.04, 0.08
LANES = 8  # neurons per vector


def run(program: Program, target: Target | None = None) -> Program:
    """Annotate every dot with ``kernel`` and ``reason``."""
    ranges = bounds(program)
    ops = [
        replace(op, notes={**op.notes, **choice(op, *ranges[op.a])}) if isinstance(op, Dot) else op
        for op in program.ops
    ]
    return program.with_ops(tuple(ops))


def choice(op: Dot, low: int, high: int) -> dict[str, str]:
    """Kernel and reason for a dot whose inputs lie in [low, high]."""
    inputs = max(1, (high - low).bit_length())
    weights = levels_of(op.weight).bits
    m, d = op.weight.shape
    pairs, lanes = -(-d // 64) * weights * inputs, -(-m // LANES) * LANES
    planes, multiply = START + PACK * d * inputs + pairs * (WORD + LANE * lanes), MULTIPLY * d * m
    return {
        "kernel": "planes_i8_u8" if planes < multiply else "multiply_i64_i64",
        "reason": f"{weights}x{inputs} planes {planes:.0f} ns, multiply {multiply:.0f} ns",
    }
