"""Every method, in every spelling worth using: exact at word, tile, block and flush edges."""

import numpy as np
import pytest

from qcompile.kernels.contract import Dot, dot_reference
from qcompile.kernels.fused.dot import fill, pack
from qcompile.kernels.method import TileMethod, load, names
from qcompile.kernels.simd import isa
from qcompile.model.bits import bit_rows

METHODS = names()


CASES = [(name, spelling) for name in METHODS for spelling in isa.supported() if spelling in load(name).isas]


def edges(method, spelling) -> list[int]:
    """Widths around each group, unit and block of a method; for a tile around the cuts of its narrow sums."""
    if isinstance(method, TileMethod):
        inputs, groups = method.shape(64, spelling, method.max_bits)
        cut = method.limit(method.max_bits) // (inputs * groups) * inputs * groups
        return sorted({s + k for s in (1, inputs, inputs * groups, cut, 3 * cut) for k in (-1, 0, 1)} - {0})
    block = method.limit(method.max_bits) * method.inputs
    sizes = {1, method.inputs, method.inputs * method.unit, block, 2 * block}
    return sorted({s + k for s in sizes for k in (-1, 0, 1)} - {0})


# A tile compiles for seconds; test_tables_of_every_size_are_exact has the quick one.
SLOW = [
    pytest.param(*case, marks=pytest.mark.slow) if isinstance(load(case[0]), TileMethod) else case
    for case in CASES
]


@pytest.mark.parametrize(("name", "spelling"), SLOW)
def test_a_method_is_exact_around_every_edge(name, spelling):
    method = load(name)
    for bits in sorted({1, 4, method.max_bits}):
        top = (1 << bits) - 1
        for d in edges(method, spelling):
            rng = np.random.default_rng(d)
            weight = rng.choice([-1, 1], (9, d))
            weight[0], weight[1] = 1, -1  # with the extreme codes: the largest sums there are
            n = getattr(method, "tiles", (16,))[0] + 5  # rows together, a few at once, and single ones
            codes = rng.integers(0, top + 1, (n, d)).astype(np.uint8)
            codes[0], codes[1], codes[-1] = top, 0, top
            form = Dot(weight.astype(np.int64), bits)
            out = np.full((n, 9), -1, np.int64)
            fill(pack(form, name, isa=spelling), codes, out)
            np.testing.assert_array_equal(out, dot_reference(form, codes), err_msg=f"d={d} bits={bits}")


@pytest.mark.parametrize(("name", "spelling"), SLOW)
def test_a_method_is_exact_for_every_number_of_rows(name, spelling):
    method = load(name)
    lanes, (many, at_once) = method.lanes, method.shape(4, spelling, 2)
    rng = np.random.default_rng(0)
    counts = (1, at_once, 2 * at_once + 1, 4 * at_once + 1)
    if isinstance(method, TileMethod):
        counts = (1, 7, 8, 15, 16, 17, 31, 32, 33, 70)
    for m in (1, lanes, lanes * many + 1):
        weight = rng.choice([-3, -1, 1, 3], (m, 21)).astype(np.int64)
        for n in counts:
            codes = rng.integers(0, 4, (n, 21)).astype(np.uint8)
            out = np.full((n, m), -1, np.int64)
            fill(pack(Dot(weight, 2), name, n, spelling), codes, out)
            np.testing.assert_array_equal(out, codes.astype(np.int64) @ weight.T, err_msg=f"m={m} n={n}")


TILED = [name for name in METHODS if isinstance(load(name), TileMethod)]


QUICK = [("tile_words", 64, 307), ("tile_bytes", 64, 70)]
TABLES = [
    (name, rows, d)
    for name in TILED
    for rows in (64, 128, 384, 3072)
    for d in (70, load(name).limit(load(name).max_bits) + 50)
]


@pytest.mark.parametrize(
    ("name", "weight_rows", "d"),
    QUICK + [pytest.param(*case, marks=pytest.mark.slow) for case in TABLES if case not in QUICK],
)
def test_tables_of_every_size_are_exact(name, weight_rows, d):
    """A whole tile and half a tile; sums that are cut (more inputs than ``limit``) and sums that are not."""
    method, rng = load(name), np.random.default_rng(weight_rows)
    top = (1 << method.max_bits) - 1
    weight = rng.choice([-1, 1], (weight_rows, d)).astype(np.int64)
    weight[0], weight[1] = 1, -1
    codes = rng.integers(0, top + 1, (sum(method.tiles), d)).astype(np.uint8)
    codes[0], codes[1], codes[-1] = top, 0, top
    out = np.full((len(codes), weight_rows), -1, np.int64)
    fill(pack(Dot(weight, method.max_bits), name), codes, out)
    np.testing.assert_array_equal(out, codes.astype(np.int64) @ weight.T)


@pytest.mark.parametrize("name", TILED)
def test_sixteen_bits_hold_the_largest_sum_of_a_chunk_and_no_input_more(name):
    method = load(name)
    for bits in range(1, method.max_bits + 1):
        top = (1 << bits) - 1
        assert method.limit(bits) * top < 2**16 <= (method.limit(bits) + 1) * top
        for weight_rows in (1, 128, 384, 3072, 100_000):
            inputs, groups = method.shape(weight_rows, "avx2", bits)
            assert inputs * groups <= method.limit(bits)
            assert groups * 32 << inputs <= 2**16  # places of the entries have sixteen bits as well


@pytest.mark.slow
@pytest.mark.parametrize("bits", (4, 8))
def test_the_largest_sum_of_sixteen_bits_is_reached_without_wrapping(bits):
    """As many inputs as ``limit`` allows, or the last whole block before it, all selected, all at the top."""
    top = (1 << bits) - 1
    method = load("tile_words")
    inputs, groups = method.shape(64, "avx2", bits)
    d = method.limit(bits) // (inputs * groups) * inputs * groups
    weight = np.ones((1, d), np.int64)
    weight[0, 0] = 0  # so that the weights are one plane of bits
    codes = np.full((32, d), top, np.uint8)
    for more in (0, 1):  # the block that still fits, and one more input: the sums are cut
        w, c = (
            np.pad(weight, ((0, 0), (0, more)), constant_values=1),
            np.pad(codes, ((0, 0), (0, more)), "edge"),
        )
        out = np.zeros((32, 1), np.int64)
        fill(pack(Dot(w, bits), "tile_words"), c, out)
        assert (out == (d + more - 1) * top).all()
    assert 2**16 - (inputs * groups + 1) * top <= d * top < 2**16


@pytest.mark.parametrize("name", METHODS)
def test_codes_wider_than_the_method_takes_are_refused(name):
    method = load(name)
    with pytest.raises(ValueError, match=f"takes codes of at most {method.max_bits} bits, not 9"):
        pack(Dot(np.array([[1]]), 9), name)


@pytest.mark.parametrize("grid", [(-1, 1), (-1, 0, 1), (-15, -13, 15), (0,), (7,), (-5, 250)])
def test_every_integer_grid_is_rows_of_bits(grid):
    rng = np.random.default_rng(1)
    weight = rng.choice(grid, (6, 11))
    codes = rng.integers(0, 256, (3, 11))
    rows = bit_rows(weight)
    sums = sum((codes @ plane.T.astype(np.int64)) << b for b, plane in enumerate(rows.bits))
    np.testing.assert_array_equal(rows.low * codes.sum(1, keepdims=True) + rows.step * sums, codes @ weight.T)
