"""Every sign vector is tried: the largest price itself, for bilinear neurons of few inputs.

max over u, v of |u'Gv| is max over u of |Gu|_1, because the best v is sign(Gu). G is rounded to
integers, so that the enumeration is exact and its outcome the same on every machine; what
rounding can add to a price, and the error of G itself, are the margin.

Equal columns of q (up to sign) enter u'G only through a sum of their weights; |Gu|_1 is convex in
that sum, so the best weights are equal (up to the same sign), and one sign stands for all of them.

Nothing is stored but the proof's name: the checker enumerates again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.certificate.enumerate import largest
from qcompile.certificate.price import Price
from qcompile.certificate.proofs.sdp import price_matrix
from qcompile.certificate.rounding_error import TINY, gamma
from qcompile.errors import ModelError
from qcompile.model.arrays import UNIT_ROUNDOFF
from qcompile.problem.families import FAMILIES
from qcompile.problem.problem import Problem

# Distinct inputs up to which a checker enumerates: minutes at the limit, seconds at 31.
LIMIT = 36
# Times that signs are replaced by those of their product, for a first value to skip by.
ALTERNATIONS = 6


def price(problem: Problem, dual: NDArray[np.float64], arrays: Mapping[str, NDArray[Any]]) -> Price:
    """The largest price of an atom.

    Args:
        problem: of the bilinear family, with at most ``LIMIT`` columns that differ beyond sign.
        dual: (n,) finite.
        arrays: not used.

    Raises:
        ModelError: another family, or too many inputs.
    """
    if not FAMILIES[problem.family].FREE_PAIRS:
        raise ModelError(f"the enumeration proof is for bilinear neurons, not {problem.family}.")
    group = merged(problem.q)
    size = len(group)
    if size > LIMIT:
        raise ModelError(f"{size} distinct inputs are too many to enumerate; the limit is {LIMIT}.")
    g, error = price_matrix(problem, dual)
    whole, unit = integers(group, g)
    best, _ = largest(whole, _reached(whole))
    value = best / unit
    # |u'Ev| <= d |E|; the products with the signs of the groups are sums of at most d terms each;
    # then every entry is rounded by at most half a unit (and one rounding of the scaled value).
    total = float(np.abs(g).sum()) * (1 + 1e-12)
    lost = problem.d * error + gamma(2 * problem.d + 2) * total + 0.5 * size * size / unit
    return Price(value, (lost + 4 * UNIT_ROUNDOFF * value) * (1 + 1e-12) + TINY)


def _reached(g: NDArray[np.int32]) -> int:
    """A value of |g u|_1 that some signs u attain: what is below it can be skipped."""
    exact = g.astype(np.int64)
    u = exact
    for _ in range(ALTERNATIONS):
        u = np.where(exact @ u >= 0, 1, -1)
    return int(np.abs(exact @ u).sum(axis=0).max(initial=0))


def scale(arrays: Mapping[str, NDArray[Any]], factor: float) -> dict[str, NDArray[Any]]:
    """Nothing is stored, so nothing scales."""
    return {}


def integers(group: NDArray[np.float64], g: NDArray[np.float64]) -> tuple[NDArray[np.int32], float]:
    """The merged matrix in integers that sum to less than 2^30, and the integer that stands for 1."""
    g = group @ g @ group.T
    total = float(np.abs(g).sum())
    # Zeros are exact in every unit, so in the smallest one: what rounding may lose counts in units.
    unit = 2.0 ** min(1000, 29 - math.frexp(total)[1]) if total > 0 else 2.0**1000
    return np.rint(g * unit).astype(np.int32), unit


def merged(q: NDArray[np.int16]) -> NDArray[np.float64]:
    """(r, d) entries 0, 1, -1: one row per class of equal columns up to sign; zero columns left out.

    >>> merged(np.array([[1, -1, 1], [3, -3, 1]], dtype=np.int16)).tolist()
    [[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    q = np.asarray(q, dtype=np.int64)
    classes: dict[bytes, NDArray[np.float64]] = {}
    for k in range(q.shape[1]):
        column = q[:, k]
        used = np.flatnonzero(column)
        if not len(used):
            continue
        sign = 1 if column[used[0]] > 0 else -1
        row = classes.setdefault((sign * column).tobytes(), np.zeros(q.shape[1]))
        row[k] = sign
    return np.array(list(classes.values())).reshape(len(classes), q.shape[1])
