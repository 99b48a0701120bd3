"""The host runs every program there is, bit for bit."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.programs import programs

from qcompile.backends.numba_cpu import build
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Dot
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.run.host import open_artifact
from qcompile.verify.equivalence import compare


@settings(deadline=None, max_examples=200)
@given(programs(), st.sampled_from(("planes_i8_u8", "multiply_i64_i64")))
def test_the_host_equals_the_interpreter_on_random_programs(program: Program, kernel: str) -> None:
    ops = (replace(op, notes={"kernel": kernel}) if isinstance(op, Dot) else op for op in program.ops)
    runner = open_artifact(build(program.with_ops(tuple(ops))), "plain")
    rows = np.concatenate([seeded_rows(program, 60, 3), worst_case_rows(program)])
    answer = compare(program, runner, rows)
    assert answer, answer.detail
    np.testing.assert_array_equal(runner.values(rows), interpret(program, rows)["values"])
