"""What holds for every program: bounds, text, verification."""

from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.programs import programs

from qcompile.ir.bounds import element_bounds
from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret, interpret_all
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.ir.text import dump, parse
from qcompile.ir.verify import verify


@settings(deadline=None, max_examples=150)
@given(programs())
def test_a_program_comes_back_from_its_text_to_the_last_bit(program: Program) -> None:
    again = parse(dump(program))
    assert dump(again) == dump(program)
    rows = seeded_rows(program, 20)
    expected, found = interpret(program, rows), interpret(again, rows)
    for role in expected:
        np.testing.assert_array_equal(found[role], expected[role])


@settings(deadline=None, max_examples=150)
@given(programs(), st.integers(0, 1000))
def test_no_value_leaves_its_bound(program: Program, seed: int) -> None:
    rows = np.concatenate([seeded_rows(program, 50, seed), worst_case_rows(program, seed=seed)])
    values = interpret_all(program, rows)
    for name, ranges in element_bounds(program).items():
        low, high = (np.array([r[k] for r in ranges], dtype=object) for k in (0, 1))
        assert (values[name] >= low).all()
        assert (values[name] <= high).all()


@settings(deadline=None, max_examples=100)
@given(programs())
def test_fitted_types_are_valid_and_the_narrowest(program: Program) -> None:
    verify(program)
    assert dump(fit_types(program)) == dump(program)
    assert dump(program.pruned().pruned()) == dump(program.pruned())


@settings(deadline=None, max_examples=100)
@given(programs(), programs())
def test_programs_are_equal_where_their_texts_are(one: Program, other: Program) -> None:
    assert one.equals(parse(dump(one)))
    assert one.equals(other) == (dump(one) == dump(other))
    for op in one.ops:  # one changed entry is seen
        arrays = [f.name for f in fields(op) if getattr(getattr(op, f.name), "size", 0)]
        for name in arrays:
            changed = getattr(op, name).copy()
            changed.flat[-1] += 1
            ops = tuple(replace(o, **{name: changed}) if o is op else o for o in one.ops)
            assert not one.equals(one.with_ops(ops))
