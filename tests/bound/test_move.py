"""Many cases and a moving dual vector: one problem, its optimum, and what it proves."""

from __future__ import annotations

import dataclasses

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from support.problems import sign_problem, signs, start_of, symmetric

from qcompile import registry
from qcompile.bound.branch import bound_of, divide, finish, leaves, stored, where, whole
from qcompile.bound.cuts import slacks
from qcompile.bound.descend import descend
from qcompile.bound.free_dual import free
from qcompile.bound.move import move
from qcompile.bound.node import case, root
from qcompile.bound.tighten import Effort, tighten
from qcompile.certificate import make as certificates
from qcompile.certificate.proofs import odd_sets
from qcompile.problem.families import bilinear

LOSSES = registry.names("qcompile.problem.losses")


@pytest.mark.parametrize("loss", LOSSES)
def test_a_free_dual_vector_proves_more_than_the_fixed_one(loss: str) -> None:
    problem = sign_problem(8, 7, loss, n=60)
    atoms = start_of(problem)
    f = bilinear.features(problem, atoms.u, atoms.v) @ atoms.alpha
    moving = free(problem, float(np.abs(atoms.alpha).sum()))
    g = moving.matrix(f)
    fixed = tighten(g, root(g), 1.0, Effort(rounds=4, cuts=10))
    before = moving.loss_of(f, fixed.bound)
    losses = []
    for cases in (1, 2):
        tree, outputs = move(moving, fixed, f, -np.inf, -np.inf, cases, np.inf)
        assert len(leaves(tree)) == cases
        done = finish(moving.matrix(outputs), tree, 0.0, np.inf)
        losses.append(moving.loss_of(outputs, bound_of(done)))
        # What is proved is what the checker finds, and no more than the optimum.
        made = certificates.prove(problem, moving.dual(outputs), "odd_sets", stored(done, problem.penalty))
        assert certificates.check(problem, made).valid
        assert made.bound == pytest.approx(-losses[-1], rel=2e-3)
        assert made.bound <= atoms.objective
    assert losses[0] <= before
    # A round after the last split is no guarantee of the last digits.
    assert losses[1] <= losses[0] + 1e-3 * atoms.objective


def test_cases_share_one_bound_and_their_gradients_are_those_of_the_joint_problem() -> None:
    problem = sign_problem(4, 6, n=30)
    moving = free(problem, 0.7)
    f = np.random.default_rng(1).standard_normal(problem.n)
    g = moving.matrix(f)
    one = tighten(g, root(g), 0.0, Effort(rounds=3, cuts=20))
    tree = divide(divide(whole(one), one, 2), case(one, 2, -1), 4)
    found = descend(moving, tuple(leaves(tree)), f, 1e-3, 3000, np.inf)
    # At the optimum the shares add up to 1, every diagonal is the share's, and l is the relaxed network's.
    assert sum(node.share for node in found.nodes) == pytest.approx(1.0, abs=1e-3)
    for node in found.nodes:
        assert node.level == pytest.approx(found.nodes[0].level)
        if node.share > 0.01:
            assert np.allclose(np.diag(node.v), 1.0, atol=0.03)
            assert slacks(node.rows, node.v, node.z).min(initial=0.0) > -0.03
    z = sum(node.share * node.z for node in found.nodes)
    relaxed = -moving.radius * np.einsum("ij,jk,ik->i", problem.x, z, problem.x)
    assert np.allclose(found.outputs, relaxed, atol=0.05)


def test_a_case_fixes_what_it_says_and_the_tree_covers_every_atom() -> None:
    g = symmetric(0, 5)
    node = root(g)
    tree = divide(divide(whole(node), node, 3), case(node, 3, 1), 0)
    fixed = np.array([leaf.fixed for leaf in leaves(tree)])
    assert fixed.tolist() == [[1, 0, 0, 1, 0], [-1, 0, 0, 1, 0], [0, 0, 0, -1, 0]]
    every = signs(5)  # u_k v_k of all atoms: exactly one leaf agrees with each
    fits = ((fixed[:, None, :] == 0) | (fixed[:, None, :] == every[None, :, :])).all(axis=2)
    assert (fits.sum(axis=0) == 1).all()
    assert stored(tree, 1.0)["tree"].tolist() == [3, 0, -1, -1, -1]
    assert [f.tolist() for f in odd_sets._leaves(stored(tree, 1.0)["tree"], 5)] == fixed.tolist()
    assert where(g, dataclasses.replace(node, fixed=np.ones(5, dtype=np.int8))) is None


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=9))
def test_whatever_is_split_the_checker_sees_the_same_cases_and_every_atom_once(
    d: int, choices: list[tuple[int, int]]
) -> None:
    tree = whole(root(symmetric(d, d)))
    for which, at in choices:
        node = leaves(tree)[which % len(leaves(tree))]
        open_inputs = np.flatnonzero(node.fixed == 0)
        if len(open_inputs):
            tree = divide(tree, node, int(open_inputs[at % len(open_inputs)]))
    fixed = np.array([leaf.fixed for leaf in leaves(tree)])
    read = odd_sets._leaves(stored(tree, 1.0)["tree"], d)
    assert [f.tolist() for f in read] == fixed.tolist()
    fits = ((fixed[:, None, :] == 0) | (fixed[:, None, :] == signs(d)[None, :, :])).all(axis=2)
    assert (fits.sum(axis=0) == 1).all()
    assert sum(leaf.share for leaf in leaves(tree)) == pytest.approx(1.0)


def test_a_time_limit_that_has_passed_still_leaves_a_valid_bound() -> None:
    problem = sign_problem(6, 9, n=80)
    atoms = start_of(problem)
    f = bilinear.features(problem, atoms.u, atoms.v) @ atoms.alpha
    moving = free(problem, float(np.abs(atoms.alpha).sum()))
    g = moving.matrix(f)
    tree, outputs = move(moving, root(g), f, -np.inf, -np.inf, 8, 0.0)
    assert len(leaves(tree)) == 1 and outputs is f
    done = finish(g, tree, 0.0, 0.0)
    made = certificates.prove(problem, moving.dual(f), "odd_sets", stored(done, problem.penalty))
    assert certificates.check(problem, made).valid and made.bound <= atoms.objective
