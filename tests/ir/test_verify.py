"""A malformed program is refused, and the sentence names the operation."""

import numpy as np
import pytest
from support.networks import random_deep, random_encoder, random_network

from qcompile.errors import CompileError, DataError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.ops import Add, Affine, Argmax, Dot, Encode, Input, Mul, Poly, Scale, Threshold
from qcompile.ir.program import Program
from qcompile.ir.text import parse
from qcompile.ir.types import ValueType
from qcompile.ir.verify import verify

X, W = Input("x", ValueType("u", 4, 2)), ValueType("i", 64, 2)
RAW = Input("x", ValueType("f", 32, 5))


def test_lowered_and_deep_programs_are_well_formed() -> None:
    for seed in range(5):
        verify(lower(random_network(seed)))
        verify(random_deep(seed))


@pytest.mark.parametrize(
    ("ops", "message"),
    (
        ((X, Input("s", W)), "%s is a second input"),
        ((X, Dot("s", W, "x", [[1, 2, 3], [1, 2, 3]])), r"%s : i64\[2\] is malformed: length 2 where 3"),
        ((X, Dot("s", W, "x", [[1, 2]])), "length 2 where 1 is needed"),
        ((X, Affine("s", W, "x", [1, 2, 3], [0])), "scale has 3 and shift 1 entries, allowed 1 or 2"),
        ((X, Dot("t", ValueType("i", 64, 1), "x", [[1, 2]]), Add("s", W, "x", "t")), "length 1 where 2"),
        ((X, Mul("s", ValueType("i", 64, 3), "x", "x")), "length 2 where 3"),
        ((X, Poly("s", W, "x", (1, 2))), "a poly has three integer coefficients"),
        ((X, Threshold("s", W, "x", [[3, 1], [1, 3]], [1, 1])), "a row of levels is not sorted"),
        ((X, Threshold("s", W, "x", [[1], [3]], [1, 2])), "sign must be -1 or \\+1"),
        ((X, Threshold("s", W, "x", [[1]], [1, 1])), "length 1 where 2"),
        ((X, Argmax("s", W, "x")), "length 2 where 1"),
        ((X, Encode("s", W, "x", random_encoder(0, 2))), "encodes something that is not the float input"),
        ((RAW, Encode("s", W, "x", random_encoder(0, 3))), "length 2 where 3"),
        ((RAW, Affine("s", ValueType("i", 64, 5), "x", [1], [0])), "reads the float %x as integers"),
        ((X, Affine("s", ValueType("f", 64, 2), "x", [1], [0])), "only the input and scale are floats"),
        ((X, Affine("s", ValueType("u", 4, 2), "x", [1], [1])), r"declared u4\[2\] but reaches \[1, 16\]"),
        ((X, Scale("s", ValueType("f", 64, 2), "x", [1.0, np.inf], [0.0, 0.0])), "must be finite"),
        ((X, Scale("s", ValueType("f", 64, 2), "x", [1.0, 1.0], [0.0, 0.0])), "scores must be integers"),
    ),
)
def test_a_malformed_operation_is_refused(ops: tuple, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        verify(Program("p", ops, {"scores": "s"}))


def test_a_program_that_is_no_program_cannot_be_made() -> None:
    for ops, outputs, message in (
        ((), {"scores": "x"}, "starts with its input"),
        ((X, Mul("s", W, "x", "y")), {"scores": "s"}, "%s reads %y, which no earlier operation makes"),
        ((X, Mul("x", W, "x", "x")), {"scores": "x"}, "%x is made twice"),
        ((X,), {"label": "x"}, "must name 'scores'"),
    ):
        with pytest.raises(CompileError, match=message):
            Program("p", ops, outputs)


def test_the_interpreter_refuses_rows_of_another_shape_or_range() -> None:
    program = parse("qcompile-ir 1\n%x : u4[2] = input\noutput scores = %x")
    with pytest.raises(DataError, match=r"shape \(1, 3\), but the program reads \(n, 2\)"):
        interpret(program, np.zeros((1, 3)))
    with pytest.raises(DataError, match=r"rows lie in \[0, 16\], but the program reads integers of 0 to 15"):
        interpret(program, np.array([[0, 16]]))
