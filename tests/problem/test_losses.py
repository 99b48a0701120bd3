"""Every loss file: derivatives, conjugate, domain, and the bound on its rounding error."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.problem.losses import LOSSES, in_domain
from qcompile.train.choices import default_loss

NAMES = LOSSES.names()
EACH = pytest.mark.parametrize("name", NAMES)


def load(name):
    return LOSSES[name]


def sample(name, seed=0, n=400, radius=1e-3):
    """Outputs and fitting targets, where differences are meaningful: no kink within ``radius``.

    A kink is a jump of the curvature, so its place need not be known; a derivative that is wrong
    nowhere but at a jump of its own would lose too many rows.
    """
    rng = np.random.default_rng(seed)
    loss, f = load(name), rng.normal(scale=3.0, size=n)
    y = np.sign(rng.normal(size=n)) if "regression" not in loss.TASKS else rng.normal(size=n)
    jump = np.abs(loss.curvature(f + radius, y) - loss.curvature(f - radius, y))
    smooth = jump < 0.1 * loss.CURVATURE
    assert smooth.mean() > 0.98
    return f[smooth], y[smooth]


@EACH
def test_the_gradient_is_the_difference_quotient_of_the_value(name):
    loss, (f, y) = load(name), sample(name)
    h = 1e-6
    quotient = (loss.value(f + h, y) - loss.value(f - h, y)) / (2 * h)
    # truncation h^2 |phi'''| / 6 and cancellation eps |phi| / h, both with room
    np.testing.assert_allclose(loss.gradient(f, y), quotient, atol=1e-9 + 1e-15 / h * (1 + f @ f))


@EACH
def test_the_curvature_is_the_difference_quotient_of_the_gradient_and_bounded(name):
    loss, (f, y) = load(name), sample(name)
    h = 1e-5
    quotient = (loss.gradient(f + h, y) - loss.gradient(f - h, y)) / (2 * h)
    np.testing.assert_allclose(loss.curvature(f, y), quotient, atol=1e-8)
    assert (loss.curvature(f, y) <= loss.CURVATURE).all()


@EACH
def test_fenchel_holds_with_equality_exactly_at_the_gradient(name):
    loss, (f, y) = load(name), sample(name)
    l = loss.gradient(f, y)
    scale = 1 + loss.value(f, y) + np.abs(l * f)
    np.testing.assert_allclose((loss.value(f, y) + loss.conjugate(l, y) - l * f) / scale, 0.0, atol=1e-13)
    other = in_domain(loss, np.random.default_rng(1).normal(size=len(f)), y)
    assert (loss.value(f, y) + loss.conjugate(other, y) - other * f >= -1e-13 * scale).all()


@EACH
def test_the_slope_of_the_conjugate_inverts_the_gradient(name):
    loss, (f, y) = load(name), sample(name)
    inside = loss.curvature(f, y) > 1e-6
    f, y = f[inside], y[inside]
    l = loss.gradient(f, y)
    np.testing.assert_allclose(loss.conjugate_slope(l, y), f, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(loss.conjugate_curvature(l, y) * loss.curvature(f, y), 1.0, rtol=1e-7)


@EACH
def test_outside_its_domain_the_conjugate_is_infinite_and_inside_finite(name):
    loss, (_, y) = load(name), sample(name)
    low, high = loss.limits(y)
    wild = np.random.default_rng(2).normal(scale=5.0, size=len(y))
    clipped = in_domain(loss, wild, y)
    assert np.isfinite(loss.conjugate(clipped, y)).all()
    assert ((clipped >= low) & (clipped <= high)).all()
    outside = (wild < low) | (wild > high)
    assert np.isposinf(loss.conjugate(wild, y)[outside]).all()
    if np.isfinite(low).any():
        assert outside.any()


@EACH
def test_cvxpy_evaluates_to_the_same_loss(name):
    loss, (f, y) = load(name), sample(name)
    np.testing.assert_allclose(loss.cvxpy_atom(cp.Constant(f), y).value, loss.value(f, y), rtol=1e-12)


@EACH
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_the_rounding_error_of_the_conjugate_is_within_its_bound(name, data):
    loss = load(name)
    y = np.array([data.draw(st.sampled_from([-1.0, 1.0]))])
    magnitude = data.draw(st.floats(0, 1)) ** data.draw(st.integers(1, 12))
    l = in_domain(loss, np.array([data.draw(st.sampled_from([-1.0, 1.0])) * magnitude]), y)
    exact = loss.conjugate(l.astype(np.longdouble), y.astype(np.longdouble))
    error = np.abs(loss.conjugate(l, y).astype(np.longdouble) - exact)
    assert error <= loss.conjugate_error(l, y)


@pytest.mark.parametrize("name", [name for name in NAMES if load(name).probability is not None])
def test_a_probability_is_a_distribution_over_the_two_labels(name):
    loss = load(name)
    f = np.array([-800.0, -1.0, 0.0, 2.0, 800.0])
    p = loss.probability(f)
    assert ((p >= 0) & (p <= 1)).all() and (np.diff(p) >= 0).all()
    np.testing.assert_allclose(p + loss.probability(-f), 1.0, atol=1e-15)


def test_labels_are_trained_with_probabilities_unless_another_loss_is_chosen():
    assert load(default_loss("classification", None)).probability is not None


def test_an_unknown_loss_is_refused_with_the_list_of_those_there_are():
    with pytest.raises(ValueError, match=r"'squard' is not one of the losses.*Did you mean 'squared'"):
        load("squard")
