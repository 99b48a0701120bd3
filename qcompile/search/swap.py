"""Swapping: at a fixed width, trade weak neurons for better priced ones.

A pruned network is not optimal over all atoms: some price above beta d again. The best
priced ones are added, alpha is refitted, the network pruned back and polished; the
result is kept if the objective fell, otherwise fewer atoms are tried.
"""

from __future__ import annotations

import numpy as np

from qcompile.problem.families import FAMILIES
from qcompile.problem.objective import objective
from qcompile.problem.problem import Problem
from qcompile.search.polish import merge
from qcompile.search.pricing import price
from qcompile.search.prune import Net, to_width
from qcompile.search.refit import refit, target_of

STARTS = 200
# Relative fall of the objective below which a swap is not worth its time.
WORTH = 1e-4


def _widened(problem: Problem, net: Net, count: int, rng: np.random.Generator) -> Net:
    """The network with the ``count`` best priced atoms added and alpha refitted."""
    family = FAMILIES[problem.family]
    target = target_of(problem)
    u, v, alpha = net
    dual = target.loss.gradient(family.features(problem, u, v) @ alpha, problem.y)
    found = price(problem, dual, rng, STARTS, count, 0, np.vstack([u, v]).astype(np.float64))
    fresh = np.full(len(found.value), 1e-9 * float(np.abs(alpha).max()))
    u, v, alpha = merge(problem, np.vstack([u, found.u]), np.vstack([v, found.v]), np.append(alpha, fresh))
    fit = refit(target, family.features(problem, u, v), alpha)
    used = fit.alpha != 0
    return u[used], v[used], fit.alpha[used]


def swap(problem: Problem, net: Net, neurons: int, seed: int, rounds: int = 12) -> Net:
    """Improve a network of at most ``neurons`` neurons without widening it.

    Args:
        problem: what is trained.
        net: u, v, alpha; at least one neuron.
        neurons: the width allowed.
        seed: of the pricing.
        rounds: at most this many trials.

    Returns:
        A network whose objective is not above the one given.
    """
    rng = np.random.default_rng(seed)
    best, value = net, objective(problem, *net)
    count = max(1, neurons // 2)
    for _ in range(rounds):
        trial = to_width(problem, _widened(problem, best, count, rng), neurons)
        reached = objective(problem, *trial)
        if reached < value * (1 - WORTH):
            best, value = trial, reached
        elif count == 1:
            break
        else:
            count = max(1, count // 3)
    return best
