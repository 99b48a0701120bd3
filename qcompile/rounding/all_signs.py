"""All signs: the bilinear atoms of largest price, found by trying every sign vector in integers.

The search of ``pricing`` may miss an atom; here none is missed, so that column generation ends at
the optimum over all atoms. Twenty times faster than the walk of ``exact``, for bilinear neurons.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qcompile import registry
from qcompile.problem.grid import top
from qcompile.problem.problem import Problem
from qcompile.rounding.canonical import canonical
from qcompile.solve.enumerate import TOTAL, largest
from qcompile.solve.proofs.enumeration import integers, merged

__all__ = ["distinct_inputs", "price_all"]


def distinct_inputs(problem: Problem) -> int:
    """How many signs of u there are to try: columns that differ beyond sign."""
    return len(merged(problem.q))


def price_all(
    problem: Problem, dual: NDArray[np.float64], floor: float
) -> tuple[float, NDArray[np.int8], NDArray[np.int8]]:
    """The largest price of all, and canonical atoms found above ``floor`` on the way.

    Args:
        problem: of the bilinear family.
        dual: (n,) float64 dual vector l.
        floor: prices up to this need not be told apart.

    Returns:
        max(floor, largest price) to about 1e-6, u and v (k, d) int8, the best first.
    """
    family = registry.load("qcompile.problem.families", problem.family)
    g = family.gradient(problem, dual)
    group = merged(problem.q)
    whole, unit = integers(group, g)
    best, signs = largest(whole, math.floor(min(floor * unit, TOTAL)))  # no value reaches TOTAL
    w = top(problem.weights)
    u = signs @ group
    u = np.where(u == 0, 1.0, u)  # the weight of a zero column is free
    v = np.where(u @ g >= 0, 1.0, -1.0)
    u8, v8, _ = canonical(problem, u * w, v * w)
    return max(floor, best / unit), u8, v8
