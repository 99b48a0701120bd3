"""Exact pricing at small d, to compare searches with: every atom visited once, along a Gray code.

Consecutive atoms differ in one weight, so the product with the matrix is updated in O(d):

    two vectors    max over u of |Gu|_1 over all sign vectors (every grid: a bilinear form over
                   a box is largest at a corner); u and -u are one, 2^(d-1) visits
    one vector     max and min of w'Hw over the grid, levels^d visits (reflected mixed-radix
                   Gray code, [Knuth 7.2.1.1, Algorithm H])

Rounding error. The product is recomputed from scratch every ``FRESH`` visits. Between two of
these a component takes part in at most FRESH + d additions, each off by at most eps/2 times
a magnitude that never exceeds the largest absolute row sum S; adding d components costs a
further d eps/2 relative. The margin below covers this with a factor of 2 to spare, and is
added to the value seen: ``bound`` is never below the true maximum over the given matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qcompile import registry
from qcompile.errors import UnsupportedError
from qcompile.model.grid import top, values
from qcompile.problem.problem import Problem

__all__ = ["VISITS", "ExactPrice", "exact_price", "visits"]

FRESH = 4096
# More visits than this are refused: about a minute.
VISITS = 2**32


@dataclass(frozen=True, eq=False)
class ExactPrice:
    """The atom of largest |<G, atom>|.

    Attributes:
        value: its price, computed in float64.
        bound: never below the largest price over all atoms.
        u: (d,) int8 integers of the weight grid.
        v: (d,) int8.
    """

    value: float
    bound: float
    u: NDArray[np.int8]
    v: NDArray[np.int8]


@njit(cache=True, nogil=True)
def _norm1_of_product(g, u, q):  # type: ignore[no-untyped-def]
    d = len(u)
    total = 0.0
    for i in range(d):
        s = 0.0
        for k in range(d):
            s += g[i, k] * u[k]
        q[i] = s
        total += abs(s)
    return total


@njit(cache=True, nogil=True)
def _visit_signs(g):  # type: ignore[no-untyped-def]
    d = len(g)
    u = np.ones(d)
    q = np.empty(d)
    best = _norm1_of_product(g, u, q)
    best_u = u.copy()
    for visit in range(1, 1 << (d - 1)):
        k = 1
        low = visit
        while low & 1 == 0:
            low >>= 1
            k += 1
        s = -2.0 * u[k]
        u[k] = -u[k]
        total = 0.0
        if visit & 4095 == 0:
            total = _norm1_of_product(g, u, q)
        else:
            for i in range(d):
                q[i] += s * g[k, i]
                total += abs(q[i])
        if total > best:
            best = total
            best_u[:] = u
    return best, best_u


@njit(cache=True, nogil=True)
def _visit_grid(h, free, grid):  # type: ignore[no-untyped-def]
    """Largest and smallest w'Hw; entries from ``free`` on stay at 1."""
    size = len(h)
    levels = len(grid)
    w = np.ones(size)
    w[:free] = grid[0]
    p = h @ w
    value = np.dot(w, p)
    high = value
    low = value
    high_w = w.copy()
    low_w = w.copy()
    digit = np.zeros(free, dtype=np.int64)
    way = np.ones(free, dtype=np.int64)
    focus = np.arange(free + 1)
    visit = 0
    while True:
        k = focus[0]
        focus[0] = 0
        if k == free:
            return high, high_w, low, low_w
        digit[k] += way[k]
        t = grid[digit[k]] - w[k]
        w[k] = grid[digit[k]]
        if digit[k] == 0 or digit[k] == levels - 1:
            way[k] = -way[k]
            focus[k] = focus[k + 1]
            focus[k + 1] = k + 1
        visit += 1
        if visit & 4095 == 0:
            p[:] = h @ w
            value = np.dot(w, p)
        else:
            value += t * (2.0 * p[k] + t * h[k, k])
            for i in range(size):
                p[i] += t * h[k, i]
        if value > high:
            high = value
            high_w[:] = w
        if value < low:
            low = value
            low_w[:] = w


def visits(problem: Problem) -> int:
    """Number of atoms that ``exact_price`` has to visit.

    >>> from qcompile.problem.problem import pose
    >>> visits(pose([[1, 1, 1]], 1, [1.0], 0.1))
    4
    """
    if registry.load("qcompile.problem.families", problem.family).VECTORS == 2:
        return 1 << (problem.d - 1)
    return int(len(values(problem.weights)) ** problem.d)


def exact_price(problem: Problem, dual: NDArray[np.float64]) -> ExactPrice:
    """The largest price over ALL atoms, by enumeration.

    Args:
        problem: with ``visits(problem) <= VISITS``: d up to 33 for two vectors per neuron.
        dual: (n,) float64 dual vector l.

    Raises:
        UnsupportedError: too many atoms.
    """
    count = visits(problem)
    if count > VISITS:
        raise UnsupportedError(
            f"enumeration would visit {count} atoms (d = {problem.d}), allowed: {VISITS}; "
            "use branch and bound, or fewer inputs."
        )
    family = registry.load("qcompile.problem.families", problem.family)
    h = np.asarray(family.gradient(problem, dual), dtype=np.float64)
    h = np.ascontiguousarray(0.5 * (h + h.T))
    size = len(h)
    rows = float(np.abs(h).sum(axis=1).max())
    eps = float(np.finfo(np.float64).eps)
    scale = top(problem.weights)
    if family.VECTORS == 2:
        seen, u = _visit_signs(h)
        v = np.where(h @ u >= 0, 1.0, -1.0)
        value = float(u @ h @ v)
        margin = 2 * size * (FRESH + 3 * size) * eps * rows
        return ExactPrice(value, seen + margin, (u * scale).astype(np.int8), (v * scale).astype(np.int8))
    grid = np.array(values(problem.weights)) / scale
    high, high_w, low, low_w = _visit_grid(h, problem.d, grid)
    w = high_w if high >= -low else low_w
    # A value adds t (2 p_k + t H_kk) per visit: off by FRESH times the error of p, plus its own rounding.
    margin = 16 * FRESH * (FRESH + 3 * size) * eps * rows + 4 * size * size * eps * rows
    u8 = np.rint(w[: problem.d] * scale).astype(np.int8)
    return ExactPrice(float(abs(w @ h @ w)), max(high, -low) + margin, u8, u8.copy())
