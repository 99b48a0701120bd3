"""Every pass on random programs: the same outputs, a well-formed result, nothing left to do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.images import image_programs
from support.programs import programs

from qcompile import registry
from qcompile.ir.interpret import interpret
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.ir.text import dump
from qcompile.ir.verify import verify
from qcompile.passes import pipeline


def _same(one: Program, other: Program) -> None:
    rows = np.concatenate([seeded_rows(one, 60, 5), worst_case_rows(one, seed=5)])
    expected, found = interpret(one, rows), interpret(other, rows)
    for role in expected:
        np.testing.assert_array_equal(found[role], expected[role])


@pytest.mark.parametrize(("kind", "examples"), ((programs, 60), (image_programs, 25)))
@pytest.mark.parametrize("name", pipeline.ordered(None))
def test_a_pass_keeps_every_output_of_every_program(name: str, kind, examples: int) -> None:
    run = registry.load("qcompile.passes", name).run

    @settings(deadline=None, max_examples=examples)
    @given(kind())
    def check(program: Program) -> None:
        once = run(program)
        verify(once)
        assert once.outputs == program.outputs
        _same(program, once)
        assert dump(run(once)) == dump(once)

    check()


@settings(deadline=None, max_examples=60)
@given(st.one_of(programs(), image_programs()))
def test_the_pipeline_keeps_every_output_of_every_program(program: Program) -> None:
    best, records = pipeline.optimise(program)
    _same(program, best)
    assert len(records) == len(pipeline.ordered())
