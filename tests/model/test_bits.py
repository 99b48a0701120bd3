from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from qcompile.model.bits import (
    bit_rows,
    levels_of,
    pack_bits,
    pack_planes,
    pack_signs,
    unpack_bits,
    unpack_signs,
    words,
)

# Each side of every word boundary up to two words: where tail bugs live.
WIDTHS = (1, 2, 7, 8, 63, 64, 65, 127, 128, 129)


@pytest.mark.parametrize("d", WIDTHS)
def test_bit_j_of_a_row_is_bit_j_mod_64_of_word_j_div_64(d: int) -> None:
    bits = np.random.default_rng(d).integers(0, 2, size=(5, d))
    packed = pack_bits(bits)
    assert packed.shape == (5, words(d)) and packed.dtype == np.uint64
    for i in range(5):
        number = sum(int(w) << (64 * k) for k, w in enumerate(packed[i]))
        assert number == sum(int(b) << j for j, b in enumerate(bits[i]))  # padding bits are 0
    np.testing.assert_array_equal(unpack_bits(packed, d), bits)


@pytest.mark.parametrize("d", WIDTHS)
def test_xor_popcount_is_the_inner_product_of_signs(d: int) -> None:
    rng = np.random.default_rng(d)
    u, v = rng.choice(np.array([-1, 1], dtype=np.int8), size=(2, 6, d))
    differ = np.bitwise_count(pack_signs(u) ^ pack_signs(v)).sum(axis=1, dtype=np.int64)
    np.testing.assert_array_equal(d - 2 * differ, (u.astype(int) * v).sum(axis=1))
    np.testing.assert_array_equal(unpack_signs(pack_signs(u), d), u)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 8), st.integers(1, 130), st.integers(0, 2**32 - 1))
def test_planes_weighted_by_powers_of_two_give_the_codes(bits: int, d: int, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 1 << bits, size=(3, d))
    planes = pack_planes(codes, bits)
    assert planes.shape == (bits, 3, words(d))
    total = sum((1 << b) * unpack_bits(planes[b], d).astype(np.int64) for b in range(bits))
    np.testing.assert_array_equal(total, codes)


@pytest.mark.parametrize("bits", (1, 2, 4, 8))
def test_odd_levels_are_signed_sums_of_planes(bits: int) -> None:
    """u'q = sum_b 2^b (d - 2 popcount(u xor s_b)) for q = 2c - (2^B - 1), s_b = 2 c_b - 1."""
    rng, d = np.random.default_rng(bits), 77
    codes = rng.integers(0, 1 << bits, size=(4, d))
    u = rng.choice(np.array([-1, 1], dtype=np.int8), size=(1, d))
    q = 2 * codes - ((1 << bits) - 1)
    total = np.zeros(4, dtype=np.int64)
    for b, plane in enumerate(pack_planes(codes, bits)):
        signs = 2 * unpack_bits(plane, d).astype(np.int8) - 1
        differ = np.bitwise_count(pack_signs(u) ^ pack_signs(signs)).sum(axis=1, dtype=np.int64)
        total += (1 << b) * (d - 2 * differ)
    np.testing.assert_array_equal(total, q @ u[0])


def test_a_zero_among_signs_is_refused_and_the_message_says_where() -> None:
    with pytest.raises(ValueError, match=r"signs\[0, 1\] is 0.*1 of 3 entries"):
        pack_signs(np.array([[1, 0, -1]], dtype=np.int8))


def test_the_least_int8_is_refused_although_its_absolute_value_overflows() -> None:
    with pytest.raises(ValueError, match=r"signs\[0, 0\] is -128"):
        pack_signs(np.array([[-128]], dtype=np.int8))


def test_bits_other_than_0_and_1_are_refused() -> None:
    with pytest.raises(ValueError, match="0 or 1"):
        pack_bits(np.array([[2]]))


@pytest.mark.parametrize("codes", ([[4]], [[-1]]))
def test_codes_that_do_not_fit_the_planes_are_refused(codes: list[list[int]]) -> None:
    with pytest.raises(ValueError, match=r"outside 0\.\.3"):
        pack_planes(np.array(codes), 2)


def test_no_rows_pack_to_no_rows() -> None:
    assert pack_signs(np.zeros((0, 65), dtype=np.int8)).shape == (0, 2)


matrices = st.lists(st.lists(st.integers(-(2**61), 2**61), min_size=3, max_size=3), max_size=4)


@given(matrices | st.lists(st.lists(st.sampled_from((-9, -3, 3, 15)), min_size=3, max_size=3), max_size=4))
def test_every_integer_matrix_is_digits_on_its_coarsest_grid(entries: list[list[int]]) -> None:
    weight = np.array(entries, dtype=np.int64).reshape(-1, 3)
    levels = levels_of(weight)
    digits = levels.digits(weight)
    np.testing.assert_array_equal(levels.low + levels.step * digits, weight)
    present = sorted({int(x) for x in digits.ravel()})
    if present and int(weight.max()) - int(weight.min()) < 2**62:
        assert (present[0], present[-1]) == (0, levels.count - 1)
        assert len(present) == 1 or math.gcd(*present) == 1, "a coarser grid would hold it"
    rows = bit_rows(weight)
    assert len(rows.bits) == levels.bits == max(1, (levels.count - 1).bit_length())
    rebuilt = sum((plane.astype(np.int64) << b for b, plane in enumerate(rows.bits)), np.zeros_like(weight))
    np.testing.assert_array_equal(rows.low + rows.step * rebuilt, weight)
