"""Both dot instructions of the plain machine equal the slow reference at sizes around every word edge."""

import numpy as np
import pytest

from qcompile.ir.fit import fit_types
from qcompile.ir.ops import Dot, Input
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.kernels.contract import Dot as Product
from qcompile.kernels.contract import dot_reference
from qcompile.run.host import open_program

# Each side of every word boundary up to two words: where tail bugs live.
WIDTHS = (1, 2, 7, 8, 63, 64, 65, 127, 128, 129, 257)
GRIDS = {"binary": (-1, 1), "ternary": (-1, 0, 1), "integer": (-15, -7, -1, 0, 3, 14)}


@pytest.mark.parametrize("kernel", ("planes_i8_u8", "multiply_i64_i64"))
@pytest.mark.parametrize("d", WIDTHS)
def test_a_dot_of_the_plain_machine_equals_the_reference(kernel: str, d: int) -> None:
    rng = np.random.default_rng(d)
    for grid in GRIDS.values():
        for bits in range(1, 9):
            for m in (1, 7, 8, 9):
                weight = rng.choice(grid, (m, d)).astype(np.int64)
                top = (1 << bits) - 1
                x = rng.integers(0, top + 1, (5, d))
                x[0], x[1] = 0, top
                dot = Dot("s", ValueType("i", 64, m), "x", weight, notes={"kernel": kernel})
                ops = (Input("x", ValueType("u", bits, d)), dot)
                runner = open_program(fit_types(Program("dot", ops, {"scores": "s"})), "plain")
                np.testing.assert_array_equal(runner.scores(x), dot_reference(Product(weight, bits), x))
