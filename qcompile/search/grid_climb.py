"""Grid search: large values of one quadratic form w'Hw over a small weight grid.

The pricing problem of neurons with ONE weight vector (quadratic, polynomial):

    maximise  w' H w   over  w_k in the grid,  with a last entry kept at 1 where the form is affine

From the kept product p = Hw a move of entry k by t changes the value by
2 t p_k + t^2 H_kk, and of entries k, l by t, s by both plus 2 t s H_kl. So a
single move costs O(levels) to judge and O(d) to make, a pair of moves O(levels^2)
to judge. Values never fall; the search proves nothing (see ``sign_search``).

Given a ``dyadic`` matrix and integer levels every sum here is exact, in any order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.jit import njit
from qcompile.search.signs import EXACT_SUMS

RISE = 1e-12


@njit(cache=True, fastmath=EXACT_SUMS, nogil=True)
def _move(h, w, p, k, level):  # type: ignore[no-untyped-def]
    t = level - w[k]
    w[k] = level
    for i in range(len(w)):
        p[i] += t * h[k, i]


@njit(cache=True, fastmath=EXACT_SUMS, nogil=True)
def _single_moves(h, w, p, free, grid, floor):  # type: ignore[no-untyped-def]
    """Best level of one entry after the other until none rises by more than ``floor``."""
    gained = 0.0
    stale = 0
    k = 0
    while stale < free:
        best = floor
        level = w[k]
        for g in grid:
            t = g - w[k]
            rise = t * (2.0 * p[k] + t * h[k, k])
            if rise > best:
                best = rise
                level = g
        if level != w[k]:
            _move(h, w, p, k, level)
            gained += best
            stale = 0
        else:
            stale += 1
        k = k + 1 if k + 1 < free else 0
    return gained


@njit(cache=True, fastmath=EXACT_SUMS, nogil=True)
def _pair_move(h, w, p, free, grid, floor):  # type: ignore[no-untyped-def]
    """Make the best pair of moves of the first row that has one."""
    for k in range(free):
        best = floor
        first = w[k]
        second = 0.0
        other = -1
        for a in grid:
            t = a - w[k]
            if t == 0.0:
                continue
            one = t * (2.0 * p[k] + t * h[k, k])
            for j in range(k + 1, free):
                slope = 2.0 * (p[j] + t * h[k, j])
                for b in grid:
                    s = b - w[j]
                    rise = one + s * (slope + s * h[j, j])
                    if s != 0.0 and rise > best:
                        best = rise
                        first = a
                        second = b
                        other = j
        if other >= 0:
            _move(h, w, p, k, first)
            _move(h, w, p, other, second)
            return best
    return 0.0


@njit(cache=True, fastmath=EXACT_SUMS, nogil=True)
def _climb_grid(h, starts, free, grid, pairs):  # type: ignore[no-untyped-def]
    r, k = starts.shape
    values = np.empty(r)
    size = 0.0
    for i in range(k):
        for j in range(k):
            size += abs(h[i, j])
    floor = size * RISE
    for i in range(r):
        w = starts[i]
        p = h @ w
        _single_moves(h, w, p, free, grid, floor)
        while pairs and _pair_move(h, w, p, free, grid, floor) > 0.0:
            _single_moves(h, w, p, free, grid, floor)
        values[i] = np.dot(w, h @ w)
    return values


def climb_grid(
    h: NDArray[np.float64],
    starts: NDArray[np.float64],
    grid: NDArray[np.float64],
    affine: bool = False,
    pairs: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Climb w'Hw from every start until no single move (and no pair of moves) raises it.

    Args:
        h: (k, k) float64, symmetric; ``dyadic``, where the outcome must not depend on the machine.
        starts: (r, k) entries of the grid; the last one stands for the constant if ``affine``.
        grid: (levels,) the allowed values of an entry; integers, likewise.
        affine: keep the last entry fixed.
        pairs: also try pairs of moves.

    Returns:
        (r, k) local optima and (r,) their values w'Hw.

    >>> w, value = climb_grid(np.array([[-1.0, 0.5], [0.5, 0.0]]), np.array([[-1.0, 1.0]]),
    ...                       np.array([-1.0, 0.0, 1.0]), affine=True)
    >>> value.tolist()
    [0.0]
    """
    w = np.array(starts, dtype=np.float64, order="C", copy=True)
    free = w.shape[1] - 1 if affine else w.shape[1]
    grid = np.ascontiguousarray(grid, dtype=np.float64)
    values = _climb_grid(np.ascontiguousarray(h, dtype=np.float64), w, free, grid, pairs)
    return w, values
