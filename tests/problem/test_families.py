"""Every family file: its atoms, its price matrix, its relaxation and its integer form agree."""

import itertools

import numpy as np
import pytest

from qcompile import registry
from qcompile.errors import UnsupportedError
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model.grid import GRIDS, floor, top, values
from qcompile.model.network import Network, forward_codes
from qcompile.problem.objective import objective
from qcompile.problem.problem import Problem, pose
from qcompile.problem.relaxation import Relaxation

FAMILIES = registry.names("qcompile.problem.families")
ACTIVATIONS = {"polynomial": ((0.5, -0.25, 0.75), (-1.0, 0.5, 0.0), (0.09, 0.5, 0.47))}
CASES = [
    (family, weights, activation)
    for family in FAMILIES
    for weights in GRIDS
    for activation in ACTIVATIONS.get(family, (None,))
]
EVERY = pytest.mark.parametrize(("family", "weights", "activation"), CASES)


def draw(family, weights, activation, n=12, d=4, m=7, seed=0):
    """A problem on 2-bit rows and m random atoms of its grid."""
    rng = np.random.default_rng(seed)
    q = rng.choice([-3, -1, 1, 3], size=(n, d))
    p = pose(q, 3, rng.normal(size=n), 0.1, family=family, weights=weights, activation=activation)
    u = rng.choice(values(weights), size=(m, d))
    unit = registry.load("qcompile.problem.families", family)
    v = rng.choice(values(weights), size=(m, d)) if unit.VECTORS == 2 else u
    return p, unit, u, v


@EVERY
def test_the_price_of_an_atom_is_the_derivative_of_the_loss_along_it(family, weights, activation):
    p, unit, u, v = draw(family, weights, activation)
    l = np.random.default_rng(1).normal(size=p.n)
    expected = (p.weight * l) @ unit.features(p, u, v)
    np.testing.assert_allclose(unit.prices(p, unit.gradient(p, l), u, v), expected, atol=1e-13)


@EVERY
def test_the_price_matrix_is_the_pattern_times_the_moments(family, weights, activation):
    p, unit, *_ = draw(family, weights, activation)
    l = np.random.default_rng(1).normal(size=p.n)
    lifted = np.column_stack([p.x, np.ones(p.n)])
    pattern = unit.pattern(p)
    moments = ((lifted.T * (p.weight * l)) @ lifted)[: len(pattern), : len(pattern)]
    np.testing.assert_allclose(unit.gradient(p, l), pattern * moments, atol=1e-14)


@EVERY
def test_the_integer_network_computes_the_same_features_exactly(family, weights, activation):
    p, unit, u, v = draw(family, weights, activation)
    form = unit.integer_form(p)
    encoder = Encoder(
        "by hand", 2, [int(ColumnKind.LEVEL)] * p.d, range(p.d), [0.0] * p.d, [1.0] * p.d, [0.0] * p.d
    )
    network = Network(
        encoder, u, v, np.eye(len(u), dtype=np.int64), 1.0, form=form.form, activation=form.activation,
        weights=weights, task="regression",
    )  # fmt: skip
    h = forward_codes(network, (p.q + 3) // 2)
    np.testing.assert_allclose(h / form.divisor, unit.features(p, u, v), atol=1e-14)


@EVERY
def test_an_atom_is_a_feasible_point_of_the_relaxation_with_the_same_outputs(family, weights, activation):
    p, unit, u, v = draw(family, weights, activation)
    r = unit.relaxation(p)
    w = top(weights)
    for j in range(len(u)):
        if unit.VECTORS == 2:
            s, t = (u[j] + v[j]) / (2 * w), (u[j] - v[j]) / (2 * w)
            z = np.outer(s, s) - np.outer(t, t)
            assert (s**2 + t**2 <= 1 + 1e-15).all()
            f = np.einsum("nk,kl,nl->n", r.factors, z, r.factors)
        else:
            lifted = np.append(u[j] / w, np.ones(r.factors.shape[1] - p.d))
            assert (lifted**2 >= r.floor - 1e-15).all() and (lifted**2 <= 1).all()
            sign = -1.0 if r.swapped else 1.0
            f = sign * ((r.factors @ lifted) ** 2 + r.constant)
        np.testing.assert_allclose(f, unit.features(p, u[j : j + 1], v[j : j + 1])[:, 0], atol=1e-13)


def test_a_bilinear_binary_neuron_is_a_difference_of_two_ternary_squares():
    d = 3
    signs = np.array(list(itertools.product((-1, 1), repeat=d)))
    pairs = np.array(list(itertools.product(range(len(signs)), repeat=2)))
    u, v = signs[pairs[:, 0]], signs[pairs[:, 1]]
    bilinear, unit, *_ = draw("bilinear", "binary", None, d=d)
    square = registry.load("qcompile.problem.families", "quadratic")
    ternary = pose(bilinear.q, 3, bilinear.y, 0.1, family="quadratic", weights="ternary")
    s, t = (u + v) // 2, (u - v) // 2
    assert (s * t == 0).all()
    np.testing.assert_allclose(
        unit.features(bilinear, u, v),
        square.features(ternary, s, s) - square.features(ternary, t, t),
        atol=1e-14,
    )


@pytest.mark.parametrize("weights", GRIDS)
def test_the_floor_is_the_smallest_square_of_the_grid(weights):
    real = np.array(values(weights)) / top(weights)
    assert floor(weights) == pytest.approx((real**2).min(), abs=1e-16)
    assert real.max() == 1.0 and (real == -real[::-1]).all()


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "bilinear"])
def test_a_neuron_with_one_vector_refuses_two(family):
    p, unit, u, _ = draw(family, "binary", (1.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="v must equal u"):
        unit.features(p, u, -u)


@pytest.mark.parametrize(
    ("activation", "reason"),
    [(None, "needs its coefficients"), ((0.0, 1.0, 0.0), "a = 0"), ((np.pi, 1.0, 0.0), "not a fraction")],
)
def test_polynomial_coefficients_that_cannot_be_deployed_are_refused(activation, reason):
    p, unit, u, v = draw("polynomial", "binary", activation)
    with pytest.raises(UnsupportedError, match=reason):
        unit.features(p, u, v)


def test_an_unknown_grid_is_refused():
    with pytest.raises(UnsupportedError, match=r"'binry' is not one .*Did you mean 'binary'"):
        values("binry")


def test_a_relaxation_that_contradicts_itself_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        Relaxation(np.ones((3, 2)), np.zeros(3), shared=True)
    with pytest.raises(ValueError, match="shared multiplier has constant 0"):
        Relaxation(np.ones((3, 2)), np.zeros(2), shared=True, constant=1.0)


def test_equal_samples_are_merged_and_the_objective_is_the_same_number():
    rng = np.random.default_rng(3)
    q = rng.choice([-1, 1], size=(40, 3))
    y = rng.choice([-1.0, 1.0], size=40)
    merged = pose(q, 1, y, 0.05, loss="logistic")
    plain = Problem(q, 1, y, np.full(40, 1 / 40), 0.05, loss="logistic")
    assert merged.n <= 16 < plain.n
    u, v = rng.choice([-1, 1], size=(2, 5, 3))
    alpha = rng.normal(size=5)
    assert objective(merged, u, v, alpha) == pytest.approx(objective(plain, u, v, alpha), rel=1e-14)


def test_the_digest_depends_on_every_field_and_on_no_spelling():
    base = {"loss": "logistic", "family": "quadratic", "weights": "ternary", "activation": None}
    q, y = np.array([[1, -1], [1, 1]]), np.array([1.0, -1.0])
    digest = pose(q, 1, y, 0.1, **base).digest
    assert digest == pose(q.tolist(), np.int64(1), y, np.float64(0.1), **base).digest
    changed = [
        pose(-q, 1, y, 0.1, **base),
        pose(q, 3, y, 0.1, **base),
        pose(q, 1, -y, 0.1, **base),
        pose(q, 1, y, 0.2, **base),
        pose(np.vstack([q, q[:1]]), 1, np.append(y, 1.0), 0.1, **base),
        *(pose(q, 1, y, 0.1, **{**base, k: v}) for k, v in
          (("loss", "squared"), ("family", "bilinear"), ("weights", "binary"), ("activation", (1, 0, 0)))),
    ]  # fmt: skip
    assert len({digest, *(p.digest for p in changed)}) == len(changed) + 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"beta": 0.0}, "beta is 0.0"),
        ({"y": np.array([1.0, np.nan])}, "finite"),
        ({"weight": np.array([1.0, 0.0])}, "positive"),
        ({"unit": 0}, "entries of q"),
        ({"y": np.zeros(3)}, "do not fit"),
    ],
)
def test_a_problem_that_makes_no_sense_is_refused(change, reason):
    fields = {"q": np.array([[1], [-1]]), "unit": 1, "y": np.zeros(2), "weight": np.full(2, 0.5), "beta": 1.0}
    with pytest.raises(ValueError, match=reason):
        Problem(**{**fields, **change})
