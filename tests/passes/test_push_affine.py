"""Affines pass convolutions that pad nothing, groups and signs included, and stop before the others."""

import numpy as np
import pytest

from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Affine, Conv, Input, MaxPool, Reshape
from qcompile.ir.probe import seeded_rows
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.passes.push_affine import run


def _program(groups: int, pad: tuple[int, int, int, int], scale: list[int]) -> Program:
    rng = np.random.default_rng(groups)
    x = Input("x", ValueType("u", 3, 4, (5, 4)))
    levels = Affine("q", ValueType("i", 64, 4, (5, 4)), "x", scale, [-7, 1, 0, 3])
    weight = rng.integers(-3, 4, (4, 2, 3, 4 // groups))
    places = Conv("s", x.type, "q", weight, (2, 1), pad, groups=groups).window.results((5, 4))
    conv = Conv("c", ValueType("i", 64, 4, places), "q", weight, (2, 1), pad, groups=groups)
    flat = Reshape("s", ValueType("i", 64, 4 * places[0] * places[1]), "c")
    return fit_types(Program("p", (x, levels, conv, flat), {"scores": "s"}))


@pytest.mark.parametrize("groups", (1, 2, 4))
@pytest.mark.parametrize("scale", ([2], [2, -2, 2, -2]))
def test_a_convolution_without_padding_reads_the_codes(groups: int, scale: list[int]) -> None:
    program = _program(groups, (0, 0, 0, 0), scale)
    once = run(program)
    assert [op.word() for op in once.ops] == ["input", "conv", "reshape", "affine"]
    rows = seeded_rows(program, 50)
    np.testing.assert_array_equal(interpret(once, rows)["scores"], interpret(program, rows)["scores"])


@pytest.mark.parametrize(("pad", "scale"), (((0, 0, 0, 1), [2]), ((0, 0, 0, 0), [1, 2, 1, 1])))
def test_a_padded_one_and_unequal_scales_stay(pad: tuple[int, int, int, int], scale: list[int]) -> None:
    program = _program(1, pad, scale)
    assert run(program).equals(program)


@pytest.mark.parametrize("scale", ([2], [3, 0, 1, 2], [-1]))
def test_rising_lines_pass_a_pool(scale: list[int]) -> None:
    x = Input("x", ValueType("i", 5, 4, (3, 3)))
    line = Affine("a", ValueType("i", 64, 4, (3, 3)), "x", scale, [-7, 1, 0, 3])
    pool = MaxPool("s", ValueType("i", 64, 4, (2, 2)), "a", (2, 2), (2, 2), (1, 0, 0, 1))
    program = fit_types(Program("p", (x, line, pool), {"scores": "s"}))
    once = run(program)
    rises = min(scale) >= 0
    assert [op.word() for op in once.ops[1:]] == (["maxpool", "affine"] if rises else ["affine", "maxpool"])
    rows = seeded_rows(program, 50)
    np.testing.assert_array_equal(interpret(once, rows)["scores"], interpret(program, rows)["scores"])
