"""Programs on images: what holds for every program holds for them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.images import STEPS, image_programs, random_image_program
from support.programs import random_steps

from qcompile.backends.c99 import build as c99
from qcompile.backends.onnx import build as onnx_graph
from qcompile.cost.count import count
from qcompile.errors import CompileError, DataError, ModelError, UnsupportedError
from qcompile.ir.bounds import element_bounds
from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret, interpret_all
from qcompile.ir.ops import (
    Affine,
    Concat,
    Conv,
    Dot,
    Encode,
    Gather,
    Input,
    MaxPool,
    Requantize,
    Reshape,
    Table,
)
from qcompile.ir.probe import affordable, seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.ir.text import dump, parse
from qcompile.ir.types import ValueType
from qcompile.ir.verify import verify


@settings(deadline=None, max_examples=150)
@given(image_programs())
def test_a_program_comes_back_from_its_text_to_the_last_bit(program: Program) -> None:
    again = parse(dump(program))
    assert dump(again) == dump(program)
    rows = seeded_rows(program, 10)
    expected, found = interpret(program, rows), interpret(again, rows)
    for role in expected:
        np.testing.assert_array_equal(found[role], expected[role])


@settings(deadline=None, max_examples=150)
@given(image_programs(), st.integers(0, 1000))
def test_no_value_leaves_the_bound_of_its_channel(program: Program, seed: int) -> None:
    rows = np.concatenate([seeded_rows(program, 20, seed), worst_case_rows(program, seed=seed)])
    values = interpret_all(program, rows)
    for name, ranges in element_bounds(program).items():
        kind = program[name].type
        assert len(ranges) == kind.channels
        low, high = (np.array([r[k] for r in ranges], dtype=object) for k in (0, 1))
        value = values[name].reshape(len(rows), *kind.shape)
        assert (value >= low).all()
        assert (value <= high).all()


@settings(deadline=None, max_examples=100)
@given(image_programs())
def test_fitted_types_are_valid_and_every_operation_is_counted(program: Program) -> None:
    verify(program)
    assert dump(fit_types(program)) == dump(program)
    assert [c.operation for c in count(program)] == [op.result for op in program.ops[1:]]


def test_every_kind_of_step_occurs() -> None:
    rng = np.random.default_rng(0)
    made = {
        op.word() for _ in range(60) for op in random_image_program(rng, list(rng.choice(list(STEPS), 6))).ops
    }
    assert made >= {word.split()[0] for word in STEPS} | {"encode", "input", "argmax", "sign", "scale"}


def test_the_type_of_an_image_and_of_one_position() -> None:
    assert str(ValueType.parse("u4[8x6x16]")) == "u4[8x6x16]"
    assert ValueType.parse("i8[1x1x5]") == ValueType("i", 8, 5)
    assert str(ValueType("i", 8, 5, (1, 1))) == "i8[5]"
    for text in ("u4[8x16]", "u4[0x3x1]", "u4[3x0x1]", "u4[-1x3x1]"):
        with pytest.raises(ValueError, match=r"not a type|at least one row"):
            ValueType.parse(text)


TEXT = """qcompile-ir 1
%x : u2[2x3x1] = input
%c : i16[2x3x2] = conv %x
  weight = sign(2, 1, 2, 1)
    02
    01
  stride = int(2)
    1*2
  pad = int(4)
    0*3 1
  dilation = int(2)
    1*2
  groups = int(1)
    1
%p : i16[1x3x2] = maxpool %c
  kernel = int(2)
    2 1
  stride = int(2)
    1*2
  pad = int(4)
    0*4
  dilation = int(2)
    1*2
%r : u2[1x3x2] = requantize %p
  multiplier = int(1)
    3
  offset = int(2)
    1 2
  shift = int(1)
    2
  limits = int(2)
    0 3
  exceptions = int(1, 3)
    1 -2 3
%f : u2[6] = reshape %r
output scores = %f
"""


def test_a_small_convolution_by_hand() -> None:
    program = parse(TEXT)
    verify(program)
    image = np.array([[0, 3, 1, 2, 0, 1]])
    values = interpret_all(program, image)
    # Channel 0 is x - right neighbour, channel 1 the negative; right of the image is 0.
    assert values["c"].tolist() == [[-3, 3, 2, -2, 1, -1, 2, -2, -1, 1, 1, -1]]
    assert values["p"].tolist() == [[2, 3, 2, 1, 1, -1]]
    # (3 a + 1) >> 2 and (3 a + 2) >> 2, clamped to 0..3
    assert values["f"].tolist() == [[1, 2, 1, 1, 1, 0]]
    assert element_bounds(program)["c"] == [(-3, 3), (-3, 3)]
    assert dump(fit_types(program)).count("i8[2x3x2]") == 1


def test_text_mutated_at_random_is_a_program_or_refused() -> None:
    rng = np.random.default_rng(0)
    words = [
        "%x",
        "-1",
        "*",
        "2",
        "{",
        "\n",
        "  ",
        "conv",
        "int(3)",
        "9" * 30,
        "(",
        "0.5",
        "u8[1]",
        "x",
        "float",
    ]
    refused = 0
    for _ in range(1500):
        at = int(rng.integers(len(TEXT)))
        word = words[rng.integers(len(words))] if rng.random() < 0.7 else ""
        try:
            verify(parse(TEXT[:at] + word + TEXT[at + int(rng.integers(0, 4)) :]))
        except (ModelError, CompileError) as problem:
            refused += 1
            assert str(problem)
    assert 100 < refused < 1500


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_the_bound_of_an_unpadded_convolution_is_reached(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.integers(-2, 3, (2, 2, 1, 2))
    x = Input("x", ValueType("u", 1, 2, (2, 1)))
    program = fit_types(Program("p", (x, Conv("y", ValueType("i", 64, 2), "x", weight)), {"scores": "y"}))
    every = np.array(list(itertools.product((0, 1), repeat=4)))
    found = interpret(program, every)["scores"]
    assert element_bounds(program)["y"] == list(zip(found.min(axis=0), found.max(axis=0), strict=True))


@pytest.mark.parametrize("pad", ((0, 0, 0, 0), (1, 1, 1, 1)))
def test_worst_case_rows_reach_the_bound_of_a_convolution(pad: tuple[int, int, int, int]) -> None:
    rng = np.random.default_rng(3)
    weight = rng.integers(-9, 10, (6, 3, 3, 2))
    x = Input("x", ValueType("u", 4, 2, (5, 5)))
    places = Conv("y", x.type, "x", weight, pad=pad).window.results((5, 5))
    conv = Conv("y", ValueType("i", 64, 6, places), "x", weight, pad=pad)
    program = fit_types(Program("p", (x, conv), {"scores": "y"}))
    found = interpret(program, worst_case_rows(program, neurons=8))["scores"].reshape(-1, 6)
    assert element_bounds(program)["y"] == list(zip(found.min(axis=0), found.max(axis=0), strict=True))


def test_a_large_network_is_probed_with_fewer_rows() -> None:
    x = Input("x", ValueType("u", 1, 64, (32, 32)))
    conv = Conv("y", x.type, "x", np.ones((64, 3, 3, 64), dtype=np.int64), pad=(1, 1, 1, 1))
    flat = Reshape("s", ValueType("i", 64, 65536), "y")
    program = fit_types(Program("p", (x, conv, flat), {"scores": "s"}))
    assert (affordable(program, 1000), affordable(program, 3)) == (2**30 // (65536 * 576), 3)
    rows = worst_case_rows(program)
    assert 2 <= len(rows) <= affordable(program, 1000)
    assert interpret(program, rows)["scores"].max() == 576
    small = Program(
        "p", (Input("x", ValueType("u", 1, 9)), Dot("s", W, "x", np.ones((2, 9)))), {"scores": "s"}
    )
    assert affordable(small, 1000) == 1000


X, W = Input("x", ValueType("u", 2, 2, (3, 3))), ValueType("i", 64, 2, (3, 3))
ONE, HALF = ValueType("i", 64, 2), np.ones((2, 1, 1, 1), dtype=np.int64)


@pytest.mark.parametrize(
    ("op", "message"),
    (
        (Conv("s", W, "x", np.ones((2, 1, 1, 3))), "length 2 where 3 is needed"),
        (Conv("s", W, "x", np.ones((3, 1, 1, 2))), "length 2 where 3 is needed"),
        (Conv("s", W, "x", np.ones((3, 1, 1, 1)), groups=2), "2 groups do not divide 3 channels"),
        (Conv("s", W, "x", HALF, groups=0), "0 groups do not divide"),
        (Conv("s", ONE, "x", HALF, groups=2), "3x3 positions come out, not 1x1"),
        (Conv("s", W, "x", HALF, (0, 1), groups=2), "stride and dilation must be at least 1"),
        (Conv("s", W, "x", HALF, (1, 1, 1), groups=2), "have two entries, pad four"),
        (Conv("s", W, "x", np.ones((2, 4, 1, 2))), "the kernel does not fit 3x3 positions"),
        (MaxPool("s", W, "x", (257, 256)), "a kernel has at most 65536 places"),
        (MaxPool("s", W, "x", (1, 1), pad=(2**40, 0, 0, 0)), "a padded image has at most 16777216 positions"),
        (MaxPool("s", W, "x", (4, 4)), "the kernel does not fit 3x3 positions"),
        (MaxPool("s", ONE, "x", (3, 3), (1, 1), (0, 0, 0, 1)), "1x2 positions come out, not 1x1"),
        (
            MaxPool("s", ValueType("i", 64, 2, (4, 3)), "x", (1, 1), pad=(1, 0, 0, 0)),
            "a window lies wholly outside the image",
        ),
        (Affine("s", ONE, "x", [1], [0]), "3x3 positions where 1x1 are needed"),
        (Dot("s", ONE, "x", np.ones((2, 2))), "3x3 positions where 1x1 are needed"),
        (Reshape("s", ValueType("i", 64, 17), "x"), "length 18 where 17 is needed"),
        (Gather("s", W, "x", [0, 2]), "a channel is 0 to 1"),
        (Gather("s", W, "x", [0]), "length 2 where 1"),
        (Concat("s", W, ("x", "x")), "length 4 where 2"),
        (Table("s", W, "x", np.zeros((3, 4)), 0), r"values have shape \(3, 4\), allowed 1 or 2 rows"),
        (Table("s", W, "x", np.zeros((1, 3)), 0), r"%s reads \[0, 3\], but its table is for 0 to 2"),
        (
            Requantize("s", W, "x", [1, 1, 1], [0], [0], (0, 1), []),
            "offset and shift have 1 or 2",
        ),
        (Requantize("s", W, "x", [1], [0], [63], (0, 1), []), "a shift is 0 to 62"),
        (Requantize("s", W, "x", [1], [0], [0], (1, 0), []), "limits are"),
        (Requantize("s", W, "x", [1], [0], [0], (0, 1), [(2, 0, 0)]), "an exception is of a channel of 2"),
        (Requantize("s", W, "x", [1], [0], [0], (0, 1), [(1, 0, 0), (1, 0, 1)]), "two exceptions"),
        (Requantize("s", W, "x", [2**62], [0], [9], (0, 1), []), "%s: its product may reach .* leaves int64"),
    ),
)
def test_a_malformed_operation_is_refused(op, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        verify(Program("p", (X, op), {"scores": "s"}))


def test_a_concat_of_nothing_and_one_with_constants_are_refused() -> None:
    with pytest.raises(ValueError, match="joins at least one"):
        Concat("s", W, ())
    with pytest.raises(ValueError, match="concat has no constants"):
        Concat.parsed("s", W, ("x",), {"weight": np.zeros(1)}, {})


def test_filters_of_groups_stay() -> None:
    with pytest.raises(ValueError, match="grouped"):
        Conv("s", W, "x", HALF, groups=2).kept(np.array([True, False]))


def test_what_a_requantize_keeps_of_its_exceptions() -> None:
    op = Requantize("s", W, "x", [1, 2], [0], [0], (0, 9), [(1, 3, 9), (0, 1, 5)])
    kept = op.kept(np.array([False, True]))
    assert (kept.multiplier.tolist(), kept.exceptions.tolist()) == ([2], [[0, 3, 9]])
    assert op.constants_of_channels()[0] == (1, 0, 0, (0, 9), ((1, 5),))


def test_raw_cells_become_an_image() -> None:
    encoder = random_steps(3, 12, 12)
    image = Encode("c", ValueType("u", encoder.bits, 2, (2, 3)), "x", encoder)
    program = Program("p", (Input("x", ValueType("f", 32, 12)), image), {"scores": "c"})
    verify(program)
    rows = seeded_rows(program, 5)
    flat = Program("p", (program.ops[0], Encode("c", ValueType("u", 8, 12), "x", encoder)), {"scores": "c"})
    np.testing.assert_array_equal(interpret(program, rows)["scores"], interpret(flat, rows)["scores"])
    with pytest.raises(DataError, match=r"reads \(n, 12\)"):
        interpret(program, rows[:, :5])


@pytest.mark.parametrize(
    ("name", "run"),
    (
        ("the C back-end", c99.build),
        ("QONNX", lambda p: onnx_graph.build(p, option="qonnx")),
    ),
)
def test_a_back_end_for_vectors_refuses_an_image(name: str, run) -> None:
    add = "qcompile-ir 1\n%x : u4[2x2x1] = input\n%s : i8[2x2x1] = add %x %x\noutput scores = %s"
    with pytest.raises(UnsupportedError, match=rf"%x \(input\) is an image, u4\[2x2x1\], and {name} runs"):
        run(parse(add))
