"""Sign tree: signs u with a large |g u|_1, by a depth-first walk that counts in binary and skips.

A bit of the counter is the sign of one column (0 for +), the first column the highest bit; the last
``LANES`` columns are tried all at once. With p_k = g_1 +- g_2 .. +- g_k, everything below a node stays
under |p_k|_1 + reach_k, where reach_k is the largest |.|_1 of the remaining columns alone: if that is
not above the best value so far, the counter jumps over the whole subtree. reach_k comes from the same
walk over fewer columns (Russian doll search: Verfaillie, Lemaitre, Schiex, AAAI 1996).

All in integers, so that values compare exactly. The search alone uses this; the checker of a
certificate enumerates with code of its own.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from qcompile.jit import njit

# Columns whose signs are tried at once, one lane per sign vector.
LANES = 6
# The walk is cut at this many bits from the top into parts that do not wait for each other, above this size.
CUT = 6
WORTH_THREADS = 16
# Sign vectors kept per part: the last that raised its best value.
KEPT = 8


def climb_tree(g: NDArray[np.int32], floor: int) -> tuple[int, NDArray[np.int8]]:
    """max(floor, max over signs u of |g u|_1), and sign vectors seen above ``floor``.

    Args:
        g: (r, d) int32, d >= 1; absolute values sum to less than 2^30, so that no int32 overflows.
        floor: values up to this are skipped; the higher, the faster.

    Returns:
        The value, and (k, d) int8 in falling order of value; the first has the largest, if any is above.

    >>> best, u = climb_tree(np.array([[0, 1], [1, -2]], dtype=np.int32), 0)
    >>> best, (u * u[:, :1]).tolist()  # u and -u have the same value
    (4, [[1, -1]])
    """
    d = g.shape[1]
    order = np.argsort(-np.abs(g).sum(axis=0), kind="stable")
    columns = np.ascontiguousarray(g[:, order].T)
    deep = d - min(LANES, d - 1)  # columns that the counter walks, the first of which keeps its sign
    codes = np.arange(1 << (d - deep))
    bits = 1 - 2 * ((codes[None, :] >> np.arange(d - deep)[:, None]) & 1)
    lanes = np.ascontiguousarray(columns[deep:].T @ bits.astype(np.int32))
    reach = np.zeros(deep + 1, dtype=np.int64)
    reach[deep] = np.abs(lanes).sum(axis=0).max()
    for k in range(deep - 1, 0, -1):
        # A column cannot lower the largest value: one of its two signs at least does not.
        reach[k] = _parts(columns[k:deep], lanes, reach[k:], int(reach[k + 1]))[0]
    best, code, lane = _parts(columns[:deep], lanes, reach, max(floor, 0))
    u = np.ones((len(code), d), dtype=np.int8)
    walked = np.arange(deep - 2, -1, -1)
    u[:, order[1:deep]] = 1 - 2 * ((code[:, None] >> walked) & 1)
    u[:, order[deep:]] = bits.T[lane]
    return best, u


def _parts(
    columns: NDArray[np.int32], lanes: NDArray[np.int32], reach: NDArray[np.int64], floor: int
) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """The walk over one tree, cut into parts: the best value, and codes and lanes seen, best first."""
    bits = len(columns) - 1
    cut = min(CUT, bits)

    def part(i: int) -> NDArray[np.int64]:
        seen = np.full((KEPT, 3), -1, dtype=np.int64)
        _walk(columns, lanes, reach, i << (bits - cut), (i + 1) << (bits - cut), floor, seen)
        return seen

    if bits < WORTH_THREADS:
        found = [part(i) for i in range(1 << cut)]
    else:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = list(pool.map(part, range(1 << cut)))
    seen = np.concatenate(found)
    seen = seen[np.argsort(-seen[:, 0], kind="stable")]
    seen = seen[seen[:, 0] >= 0]
    return max([floor, *seen[:1, 0].tolist()]), seen[:, 1], seen[:, 2]


@njit(cache=True, nogil=True)
def _best_lane(lanes, p, sums):  # type: ignore[no-untyped-def]
    """The first lane with the largest |p + lane|_1; ``sums`` receives all of them."""
    for lane in range(len(sums)):
        sums[lane] = 0
    for i in range(len(p)):
        for lane in range(len(sums)):
            sums[lane] += abs(p[i] + lanes[i, lane])
    best = 0
    for lane in range(len(sums)):
        if sums[lane] > sums[best]:
            best = lane
    return best


@njit(cache=True, nogil=True)
def _walk(columns, lanes, reach, code, stop, best, seen):  # type: ignore[no-untyped-def]
    """Count from ``code`` to ``stop``; rows of ``seen`` (a ring) get (value, code, lane) of a rise."""
    deep, rows = columns.shape
    bits = deep - 1
    p = np.empty((deep, rows), dtype=np.int32)
    for i in range(rows):  # an assignment of slices compiles for seconds: it can say which shapes differ
        p[0, i] = columns[0, i]
    sums = np.empty(lanes.shape[1], dtype=np.int32)
    rises = 0
    known = 0  # p[: known + 1] agrees with the counter
    while code < stop:
        jump = 0
        for k in range(known, bits):
            negative = (code >> (bits - 1 - k)) & 1
            size = np.int64(0)
            if negative:
                for i in range(rows):
                    p[k + 1, i] = p[k, i] - columns[k + 1, i]
                    size += abs(p[k + 1, i])
            else:
                for i in range(rows):
                    p[k + 1, i] = p[k, i] + columns[k + 1, i]
                    size += abs(p[k + 1, i])
            if size + reach[k + 2] <= best:
                jump = bits - 1 - k
                break
        else:
            lane = _best_lane(lanes, p[bits], sums)
            if sums[lane] > best:
                best = np.int64(sums[lane])
                seen[rises % len(seen), 0] = best
                seen[rises % len(seen), 1] = code
                seen[rises % len(seen), 2] = lane
                rises += 1
        code = ((code >> jump) + 1) << jump
        known = bits
        rest = code
        while rest & 1 == 0 and known > 0:
            rest >>= 1
            known -= 1
        known = max(known - 1, 0)
