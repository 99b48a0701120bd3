"""Plain dot kernels on this machine: the constants of passes/select_kernel.py.

    python tests/bench/bench_plain.py

Verifies every product, then times both kernels on one row out of sixteen, and prints what the
rule of the pass predicts beside it. Nanoseconds per row; the minimum of interleaved rounds.
"""

import time

import numpy as np

from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Dot, Input
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.passes import select_kernel
from qcompile.run.host import HostRunner, open_program

ROWS, ROUNDS = 16, 60
SHAPES = ((64, 10), (64, 64), (128, 1), (512, 10), (785, 64), (785, 512))


def program(d: int, m: int, input_bits: int, weight_bits: int) -> Program:
    """One dot of odd levels by unsigned codes."""
    rng = np.random.default_rng(d * m)
    weight = 2 * rng.integers(0, 1 << weight_bits, (m, d)) - ((1 << weight_bits) - 1)
    ops = (Input("x", ValueType("u", input_bits, d)), Dot("s", ValueType("i", 64, m), "x", weight))
    return fit_types(Program("dot", ops, {"scores": "s"}))


def forced(given: Program, constants: tuple[float, float]) -> HostRunner:
    """A runner whose dot goes to one kernel, whatever the rule says."""
    kept = select_kernel.START, select_kernel.MULTIPLY
    select_kernel.START, select_kernel.MULTIPLY = constants
    try:
        return open_program(given, "plain")
    finally:
        select_kernel.START, select_kernel.MULTIPLY = kept


def main() -> None:
    """Print the table."""
    print(f"{'d':>5} {'m':>5} {'w x a bits':>10} {'planes ns':>10} {'multiply ns':>12}  rule")
    for d, m in SHAPES:
        for input_bits in (1, 4, 8, 16):
            for weight_bits in (1, 4):
                given = program(d, m, input_bits, weight_bits)
                x = np.random.default_rng(1).integers(0, 1 << input_bits, (ROWS, d))
                runners = [forced(given, (-1e9, 1.0)), forced(given, (1e9, 0.0))]
                for runner in runners:
                    np.testing.assert_array_equal(runner.scores(x), interpret(given, x)["scores"])
                best = [float("inf")] * 2
                for _ in range(ROUNDS):
                    for k, runner in enumerate(runners):
                        start = time.perf_counter_ns()
                        runner.scores(x)
                        best[k] = min(best[k], (time.perf_counter_ns() - start) / ROWS)
                note = select_kernel.run(given)["s"].notes["reason"]
                bits = f"{weight_bits} x {input_bits}"
                print(f"{d:5} {m:5} {bits:>10} {best[0]:10.0f} {best[1]:12.0f}  {note}")


if __name__ == "__main__":
    main()
