"""The bounds that a certificate rests on, against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import hadamard

from qcompile.certificate.rounding_error import gamma, least_eigenvalue, weighted_moments
from qcompile.model.arrays import UNIT_ROUNDOFF


def test_gamma_is_above_its_exact_value():
    u = Fraction(UNIT_ROUNDOFF)
    for k in (1, 2, 7, 1000, 10**6):
        assert Fraction(gamma(k)) >= k * u / (1 - k * u)


@pytest.mark.parametrize(("n", "d", "unit"), [(1, 1, 1), (7, 3, 3), (300, 4, 15), (1000, 2, 255)])
def test_moments_are_within_their_bound_of_the_exact_ones(n, d, unit):
    rng = np.random.default_rng(n)
    q = rng.integers(-unit, unit + 1, size=(n, d)).astype(np.int16)
    scale, dual = rng.uniform(0.1, 1.0, n) / n, rng.normal(size=n) * 10.0 ** rng.integers(-3, 4, n)
    computed, bound = weighted_moments(q, unit, scale, dual)
    assert np.array_equal(computed, computed.T)
    z = [[Fraction(int(k), unit) for k in row] + [Fraction(1)] for row in q]
    c = [Fraction(float(s)) * Fraction(float(l)) for s, l in zip(scale, dual, strict=True)]
    worst = Fraction(0)
    for i in range(d + 1):
        for j in range(i + 1):
            exact = sum((a * row[i] * row[j] for a, row in zip(c, z, strict=True)), Fraction(0))
            worst = max(worst, abs(exact - Fraction(float(computed[i, j]))))
    assert worst <= Fraction(bound)
    assert bound < 1e-10 * np.abs(scale * dual).sum()


@settings(deadline=None, max_examples=60)
@given(order=st.sampled_from([1, 2, 4, 8, 16, 32]), seed=st.integers(0, 10**6), spread=st.integers(0, 9))
def test_the_proved_eigenvalue_is_below_the_true_one_and_close(order, seed, spread):
    # H diag(k) H' / order has the eigenvalues k exactly, and integer entries when k is divisible.
    rng = np.random.default_rng(seed)
    h = hadamard(order).astype(np.int64)
    k = order * rng.integers(-(10**spread), 10**spread + 1, size=order)
    matrix = ((h * k) @ h.T // order).astype(np.float64)
    _, bound = least_eigenvalue(matrix)
    true = float(k.min())
    assert bound <= true
    assert bound >= true - 1e-12 * order**2 * max(1.0, float(np.abs(k).max()))


def test_a_singular_matrix_is_never_proved_positive():
    for order in (2, 5, 50):
        _, bound = least_eigenvalue(np.ones((order, order)))
        assert -1e-10 < bound <= 0.0


def test_a_matrix_of_zeros_has_the_eigenvalue_zero():
    _, bound = least_eigenvalue(np.zeros((3, 3)))
    assert -1e-200 <= bound <= 0.0
