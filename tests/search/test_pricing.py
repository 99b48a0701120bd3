"""Pricing against plain enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from support.exact_pricing import exact_price, visits
from support.problems import KINDS, all_atoms, random_problem

from qcompile import registry
from qcompile.errors import UnsupportedError
from qcompile.model.grid import values
from qcompile.problem.problem import pose
from qcompile.search.canonical import canonical, keys
from qcompile.search.grid_climb import climb_grid
from qcompile.search.pricing import price
from qcompile.search.signs import climb, climb_pairs


def _symmetric(seed: int, d: int) -> np.ndarray:
    a = np.random.default_rng(seed).standard_normal((d, d))
    return a + a.T


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_enumeration_sees_every_atom_and_its_bound_holds(kind, seed):
    problem = random_problem(seed, 20, 4, 0.1, "squared", kind)
    dual = np.random.default_rng(seed).standard_normal(problem.n)
    family = registry.load("qcompile.problem.families", problem.family)
    u, v = all_atoms(problem)
    largest = np.abs(family.features(problem, u, v).T @ (problem.weight * dual)).max()
    exact = exact_price(problem, dual)
    # Both sides are sums of n terms of at most the size of the bound's own magnitudes.
    rounding = 1e-13 * max(1.0, largest)
    assert abs(exact.value - largest) <= rounding
    assert largest - rounding <= exact.bound <= largest + 1e-6
    mine = family.features(problem, exact.u[None], exact.v[None])[:, 0]
    assert abs(abs(mine @ (problem.weight * dual)) - exact.value) <= rounding


def test_enumeration_recomputes_on_its_way_and_still_agrees():
    # More visits than one stretch between two fresh products.
    problem = pose(np.random.default_rng(0).choice([-1, 1], (40, 15)), 1, np.zeros(40), 0.1)
    dual = np.random.default_rng(1).standard_normal(problem.n)
    exact = exact_price(problem, dual)
    g = registry.load("qcompile.problem.families", "bilinear").gradient(problem, dual)
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=15)))
    largest = np.abs(signs @ g).sum(axis=1).max()
    assert largest * (1 - 1e-14) <= exact.bound <= largest * (1 + 1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_finds_the_exact_maximum_and_never_more(kind):
    for seed in range(6):
        problem = random_problem(seed, 40, 7, 0.1, "squared", kind)
        dual = np.random.default_rng(seed).standard_normal(problem.n)
        exact = exact_price(problem, dual)
        found = price(problem, dual, np.random.default_rng(0), starts=200, count=5, pairs=10)
        assert found.best <= exact.bound
        assert found.best >= exact.value * (1 - 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_priced_atoms_are_distinct_canonical_and_have_the_price_given(kind):
    problem = random_problem(3, 50, 9, 0.1, "squared", kind)
    dual = np.random.default_rng(3).standard_normal(problem.n)
    found = price(problem, dual, np.random.default_rng(0), starts=100, count=12, warm=np.eye(9))
    u, v, sign = canonical(problem, found.u, found.v)
    assert np.array_equal(u, found.u) and np.array_equal(v, found.v) and (sign == 1).all()
    assert len(set(keys(u, v))) == len(u)
    assert set(np.unique(u)) <= set(values(problem.weights))
    phi = registry.load("qcompile.problem.families", problem.family).features(problem, u, v)
    np.testing.assert_allclose(np.abs(phi.T @ (problem.weight * dual)), found.value, rtol=1e-11, atol=1e-12)
    assert (np.diff(found.value) <= 0).all()


@pytest.mark.parametrize("d", [1, 2, 3, 16, 33])
def test_a_climb_ends_where_no_flip_helps(d):
    g = _symmetric(d, d)
    starts = np.where(np.random.default_rng(0).standard_normal((20, d)) > 0, 1.0, -1.0)
    for run, flips in ((climb, 1), (climb_pairs, 2)):
        u, value = run(g, starts)
        np.testing.assert_allclose(value, np.abs(u @ g).sum(axis=1), rtol=1e-12)
        assert (value >= np.abs(starts @ g).sum(axis=1) * (1 - 1e-12)).all()
        for row, reached in zip(u, value, strict=True):
            for size in range(1, flips + 1):
                for which in itertools.combinations(range(d), size):
                    other = row.copy()
                    other[list(which)] *= -1
                    assert np.abs(other @ g).sum() <= reached * (1 + 1e-11)


@pytest.mark.parametrize("grid", [(-1.0, 1.0), (-1.0, 0.0, 1.0), (-1.0, -1 / 3, 1 / 3, 1.0)])
@pytest.mark.parametrize("affine", [False, True])
def test_a_grid_climb_ends_where_no_pair_of_moves_helps(grid, affine):
    d = 6
    h = _symmetric(4, d)
    starts = np.random.default_rng(0).choice(grid, (10, d))
    if affine:
        starts[:, -1] = 1.0
    w, value = climb_grid(h, starts, np.array(grid), affine, pairs=True)
    assert np.isin(w, grid).all() and (not affine or (w[:, -1] == 1).all())
    free = d - 1 if affine else d
    for row, reached in zip(w, value, strict=True):
        assert abs(row @ h @ row - reached) <= 1e-12 * np.abs(h).sum()
        for i, j in itertools.combinations(range(free), 2):
            for a, b in itertools.product(grid, repeat=2):
                other = row.copy()
                other[i], other[j] = a, b
                assert other @ h @ other <= reached + 1e-10 * np.abs(h).sum()


def test_too_many_atoms_are_refused_with_their_number():
    problem = pose(np.ones((1, 40)), 1, [1.0], 0.1)
    assert visits(problem) == 2**39
    with pytest.raises(UnsupportedError, match=r"549755813888 atoms .d = 40.*branch and bound"):
        exact_price(problem, np.ones(1))


def test_equal_functions_share_a_canonical_form():
    rng = np.random.default_rng(0)
    two = pose(np.ones((1, 5)), 1, [1.0], 0.1)
    u, v = rng.choice([-1, 1], (30, 5)), rng.choice([-1, 1], (30, 5))
    base = canonical(two, u, v)
    for other, sign in ((canonical(two, v, u), 1), (canonical(two, -u, -v), 1), (canonical(two, u, -v), -1)):
        assert keys(*other[:2]) == keys(*base[:2])
        assert np.array_equal(other[2], sign * base[2])
    odd = pose(np.ones((1, 5)), 1, [1.0], 0.1, family="polynomial", activation=(1.0, 0.5, 0.0))
    assert np.array_equal(canonical(odd, u, u)[0], u) and np.array_equal(canonical(odd, -u, -u)[0], -u)
