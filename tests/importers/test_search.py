"""Thresholds are those of brute force, and packed digits come back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.importers.onnx.search import thresholds
from qcompile.model.float_order import HIGHEST, LOWEST, float_of, key_of
from qcompile.model_file.digits import Digits, digits_of, pack, unpack


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 9), st.booleans())
def test_thresholds_equal_brute_force(seed: int, count: int, falling: bool) -> None:
    rng = np.random.default_rng(seed)
    low = rng.integers(-40, 10, 5)
    high = low + rng.integers(0, 60, 5)
    steps = np.sort(rng.integers(-60, 60, (5, count)), axis=1)

    def levels(c: np.ndarray) -> np.ndarray:
        reached = (c[:, :, None] >= steps[:, None, :]).sum(axis=2)
        return count - reached if falling else reached

    found, sign = thresholds(levels, low, high, count)
    for row in range(5):
        every = np.arange(low[row], high[row] + 1)
        code = levels(np.broadcast_to(every, (5, len(every))))[row]
        for j in range(1, count + 1):
            t = found[row, j - 1]
            assert low[row] - 1 <= t <= high[row] + 1
            np.testing.assert_array_equal(every >= t if sign[row] > 0 else every <= t, code >= j)


@settings(deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_the_order_of_float32_numbers_is_the_order_of_their_keys(values: list[float]) -> None:
    given_ = np.array(values, dtype=np.float32)
    keys = key_of(given_)
    np.testing.assert_array_equal(float_of(keys), given_)
    order = np.argsort(keys, kind="stable")
    assert (np.diff(given_[order].astype(np.float64)) >= 0).all()
    assert (keys >= LOWEST).all() and (keys <= HIGHEST).all()


def test_a_step_of_float32_numbers_is_found_to_the_last_bit() -> None:
    at = np.float32(0.1)
    found, sign = thresholds(
        lambda k: (float_of(k) >= at).astype(int), np.array([LOWEST]), np.array([HIGHEST]), 1
    )
    assert float_of(found)[0, 0] == at and sign[0] == 1


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(-128, 127), st.integers(1, 40), st.integers(2, 256))
def test_packed_digits_come_back(seed: int, low: int, step: int, base: int) -> None:
    top = min(base - 1, (127 - low) // step)
    rng = np.random.default_rng(seed)
    weights = low + step * rng.integers(0, max(1, top + 1), (7, int(rng.integers(1, 30))))
    digits = digits_of(weights)
    packed = pack(weights, digits)
    assert packed.size == digits.size(weights.size)
    np.testing.assert_array_equal(unpack(packed, digits, weights.shape), weights)
    assert digits.base**digits.per_byte <= 256


def test_bytes_that_do_not_fit_the_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="3 bytes do not hold 100 weights of base 2"):
        unpack(np.zeros(3, np.uint8), Digits(-1, 2, 2), (10, 10))
    with pytest.raises(ValueError, match="no weights are written with low -1, step 2, base 1"):
        Digits(-1, 2, 1)
