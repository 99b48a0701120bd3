"""All signs: the bilinear atoms of largest price, found by trying every sign vector in integers.

The search of ``pricing`` may miss an atom; here none is missed, so that column generation ends at
the optimum over all atoms.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from qcompile.bound.sign_tree import climb_tree
from qcompile.model.grid import top
from qcompile.problem.families import FAMILIES
from qcompile.problem.problem import Problem
from qcompile.search.canonical import canonical

# The integers that prices are rounded to sum to less than this.
TOTAL = 1 << 30


def distinct_inputs(problem: Problem) -> int:
    """How many signs of u there are to try: columns that differ beyond sign."""
    return len(_classes(problem.q))


def price_all(
    problem: Problem, dual: NDArray[np.float64], floor: float
) -> tuple[float, NDArray[np.int8], NDArray[np.int8]]:
    """The largest price of all, and canonical atoms found above ``floor`` on the way.

    Equal columns of q (up to sign) need one sign only: |Gu|_1 is convex in the sum of their weights.

    Args:
        problem: of the bilinear family.
        dual: (n,) float64 dual vector l.
        floor: prices up to this need not be told apart.

    Returns:
        max(floor, largest price) to about 1e-6, u and v (k, d) int8, the best first.
    """
    family = FAMILIES[problem.family]
    g = family.gradient(problem, dual)
    group = _classes(problem.q)
    if not len(group):
        none = np.empty((0, problem.d), dtype=np.int8)
        return max(floor, 0.0), none, none
    summed = group @ g @ group.T
    # The power of two that keeps the rounded entries below TOTAL together; any will do for zeros.
    size = float(np.abs(summed).sum())
    unit = math.ldexp(1.0, min(1000, 29 - math.frexp(size)[1]) if size > 0 else 0)
    whole = np.rint(summed * unit).astype(np.int32)
    best, signs = climb_tree(whole, math.floor(min(floor * unit, TOTAL)))  # no value reaches TOTAL
    w = top(problem.weights)
    u = signs @ group
    u = np.where(u == 0, 1.0, u)  # the weight of a zero column is free
    v = np.where(u @ g >= 0, 1.0, -1.0)
    u8, v8, _ = canonical(problem, u * w, v * w)
    return max(floor, best / unit), u8, v8


def _classes(q: NDArray[np.int16]) -> NDArray[np.float64]:
    """(r, d) of 0, 1, -1: a row per class of columns that are equal up to sign, in order of appearance.

    >>> _classes(np.array([[1, -1, 1, 0], [3, -3, 1, 0]], dtype=np.int16)).tolist()
    [[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
    """
    columns = q.T.astype(np.int32)
    used = np.flatnonzero((columns != 0).any(axis=1))
    leading = columns[used, np.argmax(columns[used] != 0, axis=1)]
    sign = np.where(leading < 0, -1, 1)
    _, first, member = np.unique(
        columns[used] * sign[:, None], axis=0, return_index=True, return_inverse=True
    )
    place = np.argsort(np.argsort(first))
    classes = np.zeros((len(first), q.shape[1]))
    classes[place[member.ravel()], used] = sign
    return classes
