"""Tight and exact bounds: never above the optimum, exact where enumeration is, refused when tampered."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from support.problems import fast_of, sign_problem, signs, start_of, symmetric

from qcompile import registry
from qcompile.bound.branch import bound_of, grow, leaves, stored, whole
from qcompile.bound.cuts import constants, larger, left_sides, slacks, violated
from qcompile.bound.node import root
from qcompile.bound.prove import LEVELS, UNASKED, affordable, close_gap, prove
from qcompile.bound.sign_tree import climb_tree
from qcompile.bound.tighten import Effort, tighten
from qcompile.certificate import make as certificates
from qcompile.certificate.enumerate import largest
from qcompile.certificate.proofs import enumeration, odd_sets
from qcompile.certificate.proofs.enumeration import merged
from qcompile.errors import UnsupportedError
from qcompile.problem.families import bilinear
from qcompile.problem.problem import Problem
from qcompile.relax.solution import Progress
from qcompile.search.atoms import Atoms
from qcompile.search.settings import RoundingSettings

LOSSES = registry.names("qcompile.problem.losses")


@pytest.mark.parametrize("d", [1, 2, 3, 6, 8, 11])
@pytest.mark.parametrize("seed", range(3))
def test_enumeration_finds_the_largest_norm_and_a_vector_that_has_it(d: int, seed: int) -> None:
    g = np.random.default_rng(seed).integers(-99, 100, size=(d, d)).astype(np.int32)
    every = np.abs(signs(d) @ g.T).sum(axis=1).max()
    best, u = largest(g, 0)
    assert best == every
    if every > 0:
        assert np.abs(g.astype(int) @ u[0]).sum() == every
    assert largest(g, int(every) + 5)[0] == every + 5


def test_equal_and_opposite_columns_are_enumerated_once() -> None:
    q = np.array([[1, -1, 3, 0, 1], [3, -3, 1, 0, 3], [-1, 1, 1, 0, -1]], dtype=np.int16)
    assert merged(q).tolist() == [[1, -1, 0, 0, 1], [0, 0, 1, 0, 0]]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("d", [3, 6])
def test_the_enumerated_price_is_the_largest_of_all(loss: str, d: int) -> None:
    problem = sign_problem(d, d, loss)
    problem = dataclasses.replace(problem, beta=1e-6)
    dual = np.random.default_rng(1).standard_normal(problem.n)
    g = bilinear.gradient(problem, dual)
    price = enumeration.price(problem, dual, {})
    every = np.abs(signs(d) @ g).sum(axis=1).max()
    assert price.upper >= every
    assert price.value == pytest.approx(every, rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_every_atom_satisfies_every_cut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    u, v = rng.choice([-1.0, 1.0], size=(2, 5))
    s, t = (u + v) / 2, (u - v) / 2
    a, b = np.outer(s, s), np.outer(t, t)
    assert not len(violated(a + b, a - b, 1e-9, 10_000))
    loose = violated(np.eye(5), 0.9 * symmetric(seed, 5), -10.0, 200)
    for size in (5, 7):
        assert not len(larger(a + b, a - b, loose, size, 1e-9, 10_000))


def test_the_sum_of_cuts_is_scattered_as_it_is_evaluated() -> None:
    v, z = symmetric(0, 6), symmetric(1, 6)
    rows = violated(10 * v, 10 * z, 0.1, 500)
    rows = np.concatenate([rows, larger(v, z, rows, 5, 0.1, 100), larger(v, z, rows, 7, 0.1, 100)])
    assert set(constants(rows)) == {1.0, 2.0, 3.0}
    assert len(rows) > 100
    weight = np.random.default_rng(2).random(len(rows))
    p, q = (left_sides(rows, 6).T @ weight).reshape(2, 6, 6)
    p, q = 0.5 * (p + p.T), 0.5 * (q + q.T)
    left = weight @ (slacks(rows, v, z) - constants(rows))
    assert np.vdot(p, v) + np.vdot(q, z) == pytest.approx(left)
    mine = odd_sets._combined(rows, weight, 6)  # the checker's own
    assert np.allclose(mine[0], p) and np.allclose(mine[1], q)


@pytest.mark.parametrize("seed", range(4))
def test_triangles_tighten_and_a_tree_closes_the_bound(seed: int) -> None:
    g = symmetric(seed, 6)
    g /= np.abs(signs(6) @ g).sum(axis=1).max()
    start = root(g)
    node = tighten(g, start, 1.0)
    assert 1.0 - 1e-9 <= node.bound < start.bound
    tree = grow(g, whole(node), 1.002, time.monotonic() + 20)
    assert 1.0 - 1e-9 <= bound_of(tree) <= 1.002
    assert len(stored(tree, 1.0)["tree"]) == 2 * len(leaves(tree)) - 1


@pytest.mark.parametrize("loss", ["logistic", "squared"])
@pytest.mark.parametrize("level", LEVELS)
def test_no_bound_is_above_the_optimum(level: str, loss: str) -> None:
    problem = sign_problem(5, 6, loss)
    atoms = start_of(problem)
    proved = prove(problem, atoms, fast_of(problem), level, 5.0)
    verdict = certificates.check(problem, proved)
    assert verdict.valid, verdict.reason
    # 64 x 64 atoms at d = 6: the network is optimal over all of them as far as pricing can tell.
    assert proved.bound <= atoms.objective
    if level != "fast":
        assert proved.kind == "enumeration"
        assert proved.gap(atoms.objective) <= 1e-4


@pytest.mark.parametrize("d", [8, pytest.param(36, marks=pytest.mark.slow)])
def test_the_odd_set_bound_is_between_the_sdp_and_the_optimum(d: int, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("qcompile.bound.prove.QUICK", 0)  # nothing is enumerated
    problem = sign_problem(7, d, n=120)
    atoms = start_of(problem)
    fast = fast_of(problem)
    told: list[Progress] = []
    tight = prove(problem, atoms, fast, "tight", 300.0, told.append)
    bounds = [p.bound for p in told]
    assert bounds and bounds == sorted(bounds)
    assert tight.bound >= bounds[-1] * (1 - 1e-6)
    assert tight.kind == "odd_sets" and certificates.check(problem, tight).valid
    assert fast.bound < tight.bound <= atoms.objective
    assert tight.gap(atoms.objective) < 0.5 * fast.gap(atoms.objective)


def test_a_tree_of_cases_is_checked_leaf_by_leaf() -> None:
    problem, dual, arrays = small_tree()
    made = certificates.prove(problem, dual, "odd_sets", arrays)
    exact = certificates.prove(problem, dual, "enumeration", {})
    assert len(arrays["diagonal"]) > 1
    loss = registry.load("qcompile.problem.losses", problem.loss)
    price = np.abs(signs(problem.d) @ bilinear.gradient(problem, dual)).sum(axis=1).max()
    below, truth = (
        -problem.weight @ loss.conjugate(t * problem.penalty / price * dual, problem.y) for t in (0.999, 1.0)
    )
    assert below < truth  # concave along the ray: nothing that the price allows is larger
    assert exact.bound * (1 - 3e-3) <= made.bound <= truth
    assert exact.bound <= truth


def small_tree() -> tuple[Problem, np.ndarray, dict[str, np.ndarray]]:
    problem = sign_problem(3, 9)
    problem = dataclasses.replace(problem, y=np.random.default_rng(0).choice([-1.0, 1.0], size=problem.n))
    dual = -0.5 * problem.y
    g = bilinear.gradient(problem, dual)
    unit = float(np.abs(signs(9) @ g).sum(axis=1).max())
    # A poor root, so that there are cases to tell apart.
    node = tighten(g / unit, root(g / unit), 1.0, Effort(rounds=2, cuts=9))
    return problem, dual, stored(grow(g / unit, whole(node), 1.001, time.monotonic() + 20), unit)


def damages(arrays: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    beyond = arrays["rows"].copy()
    beyond[0, 2] = 99
    code = arrays["rows"].copy()
    code[0, 1] = code[0, 0]
    even = arrays["rows"].copy()
    even[0, np.flatnonzero(even[0])[-1]] = 0
    return [
        {k: a for k, a in arrays.items() if k != "tree"},
        {**arrays, "tree": arrays["tree"][:-1]},
        {**arrays, "tree": np.concatenate([arrays["tree"], arrays["tree"]])},
        {**arrays, "tree": arrays["tree"].astype(np.float64)},
        {**arrays, "diagonal": arrays["diagonal"][1:]},
        {**arrays, "diagonal": np.full_like(arrays["diagonal"], np.nan)},
        {**arrays, "weight": -arrays["weight"] - 1.0},
        {**arrays, "starts": arrays["starts"][::-1].copy()},
        {**arrays, "rows": beyond},
        {**arrays, "rows": code},
        {**arrays, "rows": even},
        {**arrays, "rows": arrays["rows"][1:]},
    ]


@pytest.mark.parametrize("which", range(12))
def test_a_damaged_odd_set_proof_is_refused(which: int) -> None:
    problem, dual, arrays = small_tree()
    good = certificates.prove(problem, dual, "odd_sets", arrays)
    bad = dataclasses.replace(good, arrays=damages(dict(good.arrays))[which])
    assert not certificates.check(problem, bad).valid


@pytest.mark.parametrize("kind", ["odd_sets", "enumeration"])
def test_a_better_claim_than_the_proof_is_refused(kind: str) -> None:
    problem, dual, arrays = small_tree()
    good = certificates.prove(problem, dual, kind, arrays if kind == "odd_sets" else {})
    assert certificates.check(problem, good).valid
    assert not certificates.check(problem, dataclasses.replace(good, bound=good.bound * 1.001)).valid
    larger = dataclasses.replace(good, dual=good.dual * 1.01)
    assert not certificates.check(problem, larger).valid


@pytest.mark.parametrize("kind", ["odd_sets", "enumeration"])
def test_certificates_survive_the_file(kind: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    problem, dual, arrays = small_tree()
    good = certificates.prove(problem, dual, kind, arrays if kind == "odd_sets" else {})
    certificates.save(tmp_path / "c.npz", [good])
    (read,) = certificates.load(tmp_path / "c.npz")
    assert read.kind == kind and read.bound == good.bound
    assert certificates.check(problem, read).valid


def test_too_many_inputs_to_enumerate_are_refused() -> None:
    problem = sign_problem(1, 45, n=60)
    claim = certificates.Certificate(0.0, "enumeration", np.zeros(problem.n), {}, 0.0, problem.digest)
    assert "too many" in certificates.check(problem, claim).reason
    with pytest.raises(UnsupportedError, match="too many"):
        close_gap(problem, start_of(problem), RoundingSettings())


def test_close_gap_improves_a_poor_network_until_its_gap_is_a_thousandth() -> None:
    problem = sign_problem(2, 12, n=80, beta=0.005)
    poor = Atoms(np.ones((1, 12)), np.ones((1, 12)), np.array([0.1]), 1.0, 2.0)
    atoms, certificate = close_gap(problem, poor, RoundingSettings(neurons=500))
    assert certificates.check(problem, certificate).valid
    assert 0 <= certificate.gap(atoms.objective) <= 1e-3


def test_unasked_it_is_exact_for_few_distinct_inputs_of_the_bilinear_family() -> None:
    few = sign_problem(2, 5)
    copies = dataclasses.replace(few, q=np.tile(few.q, 20))  # the same inputs again cost nothing
    many = sign_problem(UNASKED + 9, UNASKED + 9)
    assert [affordable(p) for p in (few, copies, many)] == ["exact", "exact", "fast"]
    assert affordable(dataclasses.replace(few, family="quadratic")) == "fast"
    atoms = start_of(few)
    assert prove(few, atoms, fast_of(few), affordable(few)).gap(atoms.objective) <= 1e-3


def test_other_families_and_levels_are_refused_in_one_sentence() -> None:
    problem = dataclasses.replace(sign_problem(2, 5), family="quadratic")
    fast = fast_of(problem)
    atoms = start_of(problem)
    assert prove(problem, atoms, fast, "fast") is fast
    with pytest.raises(UnsupportedError, match="bilinear"):
        prove(problem, atoms, fast, "tight")
    with pytest.raises(UnsupportedError, match="tight"):
        prove(problem, atoms, fast, "tigth")
    for kind in ("odd_sets", "enumeration"):
        claim = certificates.Certificate(0.0, kind, np.zeros(problem.n), {}, 0.0, problem.digest)
        assert "bilinear" in certificates.check(problem, claim).reason


def test_a_dual_vector_of_zeros_has_an_exact_proof_too() -> None:
    drawn = sign_problem(3, 5, "squared")
    problem = dataclasses.replace(drawn, y=np.zeros(drawn.n))
    made = certificates.prove(problem, np.zeros(problem.n), "enumeration", {})
    assert certificates.check(problem, made).valid
    assert made.bound == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("d", [1, 2, 5, 9, 12])
@pytest.mark.parametrize("seed", range(3))
def test_the_search_of_all_signs_agrees_with_brute_force_whatever_the_floor(d: int, seed: int) -> None:
    g = np.random.default_rng(seed).integers(-99, 100, size=(4, d)).astype(np.int32)
    sizes = np.abs(signs(d) @ g.T).sum(axis=1)
    most = int(sizes.max())
    for floor in (0, most // 2, most - 1, most, most + 5):
        best, u = climb_tree(g, floor)
        assert best == max(floor, most)
        reached = np.abs(u.astype(int) @ g.T).sum(axis=1)
        assert (np.diff(reached) <= 0).all() and (reached > floor).all()
        assert len(u) > 0 if floor < most else len(u) == 0
        assert floor >= most or reached[0] == most


def test_the_search_agrees_with_the_checkers_enumeration_on_every_part_of_a_large_tree() -> None:
    for seed in range(3):
        g = np.random.default_rng(seed).integers(-9999, 10000, size=(25, 25)).astype(np.int32)
        best, u = climb_tree(g, 0)
        assert best == largest(g, 0)[0] == np.abs(g.astype(int) @ u[0]).sum()
