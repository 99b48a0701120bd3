"""The diagonal bound with triangle inequalities, for bilinear neurons; alone or on a tree of cases.

An atom is u'Gv = <G, A - B> with A = s s', B = t t', s = (u + v)/2, t = (u - v)/2. Let V = A + B,
Z = A - B. A row (i, j, k, code) of ``rows`` is an inequality that every atom satisfies,

    p E_ij + q E_ik + p q E_jk >= -1,     p, q = -1 where bit 2, 3 of code is set, else 1,

with E_ij = Z_ij if bit 0 is set, else V_ij; E_ik = Z_ik if bit 1 is set, else V_ik; E_jk = Z_jk
if exactly one is set, else V_jk: of three signs a, pb, qc (entries of u, or of v where the bit is
set) two are equal, so p ab + q ac + pq bc >= -1, and the mean of this and of the same with u and v
swapped is the row. With lambda >= 0 let <P, V> + <Q, Z> = sum_t lambda_t (left side of row t). If

    Diag(y) - (P + G + Q)   and   Diag(y) - (P - G - Q)   are PSD,

then u'Gv <= <P + G + Q, A> + <P - G - Q, B> + sum lambda <= sum_k y_k + sum_t lambda_t, because
A_kk + B_kk = (u_k^2 + v_k^2)/2 = 1. The largest |u'Gv| is the largest u'Gv: v may be negated.

On a tree: where a case says u_k = v_k, row k of B is zero, and where u_k = -v_k, row k of A;
the zero rows leave the matrices. Every atom belongs to one leaf.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.arrays import UNIT_ROUNDOFF
from qcompile.errors import ModelError
from qcompile.problem.problem import Problem
from qcompile.solve.price import Price
from qcompile.solve.proofs.sdp import price_matrix
from qcompile.solve.rounding_error import TINY, gamma, least_eigenvalue

__all__ = ["price", "scale"]

LEAF = -1


def price(problem: Problem, dual: NDArray[np.float64], arrays: Mapping[str, NDArray[Any]]) -> Price:
    """Bound the price of every atom by the worst leaf.

    Args:
        problem: of the bilinear family (of any grid: a bilinear form is largest at signs).
        dual: (n,) finite.
        arrays: ``tree`` (nodes,) int16, the cases in preorder, k for "u_k = v_k, then u_k = -v_k"
            and -1 for a leaf; ``diagonal`` (leaves, d) the y; ``starts`` (leaves + 1,) where the
            rows of each leaf start in ``rows`` (m, 4) int16 and ``weight`` (m,) >= 0.

    Raises:
        ModelError: another family, or arrays that are missing, do not fit or are no tree.
    """
    if problem.family != "bilinear":
        raise ModelError(f"the triangle proof is for bilinear neurons, not {problem.family}.")
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
    """Sum y + sum lambda, with y raised by what the two matrices lack to be PSD, proved."""
    d = len(g)
    p, q, size = _combined(rows, weight, d)
    # An entry of P or Q is a sum of at most 6 m terms; forming the two matrices rounds 3 times more.
    lost = gamma(6 * len(rows) + 4) * (size + np.abs(g)).sum(axis=1).max() * (1 + gamma(d))
    lost = (lost + UNIT_ROUNDOFF * np.abs(y).max(initial=0.0) + error) * (1 + 1e-12) + TINY
    shift, proved = 0.0, 0.0
    for m, keep in ((p + g + q, fixed >= 0), (p - g - q, fixed <= 0)):
        if keep.any():
            slack = (np.diag(y) - m)[np.ix_(keep, keep)]
            estimate, least = least_eigenvalue(np.tril(slack) + np.tril(slack, -1).T)
            shift = max(shift, -estimate)
            proved = max(proved, lost - least)
    terms = np.concatenate([y, weight])
    value = math.fsum(terms) + d * shift
    upper = math.fsum(terms) + d * proved
    upper += 8 * UNIT_ROUNDOFF * (abs(upper) + d * proved)
    return Price(value, max(0.0, upper - value))


def _combined(
    rows: NDArray[np.int16], weight: NDArray[np.float64], d: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """P, Q and the sum of the absolute values of all their terms, (d, d) each."""
    i, j, k, code = rows.T.astype(np.intp)
    bits = [((code >> b) & 1).astype(bool) for b in range(4)]
    first = np.where(bits[2], -weight, weight)
    second = np.where(bits[3], -weight, weight)
    third = np.where(bits[2] ^ bits[3], -weight, weight)
    p, q, size = (np.zeros((d, d)) for _ in range(3))
    edges = ((i, j, bits[0], first), (i, k, bits[1], second), (j, k, bits[0] ^ bits[1], third))
    for a, b, swapped, amount in edges:
        for target, which in ((p, ~swapped), (q, swapped)):
            for x, y in ((a, b), (b, a)):
                np.add.at(target, (x[which], y[which]), 0.5 * amount[which])
        for x, y in ((a, b), (b, a)):
            np.add.at(size, (x, y), 0.5 * weight)
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
        raise ModelError(f"the triangle proof lacks {', '.join(missing)}.")
    tree, diagonal, starts = arrays["tree"], arrays["diagonal"], arrays["starts"]
    rows, weight = arrays["rows"], arrays["weight"]
    integers = all(arrays[n].dtype.kind == "i" for n in ("tree", "starts", "rows"))
    if not integers or tree.ndim != 1 or starts.ndim != 1 or rows.ndim != 2 or weight.ndim != 1:
        raise ModelError("the triangle proof's arrays have the wrong types or dimensions.")
    leaves = int((tree == LEAF).sum())
    open_cases = 1 + np.cumsum(np.where(tree == LEAF, -1, 1))
    if not len(tree) or open_cases[-1] != 0 or (open_cases[:-1] < 1).any() or tree.min() < LEAF:
        raise ModelError("the triangle proof's tree of cases is not complete.")
    fits = diagonal.shape == (leaves, d) and starts.shape == (leaves + 1,) and rows.shape == (len(weight), 4)
    if not fits or tree.max() >= d or [*starts[[0, -1]]] != [0, len(rows)] or (np.diff(starts) < 0).any():
        raise ModelError(f"the triangle proof's arrays do not fit {leaves} leaves and {d} inputs.")
    if len(rows) and (rows.min() < 0 or rows[:, :3].max() >= d or rows[:, 3].max() > 15):
        raise ModelError("a triangle names an input that does not exist.")
    if not (np.isfinite(diagonal).all() and np.isfinite(weight).all() and (weight >= 0).all()):
        raise ModelError("the triangle proof's multipliers must be finite and not negative.")
