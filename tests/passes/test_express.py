"""Concats, gathers, tables and requantize operations run on back-ends that know none of them."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from support.images import moving_programs

from qcompile.backends.c99 import build as c99
from qcompile.backends.onnx import build as onnx_graph
from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Affine, Concat, Dot, Input, Requantize, Table
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.passes import express_requantize, express_table
from qcompile.passes.pipeline import EVERYWHERE, optimise
from qcompile.run import onnxruntime
from qcompile.run.host import open_program


@settings(deadline=None, max_examples=60)
@given(moving_programs())
def test_only_a_requantize_that_rises_and_falls_is_left(program: Program) -> None:
    best, _ = optimise(program)
    rest = [op for op in best.ops if type(op) not in EVERYWHERE]
    assert all(isinstance(op, Requantize) and len(op.exceptions) for op in rest)


@settings(deadline=None, max_examples=40)
@given(moving_programs())
def test_the_host_and_onnx_runtime_run_them(program: Program) -> None:
    best, _ = optimise(program)
    assume(all(type(op) in EVERYWHERE for op in best.ops))
    rows = np.concatenate([seeded_rows(program, 30), worst_case_rows(program)])
    expected = interpret(program, rows)["scores"]
    np.testing.assert_array_equal(open_program(best, "plain").scores(rows), expected)
    session = onnxruntime.open_artifact(onnx_graph.build(best, option="dense"))
    np.testing.assert_array_equal(session.scores(rows), expected)
    assert c99.build(best).files


def test_a_dot_of_a_concat_is_a_sum_of_dots_behind_its_quantizers() -> None:
    w = lambda n: ValueType("i", 64, n)  # noqa: E731
    ops = (
        Input("x", ValueType("u", 4, 2)),
        Dot("t", w(3), "x", [[1, 2], [3, 4], [-1, 0]]),
        Concat("c", w(5), ("t", "x")),
        Requantize("q", w(5), "c", [1, 2, 3, 4, 5], [0], [2], (0, 15), [(1, 4, 9), (4, 3, 0)]),
        Concat("d", w(7), ("q", "x")),
        Dot("s", w(1), "d", [[1, -2, 3, -4, 5, -6, 7]]),
    )
    program = fit_types(Program("p", ops, {"scores": "s"}))
    best, _ = optimise(program, runs=(*EVERYWHERE, Requantize))
    assert sorted({op.word() for op in best.ops}) == ["add", "dot", "input", "requantize"]
    rows = np.array([(a, b) for a in range(16) for b in range(16)])
    np.testing.assert_array_equal(interpret(best, rows)["scores"], interpret(program, rows)["scores"])


X = Input("x", ValueType("i", 6, 1))
EVERY = np.arange(-32, 32)[:, None]


@pytest.mark.parametrize("m", (-3, -1, 0, 1, 2))
@pytest.mark.parametrize("limits", ((0, 7), (-4, 3), (2, 5)))
def test_a_requantize_is_thresholds_at_every_input(m: int, limits: tuple[int, int]) -> None:
    for exceptions in ([], [(0, 4, limits[0])], [(0, -9, limits[1]), (0, 9, limits[0])]):
        op = Requantize("q", ValueType("i", 64, 1), "x", [m], [5], [1], limits, exceptions)
        program = fit_types(Program("p", (X, op), {"scores": "q"}))
        once = express_requantize.run(program)
        expected = interpret(program, EVERY)["scores"]
        np.testing.assert_array_equal(interpret(once, EVERY)["scores"], expected)
        falls = np.diff(expected[:, 0]) * (1 if m >= 0 else -1) < 0
        assert (op.word() in [o.word() for o in once.ops]) == bool(falls.any())


def test_a_requantize_of_many_steps_and_a_table_of_many_changes_stay() -> None:
    wide = Input("x", ValueType("i", 16, 1))
    op = Requantize("q", ValueType("i", 64, 1), "x", [1], [0], [1], (0, 256), [])
    program = fit_types(Program("p", (wide, op), {"scores": "q"}))
    assert express_requantize.run(program).equals(program)
    codes = Input("x", ValueType("u", 8, 258))
    table = Table("t", ValueType("i", 64, 258), "x", np.arange(256)[None], 0)
    program = fit_types(Program("p", (codes, table), {"scores": "t"}))
    assert express_table.run(program).equals(program)  # 258 x 255 changes


def test_a_constant_table_is_its_value() -> None:
    table = Table("t", ValueType("i", 64, 1), "x", np.full((1, 64), 7), -32)
    program = fit_types(Program("p", (X, table, Affine("s", table.type, "t", [2], [1])), {"scores": "s"}))
    once = express_table.run(program)
    assert (interpret(once, EVERY)["scores"] == 15).all()
