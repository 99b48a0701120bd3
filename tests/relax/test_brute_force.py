"""The bound against the truth: at d <= 4 all atoms are enumerated and the problem in alpha solved.

The true optimum is bracketed from both sides: by the objective of a network (a refit on all
atoms), and by the dual vector of that refit shrunk by its exact price, which weak duality
makes a lower bound whatever the refit's quality.
"""

import itertools
from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize
from support.problems import sign_problem

from qcompile import registry
from qcompile.certificate.make import check
from qcompile.model.grid import GRIDS, values
from qcompile.problem.losses import in_domain
from qcompile.problem.problem import pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.relax.solution import Settings

FAMILIES = registry.names("qcompile.problem.families")
LOSSES = registry.names("qcompile.problem.losses")
MOST_ATOMS = 800
PROBLEMS = 300
WIDTH = 1e-4  # of the bracket, relative, that is asked for; ten times that is accepted


def all_atoms(problem):
    """Every atom once up to sign and order, as integers."""
    vectors = np.array(list(itertools.product(values(problem.weights), repeat=problem.d)))
    if registry.load("qcompile.problem.families", problem.family).VECTORS == 1:
        return vectors, vectors
    half = vectors[(len(vectors) + 1) // 2 - 1 :]  # v and -v give opposite atoms
    pairs = [(i, j) for i in range(len(half)) for j in range(i, len(half))]
    i, j = np.array(pairs).T
    u, v = half[i], half[j]
    return np.vstack([u, u]), np.vstack([v, v])


def true_optimum(problem):
    """(lower, upper) bracket of the optimum over networks of any width."""
    loss = registry.load("qcompile.problem.losses", problem.loss)
    family = registry.load("qcompile.problem.families", problem.family)
    phi = np.unique(family.features(problem, *all_atoms(problem)), axis=1)
    m, w, c = phi.shape[1], problem.weight, problem.penalty

    def both(z):
        f = phi @ (z[:m] - z[m:])
        price = phi.T @ (w * loss.gradient(f, problem.y))
        return w @ loss.value(f, problem.y) + c * z.sum(), np.concatenate([price + c, c - price])

    options = {"maxiter": 3000, "maxfun": 6000, "ftol": 1e-14, "gtol": 1e-10}
    bounds = [(0, None)] * (2 * m)
    z = minimize(both, np.zeros(2 * m), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    lower, upper = bracket(problem, loss, phi, z[:m] - z[m:])
    if upper - lower > WIDTH * upper:  # L-BFGS has crept to a halt: an interior-point method ends it
        alpha = cp.Variable(m)
        cost = w @ loss.cvxpy_atom(phi @ alpha, problem.y) + c * cp.norm1(alpha)
        cp.Problem(cp.Minimize(cost)).solve(solver="CLARABEL")
        polished = bracket(problem, loss, phi, alpha.value)
        lower, upper = max(lower, polished[0]), min(upper, polished[1])
    return lower, upper


def bracket(problem, loss, phi, alpha):
    """(D(shrunk dual), objective) at the coefficients alpha of all atoms."""
    w, c = problem.weight, problem.penalty
    f = phi @ alpha
    dual = loss.gradient(f, problem.y)
    price = float(np.abs(phi.T @ (w * dual)).max())
    scales = min(1.0, c / max(price, 1e-300)) * np.linspace(0.9, 1.0, 21)
    lower = max(-float(w @ loss.conjugate(in_domain(loss, t * dual, problem.y), problem.y)) for t in scales)
    return lower, float(w @ loss.value(f, problem.y) + c * np.abs(alpha).sum())


def nth_problem(seed):
    """Losses, families, grids, input bits, betas and sizes in turn; a grid that is too large is replaced."""
    rng = np.random.default_rng(seed)
    family = FAMILIES[seed % len(FAMILIES)]
    loss = LOSSES[(seed // len(FAMILIES)) % len(LOSSES)]
    weights = GRIDS[(seed // (len(FAMILIES) * len(LOSSES))) % len(GRIDS)]
    d = int(rng.integers(1, 5))
    while len(values(weights)) ** (2 * d if family == "bilinear" else d) > MOST_ATOMS:
        d -= 1
        if d == 1:
            break
    n = int(rng.integers(1, 13))
    bits = int(rng.integers(1, 4))
    top = (1 << bits) - 1
    q = 2 * rng.integers(0, top + 1, size=(n, d)) - top
    margin = "regression" not in registry.load("qcompile.problem.losses", loss).TASKS
    y = rng.choice([-1.0, 1.0], size=n) if margin else 1.5 * rng.normal(size=n)
    activation = [(0.5, -0.25, 0.75), (-1.0, 0.5, 0.0), (1.0, 0.0, -0.5)][seed % 3 if seed % 2 else 0]
    return pose(
        q, top, y, float(10.0 ** rng.uniform(-3, -0.5)), loss=loss, family=family, weights=weights,
        activation=activation if family == "polynomial" else None,
    )  # fmt: skip


@pytest.mark.parametrize("block", range(6))
def test_the_true_optimum_is_never_below_the_bound(block):
    tight = 0
    for seed in range(block, PROBLEMS, 6):
        problem = nth_problem(seed)
        solution = solve(problem, settings=Settings(gap=1e-6))
        certificate = certify(problem, solution)
        assert check(problem, certificate).valid
        lower, upper = true_optimum(problem)
        context = f"seed {seed}: {problem.family} {problem.weights} {problem.loss}"
        assert upper - lower <= 10 * WIDTH * upper, f"{context}: the bracket [{lower}, {upper}] is wide"
        assert certificate.bound <= upper, context
        # The relaxation itself, not only its certificate, is below the truth.
        assert solution.objective <= upper + 1e-5 * upper + 1e-9, context
        tight += certificate.bound >= upper - 1e-3 * upper
    assert tight >= 10  # the comparison has teeth: many bounds touch the truth


@pytest.mark.parametrize("loss", LOSSES)
def test_the_true_optimum_is_at_most_the_relaxation_at_krivines_constant_times_beta(loss):
    constant = np.pi / (2 * np.log(1 + np.sqrt(2)))
    apart = 0
    for seed in range(6):
        problem = sign_problem(seed, 4, loss, beta=0.05, n=16)
        lower, _ = true_optimum(problem)
        relaxed, penalised = (
            solve(replace(problem, beta=beta), settings=Settings(gap=1e-6)).objective
            for beta in (problem.beta, constant * problem.beta)
        )
        # An objective of a feasible point is above its relaxation's optimum, so this cannot fail by rounding
        # unless the two sides meet; the lower end of the bracket is below the truth.
        assert lower <= penalised, (seed, lower, penalised)
        apart += lower > relaxed * (1 + 1e-3)
    assert apart >= 1  # the factor is needed: without it the relaxation is below the truth
