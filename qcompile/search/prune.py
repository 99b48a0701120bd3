"""Pruning: from an optimum of any width to a good network of the width asked, gradually.

Three quarters of the neurons survive a round, those with the largest |alpha|; alpha is
refitted and, where few are left, single weights are polished. Going down in small steps
matters more than anything done at the end: what a dropped neuron carried moves to its
neighbours while they still exist.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.families import FAMILIES
from qcompile.problem.objective import objective
from qcompile.problem.problem import Problem
from qcompile.search.dyadic import falling
from qcompile.search.polish import polish
from qcompile.search.refit import refit, target_of

KEPT = 0.75
# Wider networks are polished only once they have come down to the width asked.
POLISHED = 48

Net = tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.float64]]


def _descend(problem: Problem, net: Net, neurons: int, polished: int) -> Net:
    """Prune round by round; networks of at most ``polished`` neurons are polished after a round."""
    family = FAMILIES[problem.family]
    target = target_of(problem)
    u, v, alpha = net
    while len(alpha) > neurons:
        survivors = max(neurons, int(KEPT * len(alpha)))
        keep = np.sort(falling(np.abs(alpha))[:survivors])
        u, v = u[keep], v[keep]
        alpha = refit(target, family.features(problem, u, v), alpha[keep]).alpha
        used = alpha != 0
        u, v, alpha = u[used], v[used], alpha[used]
        if survivors <= max(neurons, polished):
            u, v, alpha = polish(problem, u, v, alpha)
    return u, v, alpha


def to_width(problem: Problem, net: Net, neurons: int) -> Net:
    """Prune a network to at most ``neurons`` neurons, by the better of two roads.

    Polishing on the way down mostly helps much, but it can settle in a poor corner that
    pruning alone, polished once at the end, avoids.

    Args:
        problem: what is trained.
        net: u (m, d) int8, v (m, d) int8, alpha (m,) float64.
        neurons: the width allowed, at least 1.

    Returns:
        The same triple for at most ``neurons`` neurons, alpha refitted and without zeros.
    """
    if len(net[2]) <= neurons:
        return net
    roads = [_descend(problem, net, neurons, polished) for polished in (POLISHED, 0)]
    return min(roads, key=lambda found: objective(problem, *found))
