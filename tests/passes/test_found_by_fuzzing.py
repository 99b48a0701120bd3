"""Programs on which a pass once failed, smallest form."""

from __future__ import annotations

import numpy as np
import pytest

from qcompile import registry
from qcompile.ir.interpret import interpret
from qcompile.ir.probe import seeded_rows
from qcompile.ir.text import dump, parse

READER_IN_ITS_OWN_BUNDLE = """qcompile-ir 1
%x : u4[2] = input
%c : u4[2] = affine %x
  scale = int(2)
    1 0
  shift = int(2)
    0 3
%d : i8[2] = dot %c
  weight = int(2, 2)
    0 1
    1 1
%m : i16[2] = mul %c %d
%s : i16[1] = dot %m
  weight = int(1, 2)
    1 2
output scores = %s
"""

TWO_AFFINES_BEFORE_A_THRESHOLD = """qcompile-ir 1
%x : i7[1] = input
%a : i16[1] = affine %x
  scale = int(1)
    3
  shift = int(1)
    -5
%b : i16[1] = affine %a
  scale = int(1)
    -3
  shift = int(1)
    22
%t : u2[1] = threshold %b
  levels = int(1, 3)
    -17 -5 32
  sign = int(1)
    1
output scores = %t
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("drop_constant_inputs", READER_IN_ITS_OWN_BUNDLE),
        ("fold_thresholds", TWO_AFFINES_BEFORE_A_THRESHOLD),
    ],
)
def test_a_pass_keeps_the_meaning_and_leaves_nothing_to_do(name: str, text: str) -> None:
    run, program = registry.load("qcompile.passes", name).run, parse(text)
    once = run(program)
    rows = seeded_rows(program, 100, 0)
    np.testing.assert_array_equal(interpret(once, rows)["scores"], interpret(program, rows)["scores"])
    assert dump(run(once)) == dump(once) != dump(program)
