"""Every sign vector, in integers: max over u of |g u|_1, and the best u found on the way.

    depth first   p = g_1 +- g_2 +- .. +- g_k; columns in falling order of size
    skip          |p + g_rest w|_1 <= |p|_1 + max_w |g_rest w|_1: the second term is the same problem
                  over fewer columns, solved first (Russian doll search [VLS96]); most p cannot reach
                  the value asked
    lanes         the last ``LOW`` columns: all their signs at once, |p + low_l|_1 lane by lane

Integers make the outcome exact and the same on every machine. Only the checker uses it (proofs/
enumeration.py); the search for atoms tries every sign with code of its own.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from qcompile.jit import njit

# The entries of g must sum to less than this, so that no int32 overflows.
TOTAL = 1 << 30
# Columns that vary from lane to lane, and those that tell the pieces of work apart.
LOW = 6
PIECES = 6
# Sign vectors kept per piece of work.
KEPT = 8


def largest(g: NDArray[np.int32], floor: int) -> tuple[int, NDArray[np.int8]]:
    """max(floor, max over signs u of |g u|_1), exactly.

    Args:
        g: (r, d) int32, sum of absolute values below ``TOTAL``.
        floor: values up to this need not be told apart; the higher, the faster.

    Returns:
        The maximum, and (k, d) int8 sign vectors found above ``floor``, in falling order of value;
        the first one attains the maximum unless it is ``floor``.

    >>> best, u = largest(np.array([[0, 1], [1, -2]], dtype=np.int32), 0)
    >>> best, (u * u[:, :1]).tolist()  # u and -u have the same value
    (4, [[1, -1]])
    """
    d = g.shape[1]
    if d == 0:
        return max(floor, 0), np.empty((0, 0), dtype=np.int8)
    order = np.argsort(-np.abs(g.astype(np.int64)).sum(axis=0), kind="stable")
    columns = np.ascontiguousarray(g[:, order].T)
    low = min(LOW, d - 1)
    lanes = np.zeros((g.shape[0], 1 << low), dtype=np.int32)
    for k in range(low):
        lanes += columns[d - low + k][:, None] * _bit(np.arange(1 << low), k)[None, :]
    reach = np.zeros(d + 1, dtype=np.int64)  # reach[k]: max over signs of columns k, k + 1, ..
    reach[d - low] = np.abs(lanes).sum(axis=0, dtype=np.int64).max()
    for k in range(d - low - 1, 0, -1):
        # One more column adds at most its own size, and at least one of two signs is no loss.
        reach[k] = _solve(columns, lanes, reach, k, reach[k + 1])[0]
    best, u = _solve(columns, lanes, reach, 0, max(floor, 0))
    signs = np.empty_like(u)
    signs[:, order] = u
    return best, signs


def _bit(i: NDArray[np.int64] | int, k: int) -> NDArray[np.int32]:
    return np.where((np.asarray(i) >> k) & 1, -1, 1).astype(np.int32)


def _solve(
    columns: NDArray[np.int32], lanes: NDArray[np.int32], reach: NDArray[np.int64], first: int, floor: int
) -> tuple[int, NDArray[np.int8]]:
    """The problem over the columns from ``first`` on; the sign of column ``first`` is +."""
    d = len(columns)
    last = d - (lanes.shape[1].bit_length() - 1)
    pieces = max(0, min(PIECES, last - first - 1))

    def piece(i: int) -> tuple[int, NDArray[np.int8], NDArray[np.int64]]:
        u = np.ones(d, dtype=np.int8)
        for k in range(pieces):
            u[first + 1 + k] = _bit(i, k)
        start = first + 1 + pieces
        p = np.asarray(u[first:start].astype(np.int32) @ columns[first:start], dtype=np.int32)
        kept = np.zeros((KEPT, d), dtype=np.int8)
        value = np.full(KEPT, -1, dtype=np.int64)
        best = _sweep(columns, lanes, reach, start, last, p, u, floor, kept, value)
        return int(best), kept, value

    if last - first < 16:
        found = [piece(i) for i in range(1 << pieces)]
    else:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = list(pool.map(piece, range(1 << pieces)))
    value: NDArray[np.int64] = np.concatenate([f[2] for f in found])
    order = np.argsort(-value, kind="stable")
    order = order[value[order] >= 0]
    return max(f[0] for f in found), np.concatenate([f[1] for f in found])[order]


@njit(cache=True, nogil=True)
def _block(lanes, p, sums):  # type: ignore[no-untyped-def]
    """The lane of the largest |p + lane|_1."""
    for l in range(lanes.shape[1]):
        sums[l] = 0
    for i in range(lanes.shape[0]):
        shift = p[i]
        for l in range(lanes.shape[1]):
            sums[l] += abs(shift + lanes[i, l])
    top = 0
    for l in range(lanes.shape[1]):
        top = max(top, sums[l])
    for l in range(lanes.shape[1]):
        if sums[l] == top:
            return l
    return 0


@njit(cache=True, nogil=True)
def _sweep(columns, lanes, reach, start, last, p, u, floor, kept, value):  # type: ignore[no-untyped-def]
    """Depth first over the signs of columns start .. last - 1; returns max(floor, best)."""
    rows = lanes.shape[0]
    sums = np.empty(lanes.shape[1], dtype=np.int32)
    partial = np.empty((last + 1, rows), dtype=np.int32)
    norm = np.int64(0)
    for i in range(rows):  # an assignment of slices compiles for seconds: it can say which shapes differ
        partial[start, i] = p[i]
        norm += abs(p[i])
    best = np.int64(floor)
    slot = 0
    done = np.zeros(last + 1, dtype=np.int8)
    k = start
    if norm + reach[start] <= floor:
        return best
    while True:
        if k == last:
            lane = _block(lanes, partial[k], sums)
            if sums[lane] > best:
                best = np.int64(sums[lane])
                for j in range(len(u)):
                    kept[slot, j] = u[j]
                for j in range(len(columns) - last):
                    kept[slot, last + j] = -1 if (lane >> j) & 1 else 1
                value[slot] = best
                slot = (slot + 1) % len(value)
            k -= 1
        elif done[k] == 2:
            done[k] = 0
            k -= 1
        else:
            s = 1 if done[k] == 0 else -1
            done[k] += 1
            u[k] = s
            norm = np.int64(0)
            if s == 1:
                for i in range(rows):
                    t = partial[k, i] + columns[k, i]
                    partial[k + 1, i] = t
                    norm += abs(t)
            else:
                for i in range(rows):
                    t = partial[k, i] - columns[k, i]
                    partial[k + 1, i] = t
                    norm += abs(t)
            if norm + reach[k + 1] > best:
                k += 1
        if k < start:
            return best
