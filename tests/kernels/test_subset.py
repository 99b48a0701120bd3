"""Every method, in every spelling worth using: exact at word, tile, block and flush edges."""

import numpy as np
import pytest

from qcompile import registry
from qcompile.kernels._bit_rows import bit_rows, subset_sums
from qcompile.kernels._contract import Dot, dot_reference
from qcompile.kernels._dot import fill, pack
from qcompile.kernels.simd import isa

METHODS = registry.names("qcompile.kernels.subset")
CASES = [
    (name, spelling)
    for name in METHODS
    for spelling in isa.supported()
    if spelling in registry.load("qcompile.kernels.subset", name).ISAS
]


def edges(method) -> list[int]:
    """Widths around each group, unit and block of a method."""
    block = method.limit(method.MAX_BITS) * method.INPUTS
    sizes = {1, method.INPUTS, method.INPUTS * method.UNIT, block, 2 * block}
    return sorted({s + k for s in sizes for k in (-1, 0, 1)} - {0})


@pytest.mark.parametrize(("name", "spelling"), CASES)
def test_a_method_is_exact_around_every_edge(name, spelling):
    method = registry.load("qcompile.kernels.subset", name)
    for bits in sorted({1, 4, method.MAX_BITS}):
        top = (1 << bits) - 1
        for d in edges(method):
            rng = np.random.default_rng(d)
            weight = rng.choice([-1, 1], (9, d))
            weight[0], weight[1] = 1, -1  # with the extreme codes: the largest sums there are
            codes = rng.integers(0, top + 1, (5, d)).astype(np.uint8)
            codes[0], codes[1] = top, 0
            form = Dot(weight.astype(np.int64), bits)
            out = np.full((5, 9), -1, np.int64)
            fill(pack(form, method, isa=spelling), codes, out)
            np.testing.assert_array_equal(out, dot_reference(form, codes), err_msg=f"d={d} bits={bits}")


@pytest.mark.parametrize(("name", "spelling"), CASES)
def test_a_method_is_exact_for_every_number_of_rows(name, spelling):
    method = registry.load("qcompile.kernels.subset", name)
    lanes, (many, at_once) = method.LANES, method.shape(4, spelling, 2)
    rng = np.random.default_rng(0)
    for m in (1, lanes, lanes * many + 1):
        weight = rng.choice([-3, -1, 1, 3], (m, 21)).astype(np.int64)
        for n in (1, at_once, 2 * at_once + 1):
            codes = rng.integers(0, 4, (n, 21)).astype(np.uint8)
            out = np.full((n, m), -1, np.int64)
            fill(pack(Dot(weight, 2), method, n, spelling), codes, out)
            np.testing.assert_array_equal(out, codes.astype(np.int64) @ weight.T, err_msg=f"m={m} n={n}")


@pytest.mark.parametrize("name", METHODS)
def test_codes_wider_than_the_method_takes_are_refused(name):
    method = registry.load("qcompile.kernels.subset", name)
    with pytest.raises(ValueError, match=f"takes codes of at most {method.MAX_BITS} bits, not 9"):
        pack(Dot(np.array([[1]]), 9), method)


@pytest.mark.parametrize("grid", [(-1, 1), (-1, 0, 1), (-15, -13, 15), (0,), (7,), (-5, 250)])
def test_every_integer_grid_is_rows_of_bits(grid):
    rng = np.random.default_rng(1)
    weight = rng.choice(grid, (6, 11))
    codes = rng.integers(0, 256, (3, 11))
    rows = bit_rows(weight)
    sums = sum(subset_sums(plane, codes) << b for b, plane in enumerate(rows.bits))
    np.testing.assert_array_equal(rows.low * codes.sum(1, keepdims=True) + rows.step * sums, codes @ weight.T)
