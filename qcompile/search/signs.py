"""Sign search: large values of u'Gv over signs, by climbing from many starts at once.

For a fixed u the best v is sign(Gu), so the climb is on  F(u) = sum_i |(Gu)_i|  alone:

    alternate   u <- sign(Gu) while F rises (G symmetric: the roles of u and v swap)
    one flip    every F(u - 2 u_k e_k) from the kept product Gu: O(d) per trial, O(d) per flip
    two flips   every pair, O(d) per trial, for the few best starts only

F never falls, so a climb ends. The search is a heuristic for the price of a round
and proves nothing; the certificates do.

Given ``dyadic`` matrices every sum here is exact, so the compiler may regroup it: the outcome has
the same bits whatever it does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.jit import INNER, njit

# Relative rise that counts as one: far above the rounding of a sum of 1000 terms, far below a price.
RISE = 1e-12
# Only the order of sums is free (and a product may be fused into them).
EXACT_SUMS = {"reassoc", "contract", "nsz"}


@njit(cache=True, fastmath=EXACT_SUMS, nogil=True, **INNER)
def _norm1(q):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(len(q)):
        total += abs(q[i])
    return total


@njit(cache=True, fastmath=EXACT_SUMS, nogil=True, **INNER)
def _multiply_signs(g, u, q):  # type: ignore[no-untyped-def]
    for i in range(len(u)):
        q[i] = 0.0
    for k in range(len(u)):
        s = u[k]
        for i in range(len(u)):
            q[i] += s * g[k, i]


@njit(cache=True, fastmath=EXACT_SUMS, nogil=True, **INNER)
def _alternate(g, u, q, spare):  # type: ignore[no-untyped-def]
    value = _norm1(q)
    d = len(u)
    v = np.empty(d)
    while True:
        for i in range(d):
            v[i] = 1.0 if q[i] >= 0 else -1.0
        _multiply_signs(g, v, spare)
        trial = _norm1(spare)
        if trial <= value * (1 + RISE):
            return value
        for i in range(d):
            u[i] = v[i]
            q[i] = spare[i]
        value = trial


@njit(cache=True, fastmath=EXACT_SUMS, nogil=True, **INNER)
def _flip_ones(g, u, q, value):  # type: ignore[no-untyped-def]
    d = len(u)
    k = 0
    stale = 0
    while stale < d:
        s = -2.0 * u[k]
        trial = 0.0
        for i in range(d):
            trial += abs(q[i] + s * g[k, i])
        if trial > value * (1 + RISE):
            u[k] = -u[k]
            for i in range(d):
                q[i] += s * g[k, i]
            value = trial
            stale = 0
        else:
            stale += 1
        k = k + 1 if k + 1 < d else 0
    return value


@njit(cache=True, fastmath=EXACT_SUMS, nogil=True, **INNER)
def _flip_pair(g, u, q, value, row):  # type: ignore[no-untyped-def]
    """Make the first rising pair of flips; return the new value, or the old one."""
    d = len(u)
    for k in range(d):
        s = -2.0 * u[k]
        for i in range(d):
            row[i] = q[i] + s * g[k, i]
        for j in range(k + 1, d):
            t = -2.0 * u[j]
            trial = 0.0
            for i in range(d):
                trial += abs(row[i] + t * g[j, i])
            if trial > value * (1 + RISE):
                u[k] = -u[k]
                u[j] = -u[j]
                for i in range(d):
                    q[i] = row[i] + t * g[j, i]
                return trial
    return value


@njit(cache=True, nogil=True, **INNER)
def _climb_one(g, u, q, spare, pairs):  # type: ignore[no-untyped-def]
    _multiply_signs(g, u, q)
    value = _alternate(g, u, q, spare)
    while True:
        before = value
        value = _flip_ones(g, u, q, value)
        value = _alternate(g, u, q, spare)
        if value <= before * (1 + RISE):
            if not pairs:
                return value
            value = _flip_pair(g, u, q, value, spare)
            if value <= before * (1 + RISE):
                return value


@njit(cache=True, nogil=True)
def _climb_all(g, starts, pairs):  # type: ignore[no-untyped-def]
    r, d = starts.shape
    values = np.empty(r)
    q = np.empty(d)
    spare = np.empty(d)
    for i in range(r):
        values[i] = _climb_one(g, starts[i], q, spare, pairs)
    return values


def _run(
    g: NDArray[np.float64], starts: NDArray[np.float64], pairs: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    u = np.array(starts, dtype=np.float64, order="C", copy=True)
    values = _climb_all(np.ascontiguousarray(g, dtype=np.float64), u, pairs)
    return u, values


def climb(
    g: NDArray[np.float64], starts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Climb F(u) = |Gu|_1 from every start until no alternation and no single flip raises it.

    Args:
        g: (d, d) float64, symmetric; ``dyadic``, where the outcome must not depend on the machine.
        starts: (r, d) entries -1 or +1.

    Returns:
        (r, d) float64 local optima u, and (r,) their values F(u) = max_v u'Gv.

    >>> u, value = climb(np.array([[0.0, 1.0], [1.0, -2.0]]), np.array([[1.0, 1.0]]))
    >>> value.tolist()
    [4.0]
    """
    return _run(g, starts, False)


def alternate(
    g: NDArray[np.float64], starts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As ``climb`` without the flips: all starts at once, a matrix product per step.

    >>> u, value = alternate(np.array([[0.0, 1.0], [1.0, -2.0]]), np.array([[1.0, 1.0], [1.0, -1.0]]))
    >>> value.tolist()
    [4.0, 4.0]
    """
    u = np.array(starts, dtype=np.float64)
    q = u @ g
    value = np.abs(q).sum(axis=1)
    rising = np.arange(len(u))
    while len(rising):
        v = np.where(q[rising] >= 0, 1.0, -1.0)
        product = v @ g
        trial = np.abs(product).sum(axis=1)
        better = trial > value[rising] * (1 + RISE)
        rising = rising[better]
        u[rising], q[rising], value[rising] = v[better], product[better], trial[better]
    return u, value


def climb_pairs(
    g: NDArray[np.float64], starts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """As ``climb``, and no pair of flips raises F either: O(d^3) per start, for the best few."""
    return _run(g, starts, True)
