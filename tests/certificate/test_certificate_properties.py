"""Whatever dual vector and diagonal are offered, the checker believes only what is true.

Truth is known without any solver: at d <= 3 every atom is enumerated, and the objective of a
network on all of them (refitted coarsely) is above the optimum. A certificate that the checker
accepts must stay below every such objective; whatever random numbers it was made from.
"""

import itertools

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qcompile import registry
from qcompile.certificate.file import load, save
from qcompile.certificate.make import Certificate, check
from qcompile.model.grid import values
from qcompile.problem.losses import in_domain
from qcompile.problem.objective import objective_of_outputs
from qcompile.problem.problem import pose
from qcompile.relax.certify import certify
from qcompile.relax.solution import Solution, Status

FAMILIES = registry.names("qcompile.problem.families")
LOSSES = registry.names("qcompile.problem.losses")


@st.composite
def problems(draw):
    """Small problems of every family, loss and grid that enumeration serves."""
    family, loss = draw(st.sampled_from(FAMILIES)), draw(st.sampled_from(LOSSES))
    weights = draw(st.sampled_from(("binary", "ternary", "2bit")))
    d, n, unit = draw(st.integers(1, 3)), draw(st.integers(1, 8)), draw(st.sampled_from((1, 3)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    q = rng.choice([-unit, 1, unit], size=(n, d))
    margin = "regression" not in registry.load("qcompile.problem.losses", loss).TASKS
    y = rng.choice([-1.0, 1.0], size=n) if margin else 2 * rng.normal(size=n)
    activation = (
        draw(st.sampled_from(((1.0, 0.0, 0.0), (-0.5, 1.0, 0.25)))) if family == "polynomial" else None
    )
    beta = 10.0 ** draw(st.floats(-4, 1))
    return pose(q, unit, y, beta, loss=loss, family=family, weights=weights, activation=activation), rng


def by_hand(problem, dual):
    """A solution that consists of a dual vector."""
    family = registry.load("qcompile.problem.families", problem.family)
    nothing = np.zeros((len(family.pattern(problem)), 1))
    return Solution(nothing, nothing, 0.0, dual, None, 1.0, Status.STALLED, "by hand", 0, 0.0)


def reachable(problem, rng):
    """The best objective among networks of all atoms that a few gradient steps find: no solver of ours."""
    unit = registry.load("qcompile.problem.families", problem.family)
    loss = registry.load("qcompile.problem.losses", problem.loss)
    vectors = np.array(list(itertools.product(values(problem.weights), repeat=problem.d)))
    pairs = np.array(list(itertools.product(range(len(vectors)), repeat=unit.VECTORS)))
    u, v = vectors[pairs[:, 0]], vectors[pairs[:, -1]]
    phi = np.unique(unit.features(problem, u, v), axis=1)
    alpha, best = np.zeros(phi.shape[1]), np.inf
    step = 1.0 / (
        loss.CURVATURE * max(float(np.linalg.norm(phi * np.sqrt(problem.weight)[:, None], 2)) ** 2, 1e-9)
    )
    for _ in range(60):
        f = phi @ alpha
        best = min(best, objective_of_outputs(problem, f, float(np.abs(alpha).sum())))
        moved = alpha - step * (phi.T @ (problem.weight * loss.gradient(f, problem.y)))
        alpha = np.sign(moved) * np.maximum(np.abs(moved) - step * problem.penalty, 0.0)
    return best


@settings(deadline=None, max_examples=60)
@given(problems(), st.floats(-2.0, 2.0), st.booleans())
def test_any_dual_vector_gives_a_certificate_that_no_network_beats(posed, scale, wild):
    problem, rng = posed
    loss = registry.load("qcompile.problem.losses", problem.loss)
    dual = scale * (rng.normal(size=problem.n) if wild else loss.gradient(np.zeros(problem.n), problem.y))
    made = certify(problem, by_hand(problem, dual))
    verdict = check(problem, made)
    assert verdict.valid, verdict.reason
    assert made.bound <= reachable(problem, rng)


@settings(deadline=None, max_examples=80)
@given(problems(), st.floats(-3, 3), st.floats(-3, 3), st.floats(-5.0, 5.0))
def test_a_forged_certificate_is_accepted_only_where_its_claim_is_true(posed, duals, diagonals, claim):
    problem, rng = posed
    family = registry.load("qcompile.problem.families", problem.family)
    loss = registry.load("qcompile.problem.losses", problem.loss)
    rows, size = (1 if family.VECTORS == 2 else 2), len(family.pattern(problem))
    dual = in_domain(loss, 10.0**duals * rng.normal(size=problem.n), problem.y)
    multiplier = 10.0**diagonals * rng.normal(size=(rows, size))
    forged = Certificate(claim, "sdp", dual, {"multiplier": multiplier}, 0.0, problem.digest)
    verdict = check(problem, forged)
    if verdict.valid:
        assert claim <= verdict.bound
    if np.isfinite(verdict.bound):  # what the checker itself derives is a bound too, whoever asks
        assert verdict.bound <= reachable(problem, rng)


@settings(deadline=None, max_examples=40)
@given(problems(), st.integers(0, 2**32 - 1), st.sampled_from(("dual", "multiplier", "bound")))
def test_one_changed_number_never_raises_the_bound(posed, seed, where):
    problem, rng = posed
    loss = registry.load("qcompile.problem.losses", problem.loss)
    dual = loss.gradient(np.zeros(problem.n), problem.y)
    good = certify(problem, by_hand(problem, dual))
    chance = np.random.default_rng(seed)
    fields = {
        "dual": np.array(good.dual),
        "multiplier": np.array(good.multiplier),
        "bound": np.array([good.bound]),
    }
    target = fields[where].reshape(-1)
    target[chance.integers(len(target))] *= 1.0 + 10.0 ** chance.uniform(-9, 1)
    changed = Certificate(
        float(fields["bound"][0]),
        "sdp",
        fields["dual"],
        {"multiplier": fields["multiplier"]},
        0.0,
        problem.digest,
    )
    verdict = check(problem, changed)
    assert not verdict.valid or changed.bound <= reachable(problem, rng)


@settings(deadline=None, max_examples=40)
@given(problems())
def test_the_file_gives_back_the_same_certificate(tmp_path_factory, posed):
    problem, rng = posed
    dual = rng.normal(size=problem.n)
    made = certify(problem, by_hand(problem, dual))
    path = tmp_path_factory.mktemp("c") / "c.npz"
    save(path, [made])
    (read,) = load(path)
    assert read.bound == made.bound and np.array_equal(read.dual, made.dual)
    assert check(problem, read).valid
    assume(problem.n > 1)
    kind = {name: getattr(problem, name) for name in ("loss", "family", "weights", "activation")}
    other = pose(problem.q, problem.unit, problem.y, 2 * problem.beta, **kind)
    assert not check(other, read).valid


def test_the_property_tests_can_fail():
    """The reference objective is near the optimum: a bound raised by a few percent is above it."""
    rng = np.random.default_rng(0)
    problem = pose(rng.choice([-1, 1], size=(8, 2)), 1, rng.normal(size=8), 0.01)
    from qcompile.relax.choose import solve

    bound = certify(problem, solve(problem)).bound
    assert bound <= reachable(problem, rng) < 1.05 * bound + 1e-9
