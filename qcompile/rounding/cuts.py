"""Cuts: triangle inequalities on the pricing problem of bilinear neurons.

With s = (u + v)/2, t = (u - v)/2 an atom is the pair A = s s', B = t t', and

    V = A + B, Z = A - B:   V_ij is the mean of u_i u_j and v_i v_j, Z_ij of u_i v_j and v_i u_j.

Take three of the 2d signs u_1 .. v_d, say p, q, r, each with a sign in front. Among any three
signs two agree, so pq + pr + qr >= -1. The mean of that and of the same with u and v swapped is
linear in (V, Z): an edge between two u or two v reads V, one between u and v reads Z.

A cut is a row (i, j, k, code): code bit 0, 1 say whether the second and third sign are taken
from the other vector than the first, bit 2, 3 whether they are negated. i = j is allowed with
bit 0 set (u_i, v_i and a third), which ties Z_ii to the rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["names", "scatter", "slacks", "violated"]


@njit(cache=True, inline="always")
def _entry(v, z, i, j, other):  # type: ignore[no-untyped-def]
    return z[i, j] if other else v[i, j]


@njit(cache=True)
def _collect(v, z, limit, rows, amount):  # type: ignore[no-untyped-def]
    """Write every cut violated by more than ``limit``; returns how many there are."""
    d = len(v)
    count = 0
    for i in range(d):
        for j in range(i, d):
            for k in range(j, d):
                if i == k:
                    continue
                for copies in range(4):
                    b, c = copies & 1, copies >> 1
                    if (i == j and b == 0) or (j == k and b == c):
                        continue
                    ij = _entry(v, z, i, j, b == 1)
                    ik = _entry(v, z, i, k, c == 1)
                    jk = _entry(v, z, j, k, b != c)
                    for signs in range(4):
                        p = 1.0 if signs & 1 == 0 else -1.0
                        q = 1.0 if signs >> 1 == 0 else -1.0
                        lack = -1.0 - (p * ij + q * ik + p * q * jk)
                        if lack > limit and count < len(amount):
                            rows[count, 0] = i
                            rows[count, 1] = j
                            rows[count, 2] = k
                            rows[count, 3] = copies + 4 * signs
                            amount[count] = lack
                            count += 1
    return count


@njit(cache=True)
def _slacks(v, z, rows, out):  # type: ignore[no-untyped-def]
    for t in range(len(rows)):
        i, j, k, code = rows[t, 0], rows[t, 1], rows[t, 2], rows[t, 3]
        b, c = code & 1, (code >> 1) & 1
        p = 1.0 if (code >> 2) & 1 == 0 else -1.0
        q = 1.0 if (code >> 3) & 1 == 0 else -1.0
        out[t] = (
            1.0
            + p * _entry(v, z, i, j, b == 1)
            + q * _entry(v, z, i, k, c == 1)
            + p * q * _entry(v, z, j, k, b != c)
        )


@njit(cache=True, inline="always")
def _add(v, z, i, j, other, amount):  # type: ignore[no-untyped-def]
    target = z if other else v
    target[i, j] += 0.5 * amount
    target[j, i] += 0.5 * amount


@njit(cache=True)
def _scatter(rows, weight, v, z):  # type: ignore[no-untyped-def]
    for t in range(len(rows)):
        w = weight[t]
        if w == 0.0:
            continue
        i, j, k, code = rows[t, 0], rows[t, 1], rows[t, 2], rows[t, 3]
        b, c = code & 1, (code >> 1) & 1
        p = w if (code >> 2) & 1 == 0 else -w
        q = w if (code >> 3) & 1 == 0 else -w
        pq = w if (code >> 2) & 1 == (code >> 3) & 1 else -w
        _add(v, z, i, j, b == 1, p)
        _add(v, z, i, k, c == 1, q)
        _add(v, z, j, k, b != c, pq)


def violated(v: NDArray[np.float64], z: NDArray[np.float64], limit: float, count: int) -> NDArray[np.int16]:
    """(m, 4) the ``count`` cuts that (v, z) violates most, among those violated by more than ``limit``.

    Args:
        v: (d, d) float64 symmetric with diagonal 1.
        z: (d, d) float64 symmetric.
        limit: least violation that counts.
        count: at most so many cuts.
    """
    d = len(v)
    room = 16 * (d * (d + 1) * (d + 2) // 6)
    rows = np.empty((room, 4), dtype=np.int16)
    amount = np.empty(room)
    found = _collect(np.ascontiguousarray(v), np.ascontiguousarray(z), limit, rows, amount)
    rows, amount = rows[:found], amount[:found]
    if found > count:
        best = np.sort(np.argpartition(-amount, count)[:count])
        rows = rows[best]
    return rows.copy()


def slacks(rows: NDArray[np.int16], v: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) left side + 1 of every cut: below 0 where it is violated."""
    out = np.empty(len(rows))
    _slacks(v, z, rows, out)
    return out


def scatter(
    rows: NDArray[np.int16], weight: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(d, d) symmetric P, Q with sum_t weight_t (left side of cut t) = <P, V> + <Q, Z>."""
    v, z = np.zeros((size, size)), np.zeros((size, size))
    _scatter(rows, weight, v, z)
    return v, z


def names(rows: NDArray[np.int16], size: int) -> NDArray[Any]:
    """(m,) one integer per cut, equal for equal cuts."""
    r = rows.astype(np.int64)
    return ((r[:, 0] * size + r[:, 1]) * size + r[:, 2]) * 16 + r[:, 3]
