"""Thresholds that are lines become them, at every input; others stay."""

import numpy as np
import pytest

from qcompile.cost.count import count
from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Argmax, Dot, Input, MaxPool, Requantize, Threshold
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.passes.pipeline import EVERYWHERE, optimise
from qcompile.passes.requantize_thresholds import run

EVERY = np.arange(-2048, 2048)


def _program(levels: np.ndarray, sign: list[int]) -> Program:
    n = len(levels)
    ops = (Input("x", ValueType("i", 12, n)), Threshold("q", ValueType("i", 64, n), "x", levels, sign))
    return fit_types(Program("p", ops, {"scores": "q"}))


@pytest.mark.parametrize("bits", (3, 4, 8))
def test_a_layer_of_quantizers_is_three_integers_a_neuron(bits: int) -> None:
    rng = np.random.default_rng(bits)
    steps = np.arange(1, 1 << bits) - 2.0 ** (bits - 1)
    scale, shift = rng.uniform(2, 20, (24, 1)), rng.uniform(-50, 50, (24, 1))
    program = _program(np.ceil(scale * steps + shift).astype(np.int64), [1, -1] * 12)
    once = run(program)
    assert isinstance(once["q"], Requantize)
    assert not len(once["q"].exceptions)
    rows = np.stack([EVERY] * 24, axis=1)
    np.testing.assert_array_equal(interpret(once, rows)["scores"], interpret(program, rows)["scores"])
    before, after = (count(p)[0].constant_bytes for p in (program, once))
    assert after == 24 * 13 < before


def test_a_level_out_of_line_is_listed_and_a_staircase_of_its_own_stays() -> None:
    levels = np.tile(16 * np.arange(-50, 50), (3, 1))
    levels[1, 40] += 2
    once = run(_program(levels, [1, 1, -1]))
    assert isinstance(once["q"], Requantize)
    assert {row[0] for row in once["q"].exceptions.tolist()} == {1}
    rows = np.stack([EVERY] * 3, axis=1)
    expected = interpret(_program(levels, [1, 1, -1]), rows)["scores"]
    np.testing.assert_array_equal(interpret(once, rows)["scores"], expected)
    levels[2] = np.arange(-50, 50) ** 3 // 70
    assert isinstance(run(_program(levels, [1, 1, -1]))["q"], Threshold)


def test_three_levels_are_cheaper_than_a_multiplication() -> None:
    assert isinstance(run(_program(np.array([[1, 2, 3]]), [1]))["q"], Threshold)


def test_it_runs_only_for_back_ends_that_multiply_and_pools_come_after_it() -> None:
    wide = ValueType("i", 64, 2, (4, 4))
    ops = (
        Input("x", ValueType("i", 8, 2, (4, 4))),
        MaxPool("p", ValueType("i", 64, 2, (2, 2)), "x", (2, 2), (2, 2)),
        Threshold("q", ValueType("i", 64, 2, (2, 2)), "p", 8 * np.arange(-7, 8) + [[0], [3]], [1, 1]),
        Dot("s", ValueType("i", 64, 3, (2, 2)), "q", [[1, 0], [0, 1], [1, -1]]),
        Argmax("label", ValueType("i", 64, 1, (2, 2)), "s"),
    )
    program = fit_types(Program("p", ops, {"scores": "s", "label": "label"}))
    plain, _ = optimise(program, runs=(*EVERYWHERE, MaxPool))
    assert isinstance(plain["q_each"], Threshold)
    best, records = optimise(program, runs=(*EVERYWHERE, MaxPool, Requantize))
    assert isinstance(best["q_each"], Requantize) and isinstance(best["q"], MaxPool)
    assert best["q_each"].type.positions == wide.positions
    assert "requantize_thresholds" in [r.name for r in records]
