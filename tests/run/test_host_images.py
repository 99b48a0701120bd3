"""Image programs in this process: the same bits as the interpreter, as written and after every pass."""

import numpy as np
import pytest
from hypothesis import given, settings
from support.images import image_programs, moving_programs

from qcompile.backends import numba_cpu
from qcompile.errors import DataError
from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Conv, Input, Requantize, Reshape, Threshold
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.passes.pipeline import optimise
from qcompile.run.host import open_artifact, open_program


def check(program: Program, meaning: Program, rows: int = 9) -> None:
    """Scores, values and label equal the interpreter's in every bit."""
    x = np.concatenate([seeded_rows(meaning, rows), worst_case_rows(meaning, neurons=1)])
    expected, runner = interpret(meaning, x), open_program(program)
    np.testing.assert_array_equal(runner.scores(x), expected["scores"])
    if "values" in expected:
        np.testing.assert_array_equal(runner.values(x), expected["values"])
    if "label" in expected:
        np.testing.assert_array_equal(runner.predict(x), expected["label"][:, 0])


@settings(deadline=None, max_examples=200)
@given(image_programs())
def test_the_machine_equals_the_interpreter_on_images(program: Program) -> None:
    check(program, program)


@settings(deadline=None, max_examples=60)
@given(image_programs())
def test_so_does_an_optimised_program(program: Program) -> None:
    check(optimise(program, runs=numba_cpu.runs(program))[0], program)


@settings(deadline=None, max_examples=60)
@given(moving_programs())
def test_vectors_keep_their_quantizers(program: Program) -> None:
    check(program, program)
    check(optimise(program, runs=numba_cpu.runs(program))[0], program)


def layer(positions: tuple[int, int], channels: int, filters: int, **window) -> Program:
    """A 4-bit image, a 3x3 convolution and a quantizer."""
    rng = np.random.default_rng(channels)
    kind = ValueType("u", 4, channels, positions)
    weight = rng.integers(-7, 8, (filters, 3, 3, channels // window.get("groups", 1)))
    conv = Conv("c", kind, "x", weight, **window)
    shape = ValueType("i", 64, filters, conv.window.results(positions))
    ops = (
        Input("x", kind),
        Conv("c", shape, "x", weight, **window),
        Requantize("q", shape, "c", rng.integers(-9, 10, filters), [5], [4], (-8, 7), [(0, 3, 1)]),
        Reshape("s", ValueType("i", 64, shape.length), "q"),
    )
    return fit_types(Program("p", ops, {"scores": "s"}))


@pytest.mark.parametrize("groups", (1, 2, 8))
@pytest.mark.parametrize("pad", ((0, 0, 0, 0), (1, 2, 0, 3)))
def test_an_image_that_fills_the_tile_runs_row_by_row(groups: int, pad) -> None:
    program = layer((24, 31), 8, 16, groups=groups, pad=pad, stride=(1, 2), dilation=(2, 1))
    assert sum(op.type.length for op in program.ops) > 1 << 14
    check(program, program)


def test_a_cell_outside_the_integers_of_an_image_is_refused() -> None:
    program = layer((4, 4), 1, 1)
    x = np.zeros((3, 16), dtype=np.int64)
    x[2, 7] = 16
    with pytest.raises(DataError, match="row 2 leaves the integers 0 to 15"):
        open_program(program).scores(x)


def test_an_artifact_of_an_image_program_runs() -> None:
    program = layer((5, 6), 3, 7)
    best, _ = optimise(program, runs=numba_cpu.runs(program))
    x = seeded_rows(program, 20)
    found = open_artifact(numba_cpu.build(best)).scores(x)
    np.testing.assert_array_equal(found, interpret(program, x)["scores"])


def test_a_program_on_vectors_without_quantizers_is_written_for_network_kernels() -> None:
    x = Input("x", ValueType("u", 4, 2))
    steps = Threshold("s", ValueType("u", 1, 2), "x", np.array([[1], [2]]), np.array([1, 1]))
    assert Requantize not in numba_cpu.runs(Program("p", (x, steps), {"scores": "s"}))
