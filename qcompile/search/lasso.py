"""Lasso: min 1/2 a'Ka - c'a + lambda |a|_1 for a Gram matrix K, exactly, by an active set.

As Lawson and Hanson [LH74] do for non-negative least squares, with signs: the inverse M of K on
the support is kept, so that with r = c - K a

    minimise    a_S += M (r_S - lambda sign_S): the exact optimum on this support and these signs
    leave       an entry that would change sign stops the step at 0 and leaves the support
    enter       the entry with the largest |r_j| > lambda; along an almost flat direction the
                step is made first, so that an entry that it drives to 0 makes room

Every event costs O(s^2 + s m) for a support of s entries. Atoms of a network are strongly
correlated, which makes coordinate descent crawl; events are not slowed by correlation.
The steps use the true residual, so an inaccurate M costs a further step, not accuracy.

Every sum has one order, written out (no ``fastmath``): the compiler may vectorise, not regroup, so that
compiled code of any kind, from any cache, gives the same bits.

The file is long because its compiled steps and the loop that calls them are one unit of Numba's cache.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.jit import INNER, njit

# With a Schur complement below this part of K_jj an entry almost depends on the support.
FLAT = 1e-7
# Rounding spoils the inverse where the support comes close to dependence; it is then built anew.
REBUILDS = 40


@njit(cache=True, nogil=True)
def violation(r, a, lam):  # type: ignore[no-untyped-def]
    """How far the optimality conditions fail: r_j = lam sign(a_j) on the support, |r_j| <= lam off it."""
    worst = 0.0
    for j in range(len(a)):
        if a[j] > 0:
            v = abs(r[j] - lam)
        elif a[j] < 0:
            v = abs(r[j] + lam)
        else:
            v = abs(r[j]) - lam
        worst = max(worst, v)
    return worst


@njit(cache=True, nogil=True, **INNER)
def _times(inverse, s, b, out):  # type: ignore[no-untyped-def]
    """Set out = M b for symmetric M, as a sum of its rows, four at a time: no sum runs along a vector."""
    for i in range(s):
        out[i] = 0.0
    whole = s // 4 * 4
    for l in range(0, whole, 4):
        b0, b1, b2, b3 = b[l], b[l + 1], b[l + 2], b[l + 3]
        for i in range(s):
            out[i] += (b0 * inverse[l, i] + b1 * inverse[l + 1, i]) + (
                b2 * inverse[l + 2, i] + b3 * inverse[l + 3, i]
            )
    for l in range(whole, s):
        for i in range(s):
            out[i] += b[l] * inverse[l, i]


@njit(cache=True, nogil=True, **INNER)
def _dot(a, b, s):  # type: ignore[no-untyped-def]
    """Inner product in four partial sums that do not wait for each other."""
    t0 = t1 = t2 = t3 = 0.0
    whole = s // 4 * 4
    for i in range(0, whole, 4):
        t0 += a[i] * b[i]
        t1 += a[i + 1] * b[i + 1]
        t2 += a[i + 2] * b[i + 2]
        t3 += a[i + 3] * b[i + 3]
    for i in range(whole, s):
        t0 += a[i] * b[i]
    return (t0 + t1) + (t2 + t3)


@njit(cache=True, nogil=True, **INNER)
def _couple(k, inverse, support, s, j, b, w):  # type: ignore[no-untyped-def]
    """Set w = M K_Sj; returns the Schur complement K_jj - K_jS M K_Sj."""
    for i in range(s):
        b[i] = k[j, support[i]]
    _times(inverse, s, b, w)
    return k[j, j] - _dot(b, w, s)


@njit(cache=True, nogil=True, **INNER)
def _append(inverse, support, s, j, w, schur):  # type: ignore[no-untyped-def]
    for i in range(s):
        wi = w[i] / schur
        for l in range(s):
            inverse[i, l] += wi * w[l]
        inverse[i, s] = -wi
        inverse[s, i] = -wi
    inverse[s, s] = 1.0 / schur
    support[s] = j
    return s + 1


@njit(cache=True, nogil=True, **INNER)
def _remove(inverse, support, sign, s, p):  # type: ignore[no-untyped-def]
    """Drop place p: downdate the inverse, and let the last place fill the hole."""
    pivot = inverse[p, p]
    row = np.empty(s)
    for i in range(s):
        row[i] = inverse[p, i]
    for i in range(s):
        f = row[i] / pivot
        for l in range(s):
            inverse[i, l] -= f * row[l]
    last = s - 1
    if p != last:
        for i in range(s):
            inverse[i, p] = inverse[i, last]
        for i in range(s):
            inverse[p, i] = inverse[last, i]
        inverse[p, p] = inverse[last, last]
        support[p] = support[last]
        sign[p] = sign[last]
    return last


@njit(cache=True, nogil=True, **INNER)
def _first_stop(a, support, sign, s, step, length):  # type: ignore[no-untyped-def]
    """Place whose entry reaches 0 first within ``length`` steps, and when; (-1, length) if none does."""
    stop = -1
    for i in range(s):
        toward = -sign[i] * step[i]
        have = sign[i] * a[support[i]]
        if toward > 0.0 and have < length * toward:
            length = max(have, 0.0) / toward
            stop = i
    return stop, length


@njit(cache=True, nogil=True, **INNER)
def _advance(k, r, a, support, s, step, length):  # type: ignore[no-untyped-def]
    for i in range(s):
        a[support[i]] += length * step[i]
    whole = s // 4 * 4
    for i in range(0, whole, 4):  # four rows at a time: r is read and written a quarter as often
        j0, j1, j2, j3 = support[i], support[i + 1], support[i + 2], support[i + 3]
        t0, t1, t2, t3 = length * step[i], length * step[i + 1], length * step[i + 2], length * step[i + 3]
        for l in range(len(r)):
            r[l] -= (t0 * k[j0, l] + t1 * k[j1, l]) + (t2 * k[j2, l] + t3 * k[j3, l])
    for i in range(whole, s):
        t = length * step[i]
        for l in range(len(r)):
            r[l] -= t * k[support[i], l]


@njit(cache=True, nogil=True, **INNER)
def _residual(k, c, a, r):  # type: ignore[no-untyped-def]
    for l in range(len(c)):
        r[l] = c[l]
    for j in range(len(a)):
        if a[j] != 0.0:
            for l in range(len(a)):
                r[l] -= a[j] * k[j, l]


@njit(cache=True, nogil=True, **INNER)
def _leave(k, r, a, inverse, support, sign, s, place):  # type: ignore[no-untyped-def]
    """Drop an entry; the second result says whether the downdated inverse can be trusted."""
    j = support[place]
    for l in range(len(r)):
        r[l] += a[j] * k[j, l]
    a[j] = 0.0
    sound = inverse[place, place] * k[j, j] * FLAT < 1.0
    return _remove(inverse, support, sign, s, place), sound


@njit(cache=True, nogil=True, **INNER)
def _settle(k, r, a, lam, tolerance, inverse, support, sign, s, b, step):  # type: ignore[no-untyped-def]
    """Minimise on the support, letting entries leave; the new size, and whether the inverse is sound."""
    full_steps = 0
    while True:
        worst = 0.0
        for i in range(s):
            b[i] = r[support[i]] - lam * sign[i]
            worst = max(worst, abs(b[i]))
        if worst <= tolerance:
            return s, True
        if full_steps == 4:
            return s, False
        _times(inverse, s, b, step)
        stop, length = _first_stop(a, support, sign, s, step, 1.0)
        _advance(k, r, a, support, s, step, length)
        if stop >= 0:
            s, sound = _leave(k, r, a, inverse, support, sign, s, stop)
            if not sound:
                return s, False
        else:
            full_steps += 1


@njit(cache=True, nogil=True, **INNER)
def _enter(k, r, a, lam, inverse, support, sign, s, j, b, w):  # type: ignore[no-untyped-def]
    """Put entry j into the support; along a flat direction walk until another entry leaves."""
    side = 1.0 if r[j] > 0 else -1.0
    schur = _couple(k, inverse, support, s, j, b, w)
    if schur <= FLAT * k[j, j]:
        for i in range(s):
            w[i] *= -side
        lowest = (abs(r[j]) - lam) / max(schur, 1e-14 * k[j, j])
        stop, length = _first_stop(a, support, sign, s, w, lowest)
        _advance(k, r, a, support, s, w, length)
        a[j] = side * length
        for l in range(len(r)):
            r[l] -= a[j] * k[j, l]
        if stop >= 0:
            s, _ = _leave(k, r, a, inverse, support, sign, s, stop)
        schur = max(_couple(k, inverse, support, s, j, b, w), 1e-14 * k[j, j])
    sign[s] = side
    return _append(inverse, support, s, j, w, schur)


@njit(cache=True, nogil=True, **INNER)
def _build(k, a, inverse, support, sign, b, w):  # type: ignore[no-untyped-def]
    """Inverse on the support of a, entry by entry; entries that depend on earlier ones become 0."""
    s = np.int64(0)  # a literal 0 would compile every function below once more for itself
    for j in range(len(a)):
        if a[j] != 0.0:
            schur = _couple(k, inverse, support, s, j, b, w)
            if schur > 1e-12 * k[j, j]:
                sign[s] = 1.0 if a[j] > 0 else -1.0
                s = _append(inverse, support, s, j, w, schur)
            else:
                a[j] = 0.0
    return s


@njit(cache=True, nogil=True, **INNER)
def _worst_idle(k, r, a, limit):  # type: ignore[no-untyped-def]
    """The idle entry with the largest |r_j| above the limit, or -1."""
    found = -1
    for i in range(len(a)):
        if a[i] == 0.0 and abs(r[i]) > limit and k[i, i] > 0.0:
            limit = abs(r[i])
            found = i
    return found


@njit(cache=True, nogil=True)
def _run(k, c, a, lam, tolerance, inverse, support, sign, s):  # type: ignore[no-untyped-def]
    """The active-set method from a given support and inverse (s < 0: build them)."""
    m = len(a)
    r = np.empty(m)
    b = np.empty(m + 1)
    w = np.empty(m + 1)
    rebuilds = 0
    fresh = True
    for _ in range(6 * m + 50):
        if s < 0:
            s = _build(k, a, inverse, support, sign, b, w)
        if fresh:
            _residual(k, c, a, r)
            fresh = False
        s, sound = _settle(k, r, a, lam, 0.5 * tolerance, inverse, support, sign, s, b, w)
        j = _worst_idle(k, r, a, lam + tolerance) if sound else -1
        if j >= 0:
            s = _enter(k, r, a, lam, inverse, support, sign, s, j, b, w)
            continue
        _residual(k, c, a, r)
        if violation(r, a, lam) <= tolerance or rebuilds == REBUILDS:
            return
        rebuilds += 1
        s, fresh = -1, True


def lasso(
    k: NDArray[np.float64], c: NDArray[np.float64], a: NDArray[np.float64], lam: float, tolerance: float
) -> None:
    """Minimise 1/2 a'Ka - c'a + lam |a|_1 over a (m,), in place.

    Args:
        k: (m, m) float64 Gram matrix, C order.
        c: (m,) float64.
        a: (m,) float64 starting point, overwritten by the solution.
        lam: the l1 price.
        tolerance: optimality conditions are to hold to this (absolute).

    >>> a = np.zeros(2)
    >>> lasso(np.eye(2), np.array([3.0, 0.5]), a, 1.0, 1e-12)
    >>> a.tolist()
    [2.0, 0.0]
    """
    m = len(a)
    inverse = np.empty((m + 1, m + 1))
    support = np.empty(m + 1, dtype=np.int64)
    sign = np.empty(m + 1)
    busy = np.nonzero(a)[0]
    s = len(busy)
    try:
        inverse[:s, :s] = np.linalg.inv(k[np.ix_(busy, busy)])
        # The diagonal of an inverse holds the reciprocal Schur complements. Rounding may leave 0 or less.
        reciprocal = np.diag(inverse)[:s]
        healthy = bool(((reciprocal > 0) & (reciprocal * FLAT * np.diag(k)[busy] < 1)).all())
    except np.linalg.LinAlgError:
        healthy = False
    support[:s] = busy
    sign[:s] = np.sign(a[busy])
    _run(k, c, a, lam, tolerance, inverse, support, sign, s if healthy else -1)
