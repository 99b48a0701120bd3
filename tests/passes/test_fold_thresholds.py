"""A quantizer behind a quantizer becomes one, in every combination of directions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Add, Affine, Input, Threshold
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.passes.fold_thresholds import run

EVERY = np.arange(-32, 32)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**32 - 1))
def test_thresholds_of_thresholds_are_one_comparison(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, wide = 3, ValueType("i", 64, 3)
    inner, outer = (np.sort(rng.integers(-9, 12, (n, rng.integers(0, 7))), axis=1) for _ in range(2))
    ops = [
        Input("x", ValueType("i", 6, n)),
        Threshold("t", wide, "x", inner * 3, rng.choice([-1, 1], n)),
        Affine("a", wide, "t", rng.integers(-2, 3, n), rng.integers(-2, 3, n)),
        Threshold("u", wide, "a", outer // 2, rng.choice([-1, 1], n)),
        Threshold("v", wide, "u", np.sort(rng.integers(0, 5, (n, 2)), axis=1), rng.choice([-1, 1], n)),
    ]
    program = fit_types(Program("p", tuple(ops), {"scores": "v"}))
    once = run(program)
    assert [op.word() for op in once.ops] == ["input", "threshold"]
    rows = np.stack([EVERY] * n, axis=1)
    np.testing.assert_array_equal(interpret(once, rows)["scores"], interpret(program, rows)["scores"])


@pytest.mark.parametrize("output", ("t", "s"))
def test_an_inner_quantizer_that_somebody_else_reads_stays(output: str) -> None:
    wide = ValueType("i", 64, 1)
    ops = (
        Input("x", ValueType("i", 6, 1)),
        Threshold("t", wide, "x", [[0, 4]], [1]),
        Threshold("u", wide, "t", [[2]], [1]),
        Add("s", wide, "t", "u"),
    )
    outputs = {"scores": "u" if output == "t" else "s", "codes": output}
    once = run(fit_types(Program("p", ops, outputs)))
    assert once["u"].operands == ("t",)
