"""The diagonal bound with odd-set inequalities, for bilinear neurons; alone or on a tree of cases.

An atom is u'Gv = <G, A - B> with A = s s', B = t t', s = (u + v)/2, t = (u - v)/2. Let V = A + B,
Z = A - B: V_ij is the mean of u_i u_j and v_i v_j, Z_ij of u_i v_j and v_i u_j. A row of ``rows``
names an odd number k of the 2d signs u_1 .. v_d, each with a sign in front: +-(1 + i) for u_i,
+-(1 + d + i) for v_i, 0 for nothing. Their sum is odd, so its square is at least 1, so

    sum over pairs of (sign sign E) >= (1 - k)/2,

with E = V_ij for a pair within u or within v, Z_ij for a pair between them (the mean of the
inequality and of the same with u and v swapped); k = 3 are the triangle inequalities. With
lambda >= 0 let <P, V> + <Q, Z> = sum_t lambda_t (left side of row t). If

    Diag(y) - (P + G + Q)   and   Diag(y) - (P - G - Q)   are PSD,

then u'Gv <= <P + G + Q, A> + <P - G - Q, B> + sum_t lambda_t (k_t - 1)/2
<= sum_k y_k + sum_t lambda_t (k_t - 1)/2, because A_kk + B_kk = (u_k^2 + v_k^2)/2 = 1.
The largest |u'Gv| is the largest u'Gv: v may be negated.

On a tree: where a case says u_k = v_k, row k of B is zero, and where u_k = -v_k, row k of A;
the zero rows leave the matrices. Every atom belongs to one leaf.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.certificate.price import Price
from qcompile.certificate.proofs.sdp import price_matrix
from qcompile.certificate.rounding_error import TINY, gamma, least_eigenvalue
from qcompile.errors import ModelError
from qcompile.model.arrays import UNIT_ROUNDOFF
from qcompile.problem.families import FAMILIES
from qcompile.problem.problem import Problem

LEAF = -1
# Members of an odd set that the checker reads.
WIDEST = 15


def price(problem: Problem, dual: NDArray[np.float64], arrays: Mapping[str, NDArray[Any]]) -> Price:
    """Bound the price of every atom by the worst leaf.

    Args:
        problem: of the bilinear family (of any grid: a bilinear form is largest at signs).
        dual: (n,) finite.
        arrays: ``tree`` (nodes,) int16, the cases in preorder, k for "u_k = v_k, then u_k = -v_k"
            and -1 for a leaf; ``diagonal`` (leaves, d) the y; ``starts`` (leaves + 1,) where the
            rows of each leaf start in ``rows`` (m, K) int16 and ``weight`` (m,) >= 0.

    Raises:
        ModelError: another family, or arrays that are missing, do not fit or are no tree.
    """
    if not FAMILIES[problem.family].FREE_PAIRS:
        raise ModelError(f"the odd-set proof is for bilinear neurons, not {problem.family}.")
    _require(problem.d, arrays)
    g, error = price_matrix(problem, dual)
    starts, rows, weight = arrays["starts"], arrays["rows"], arrays["weight"]
    worst = Price(0.0, 0.0)
    upper = 0.0
    for leaf, fixed in enumerate(_leaves(arrays["tree"], problem.d)):
        part = slice(int(starts[leaf]), int(starts[leaf + 1]))
        found = _leaf(g, error, fixed, arrays["diagonal"][leaf], rows[part], weight[part])
        worst = max(worst, found, key=lambda p: p.value)
        upper = max(upper, found.upper)
    return Price(worst.value, max(0.0, upper - worst.value))


def scale(arrays: Mapping[str, NDArray[Any]], factor: float) -> dict[str, NDArray[Any]]:
    """The proof for factor * dual: G, y and lambda scale together."""
    changed = {name: arrays[name] * factor for name in ("diagonal", "weight")}
    return {**arrays, **changed}


def _leaf(
    g: NDArray[np.float64],
    error: float,
    fixed: NDArray[np.int8],
    y: NDArray[np.float64],
    rows: NDArray[np.int16],
    weight: NDArray[np.float64],
) -> Price:
    """Sum y + sum lambda (k - 1)/2, with y raised by what the two matrices lack to be PSD, proved."""
    d = len(g)
    p, q, size = _combined(rows, weight, d)
    # An entry of P or Q is a sum of at most 2 terms a pair; forming the two matrices rounds 3 times more.
    pairs = rows.shape[1] * (rows.shape[1] - 1) // 2
    lost = gamma(2 * pairs * len(rows) + 4) * (size + np.abs(g)).sum(axis=1).max() * (1 + gamma(d))
    lost = (lost + UNIT_ROUNDOFF * np.abs(y).max(initial=0.0) + error) * (1 + 1e-12) + TINY
    shift, proved = 0.0, 0.0
    for m, keep in ((p + g + q, fixed >= 0), (p - g - q, fixed <= 0)):
        if keep.any():
            slack = (np.diag(y) - m)[np.ix_(keep, keep)]
            estimate, least = least_eigenvalue(np.tril(slack) + np.tril(slack, -1).T)
            shift = max(shift, -estimate)
            proved = max(proved, lost - least)
    # Halves of small integers: a product rounds once, and fsum adds without error.
    terms = np.concatenate([y, weight * (0.5 * (np.count_nonzero(rows, axis=1) - 1))])
    value = math.fsum(terms) + d * shift
    upper = math.fsum(terms) + d * proved
    upper += 8 * UNIT_ROUNDOFF * (float(np.abs(terms).sum()) + d * proved)
    return Price(value, max(0.0, upper - value))


def _combined(
    rows: NDArray[np.int16], weight: NDArray[np.float64], d: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """P, Q and the sum of the absolute values of all their terms, (d, d) each."""
    p, q, size = (np.zeros((d, d)) for _ in range(3))
    for first, second in itertools.combinations(range(rows.shape[1]), 2):
        a, b = rows[:, first].astype(np.intp), rows[:, second].astype(np.intp)
        both = (a != 0) & (b != 0)
        a, b, half = a[both], b[both], 0.5 * weight[both]
        amount = np.where((a > 0) == (b > 0), half, -half)
        across = (np.abs(a) > d) != (np.abs(b) > d)
        i, j = (np.abs(a) - 1) % d, (np.abs(b) - 1) % d
        for x, y in ((i, j), (j, i)):
            np.add.at(p, (x[~across], y[~across]), amount[~across])
            np.add.at(q, (x[across], y[across]), amount[across])
            np.add.at(size, (x, y), half)
    return p, q, size


def _leaves(tree: NDArray[Any], d: int) -> Iterator[NDArray[np.int8]]:
    """What each leaf fixes, in order: (d,) int8, 1 where u_k = v_k, -1 where u_k = -v_k, else 0."""
    waiting = [np.zeros(d, dtype=np.int8)]
    for k in tree.tolist():
        fixed = waiting.pop()
        if k == LEAF:
            yield fixed
            continue
        for side in (-1, 1):
            child = fixed.copy()
            child[k] = side
            waiting.append(child)


def _require(d: int, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays that are not a proof at all.

    Raises:
        ModelError: what is wrong, in one sentence.
    """
    missing = sorted({"tree", "diagonal", "starts", "rows", "weight"} - set(arrays))
    if missing:
        raise ModelError(f"the odd-set proof lacks {', '.join(missing)}.")
    tree, diagonal, starts = arrays["tree"], arrays["diagonal"], arrays["starts"]
    rows, weight = arrays["rows"], arrays["weight"]
    integers = all(arrays[n].dtype.kind == "i" for n in ("tree", "starts", "rows"))
    if not integers or tree.ndim != 1 or starts.ndim != 1 or rows.ndim != 2 or weight.ndim != 1:
        raise ModelError("the odd-set proof's arrays have the wrong types or dimensions.")
    leaves = int((tree == LEAF).sum())
    open_cases = 1 + np.cumsum(np.where(tree == LEAF, -1, 1))
    if not len(tree) or open_cases[-1] != 0 or (open_cases[:-1] < 1).any() or tree.min() < LEAF:
        raise ModelError("the odd-set proof's tree of cases is not complete.")
    fits = (
        rows.shape[1] <= WIDEST
        and diagonal.shape == (leaves, d)
        and starts.shape == (leaves + 1,)
        and len(rows) == len(weight)
    )
    if not fits or tree.max() >= d or [*starts[[0, -1]]] != [0, len(rows)] or (np.diff(starts) < 0).any():
        raise ModelError(f"the odd-set proof's arrays do not fit {leaves} leaves and {d} inputs.")
    members = np.sort(np.abs(rows.astype(np.int64)), axis=1)
    if len(rows) and (members.max() > 2 * d or ((np.diff(members) == 0) & (members[:, 1:] > 0)).any()):
        raise ModelError("an odd set names a sign that does not exist, or one sign twice.")
    if not (np.count_nonzero(rows, axis=1) % 2 == 1).all():
        raise ModelError("an odd set has an even number of signs.")
    if not (np.isfinite(diagonal).all() and np.isfinite(weight).all() and (weight >= 0).all()):
        raise ModelError("the odd-set proof's multipliers must be finite and not negative.")
