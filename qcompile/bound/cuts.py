"""Cuts: odd-set inequalities on the pricing problem of bilinear neurons.

With s = (u + v)/2, t = (u - v)/2 an atom is the pair A = s s', B = t t', and

    V = A + B, Z = A - B:   V_ij is the mean of u_i u_j and v_i v_j, Z_ij of u_i v_j and v_i u_j.

Take k of the 2d signs u_1 .. v_d, k odd, each with a sign in front. Their sum is odd, so its square
is at least 1: the products of the pairs add up to at least (1 - k)/2. (k = 3: triangle inequalities,
5 and 7: pentagonal and heptagonal ones; [DL97, chapter 28].)
The mean of that and of the same with u and v swapped is linear in (V, Z): a pair within u or
within v reads V, one between u and v reads Z.

A cut is a row of ``MEMBERS`` codes: +-(1 + i) for u_i, +-(1 + d + i) for v_i, 0 for no member.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.jit import njit

MEMBERS = 7
NO_CUTS = np.empty((0, MEMBERS), dtype=np.int16)
NO_CUTS.flags.writeable = False
# Room for violated triangles in one scan; where there are more, only the worse ones are listed.
ROOM = 1_000_000
SWEEPS = 20


@njit(cache=True, nogil=True, inline="always")
def _entry(v, z, a, b):  # type: ignore[no-untyped-def]
    d = len(v)
    i = a if a < d else a - d
    j = b if b < d else b - d
    return z[i, j] if (a < d) != (b < d) else v[i, j]


@njit(cache=True, nogil=True)
def _collect(v, z, limit, rows, amount):  # type: ignore[no-untyped-def]
    """Write every triangle violated by more than ``limit``, as far as there is room; count them."""
    d = len(v)
    count = 0
    for i in range(d):
        for j in range(i, d):
            for k in range(j, d):
                if i == k:
                    continue
                for copies in range(4):
                    b = j + d * (copies & 1)
                    c = k + d * (copies >> 1)
                    if i == b or b == c:
                        continue
                    ij = _entry(v, z, i, b)
                    ik = _entry(v, z, i, c)
                    jk = _entry(v, z, b, c)
                    for signs in range(4):
                        p = 1 if signs & 1 == 0 else -1
                        q = 1 if signs >> 1 == 0 else -1
                        lack = -1.0 - (p * ij + q * ik + p * q * jk)
                        if lack > limit:
                            if count < len(amount):
                                rows[count, 0] = 1 + i
                                rows[count, 1] = p * (1 + b)
                                rows[count, 2] = q * (1 + c)
                                amount[count] = lack
                            count += 1
    return count


@njit(cache=True, nogil=True)
def _enlarge(x, seeds, size, amount):  # type: ignore[no-untyped-def]
    """Grow every seed by its best members to ``size``, then exchange members while that violates more."""
    n = len(x)
    for t in range(len(seeds)):
        row = seeds[t]
        h = np.zeros(n)
        inside = np.zeros(n, dtype=np.bool_)
        have = 0
        for m in range(size):
            if row[m] != 0:
                have += 1
                inside[abs(row[m]) - 1] = True
                for i in range(n):
                    h[i] += x[i, abs(row[m]) - 1] * (1 if row[m] > 0 else -1)
        for sweep in range(SWEEPS):
            moved = False
            for m in range(size):
                if row[m] == 0 and sweep == 0 and m < have:
                    continue
                old = row[m]
                kept = 0.0
                if old != 0:
                    s = 1.0 if old > 0 else -1.0
                    inside[abs(old) - 1] = False
                    for i in range(n):
                        h[i] -= s * x[i, abs(old) - 1]
                    kept = s * h[abs(old) - 1]
                best = 0 if old == 0 else abs(old) - 1
                least = np.inf if old == 0 else kept - 1e-9
                sign = 1 if old > 0 else -1
                for i in range(n):
                    if not inside[i] and -abs(h[i]) < least:
                        least = -abs(h[i])
                        best = i
                        sign = -1 if h[i] > 0 else 1
                fresh = sign * (1 + best)
                moved = moved or fresh != old
                row[m] = fresh
                inside[best] = True
                for i in range(n):
                    h[i] += sign * x[i, best]
            if not moved:
                break
        total = 0.0
        for m in range(size):
            a = row[m]
            for other in range(m):
                b = row[other]
                e = x[abs(a) - 1, abs(b) - 1]
                total += e if (a > 0) == (b > 0) else -e
        amount[t] = -total - 0.5 * (size - 1)


def violated(v: NDArray[np.float64], z: NDArray[np.float64], limit: float, count: int) -> NDArray[np.int16]:
    """(m, MEMBERS) the ``count`` triangles that (v, z) violates most, of those above ``limit``.

    Args:
        v: (d, d) float64 symmetric with diagonal 1.
        z: (d, d) float64 symmetric.
        limit: least violation that counts.
        count: largest number of cuts.
    """
    d = len(v)
    room = min(ROOM, 16 * (d * (d + 1) * (d + 2) // 6))
    v, z = np.ascontiguousarray(v), np.ascontiguousarray(z)
    while True:
        rows = np.zeros((room, MEMBERS), dtype=np.int16)
        amount = np.empty(room)
        found = _collect(v, z, limit, rows, amount)
        if found <= room:
            break
        limit = max(2 * limit, float(np.median(amount)))
    rows, amount = rows[:found], amount[:found]
    if found > count:
        rows = rows[np.sort(np.argpartition(-amount, count)[:count])]
    return rows.copy()


def larger(
    v: NDArray[np.float64],
    z: NDArray[np.float64],
    rows: NDArray[np.int16],
    size: int,
    limit: float,
    count: int,
) -> NDArray[np.int16]:
    """(m, MEMBERS) violated odd sets of ``size`` members, grown from smaller cuts that are tight.

    Args:
        v: (d, d) float64 symmetric with diagonal 1.
        z: (d, d) float64 symmetric.
        rows: cuts to start from, at most ``size`` members each.
        size: 5 or 7.
        limit: least violation that counts.
        count: largest number of cuts.
    """
    x = np.block([[v, z], [z, v]])
    rows = rows[np.count_nonzero(rows, axis=1) <= size]
    if 2 * len(v) < size or not len(rows):
        return NO_CUTS
    grown = rows.copy()
    amount = np.empty(len(grown))
    _enlarge(x, grown, size, amount)
    keep = np.flatnonzero(amount > limit)
    keep = keep[np.argsort(-amount[keep], kind="stable")]
    grown = _canonical(grown[keep], len(v))
    _, first = np.unique(grown, axis=0, return_index=True)
    return grown[np.sort(first)[:count]]


def _canonical(rows: NDArray[np.int16], d: int) -> NDArray[np.int16]:
    """One spelling per cut: members ascending, the first sign +, of the two swaps the smaller one."""

    def ordered(r: NDArray[np.int16]) -> NDArray[np.int16]:
        key = np.where(r == 0, np.iinfo(np.int16).max, np.abs(r))
        r = np.take_along_axis(r, np.argsort(key, axis=1, kind="stable"), axis=1)
        return np.asarray(r * np.sign(r[:, :1]), dtype=np.int16)

    place = np.abs(rows) - 1
    swapped = np.where(rows == 0, 0, np.sign(rows) * (1 + (place + d) % (2 * d))).astype(np.int16)
    one, two = ordered(rows), ordered(swapped)
    differ = one != two
    at = np.argmax(differ, axis=1)
    index = np.arange(len(rows))
    return np.where((two[index, at] < one[index, at])[:, None], two, one)


def known(rows: NDArray[np.int16], others: NDArray[np.int16]) -> NDArray[np.bool_]:
    """(m,) whether a cut is among the others, spelled alike."""
    names = {r.tobytes() for r in others}
    return np.fromiter((r.tobytes() in names for r in rows), dtype=bool, count=len(rows))


def constants(rows: NDArray[np.int16]) -> NDArray[np.float64]:
    """(m,) (k - 1)/2 of a cut of k members: what its left side may lack to 0."""
    return np.asarray(0.5 * (np.count_nonzero(rows, axis=1) - 1))


def left_sides(rows: NDArray[np.int16], size: int) -> Any:
    """(m, 2 d^2) scipy.sparse CSR: the left side of every cut as a linear form on the entries of [V, Z].

    A pair of members meets the entry of the upper triangle; u_i with v_i the diagonal of Z.

    Args:
        rows: (m, MEMBERS) cuts.
        size: d.
    """
    from scipy import sparse

    first, second = np.triu_indices(rows.shape[1], 1)
    a, b = rows[:, first].astype(np.int64), rows[:, second].astype(np.int64)
    t, pair = np.nonzero((a != 0) & (b != 0))
    a, b = a[t, pair], b[t, pair]
    across = (np.abs(a) > size) != (np.abs(b) > size)
    i, j = (np.abs(a) - 1) % size, (np.abs(b) - 1) % size
    entry = across * size * size + np.minimum(i, j) * size + np.maximum(i, j)
    sign = np.where((a > 0) == (b > 0), 1.0, -1.0)
    return sparse.csr_matrix((sign, (t, entry)), shape=(len(rows), 2 * size * size))


def slacks(rows: NDArray[np.int16], v: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) left side + (k - 1)/2 of every cut: below 0 where it is violated."""
    return np.asarray(left_sides(rows, len(v)) @ np.concatenate([v.ravel(), z.ravel()]) + constants(rows))
