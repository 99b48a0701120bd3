"""The pricing SDP of bilinear neurons with triangle inequalities, solved by cutting planes.

    maximise <G, A - B>   over A, B PSD, diag(A) + diag(B) = 1, cut_t(A + B, A - B) >= -1
    dual     minimise sum_k y_k + sum_t lambda_t,   lambda >= 0,
             Diag(y) - G - P - Q  and  Diag(y) + G - P + Q  PSD   (P, Q: cuts.scatter)

The dual is smoothed: subtracting a/2 (|A|^2 + |B|^2) from the primal turns its cones into

    F(y, lambda) = sum y + sum lambda + (1/2a) (|[G + P + Q - Diag y]+|^2 + |[-G + P - Q - Diag y]+|^2),

with gradient from A = [.]+/a, B = [.]+/a: two eigendecompositions of size d per value, and L-BFGS
for the rest (Krislock, Malick, Roupin, Improved semidefinite bounding procedure for solving
max-cut problems to optimality, Math. Program. 143, 2014). a falls while cuts are added.
A node of branch and bound (branch.py) fixes where u and v agree: then row k of B (or of A) is 0
and leaves its matrix.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qcompile.rounding.cuts import names, scatter, slacks, violated

__all__ = ["Effort", "Node", "root", "tighten"]


@dataclass(frozen=True)
class Effort:
    """How hard to try: rounds of cuts, cuts per round, L-BFGS steps per round, smoothing."""

    rounds: int = 24
    cuts: int = 400
    steps: int = 100
    first: float = 1e-3
    last: float = 1e-5


FULL = Effort()


@dataclass(frozen=True, eq=False)
class Node:
    """A relaxation and its dual point, in units where the price to be proved is 1.

    Attributes:
        fixed: (d,) int8: 1 where u_k = v_k, -1 where u_k = -v_k, 0 where free.
        y: (d,) float64.
        rows: (m, 4) cuts.
        weight: (m,) float64 >= 0 multipliers.
        bound: sum y + sum lambda once y is raised until both matrices are PSD (float64 accuracy).
        agree: (d,) float64 diagonal of Z of the smoothed primal, in [-1, 1]: where to branch.
    """

    fixed: NDArray[np.int8]
    y: NDArray[np.float64]
    rows: NDArray[np.int16]
    weight: NDArray[np.float64]
    bound: float
    agree: NDArray[np.float64]


def root(g: NDArray[np.float64]) -> Node:
    """The starting point: nothing fixed, no cuts, a constant diagonal."""
    d = len(g)
    y = np.full(d, float(np.abs(np.linalg.eigvalsh(g)).max()))
    none = np.empty((0, 4), dtype=np.int16)
    return Node(np.zeros(d, dtype=np.int8), y, none, np.empty(0), float(y.sum()), np.zeros(d))


def tighten(
    g: NDArray[np.float64], node: Node, goal: float, effort: Effort = FULL, deadline: float = np.inf
) -> Node:
    """Lower a node's bound, until it is at most ``goal``, or the effort or the time is spent.

    Args:
        g: (d, d) float64 symmetric, scaled so that the price to be proved is 1.
        node: where to start; its cuts are kept.
        goal: the bound that is good enough.
        effort: limits.
        deadline: on the clock of time.monotonic.

    Returns:
        The best node found; never one with a larger bound.
    """
    best = node
    smooth = effort.first
    stalled = 0
    for _ in range(effort.rounds):
        node, v, z = _descend(g, node, smooth, effort.steps)
        gain = best.bound - node.bound
        if gain > 0:
            best = node
        if best.bound <= goal or time.monotonic() > deadline:
            break
        busy = (node.weight > 0) | (slacks(node.rows, v, z) < 0.02)
        node = replace(node, rows=node.rows[busy], weight=node.weight[busy])
        fresh = violated(v, z, max(0.02, 20 * smooth), effort.cuts)
        fresh = fresh[~np.isin(names(fresh, len(g)), names(node.rows, len(g)))]
        idle = gain < 1e-4 and smooth <= effort.last and len(fresh) < effort.cuts // 8
        stalled = stalled + 1 if idle else 0
        if stalled >= 2:
            break
        node = replace(
            node,
            rows=np.concatenate([node.rows, fresh]),
            weight=np.concatenate([node.weight, np.zeros(len(fresh))]),
        )
        smooth = max(effort.last, 0.7 * smooth)
    return best


def _positive(m: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The positive part of a symmetric matrix, and its largest eigenvalue."""
    values, vectors = np.linalg.eigh(m)
    first = int(np.searchsorted(values, 0.0))
    part = vectors[:, first:]
    return (part * values[first:]) @ part.T, float(values[-1])


def _descend(
    g: NDArray[np.float64], node: Node, smooth: float, steps: int
) -> tuple[Node, NDArray[np.float64], NDArray[np.float64]]:
    """L-BFGS on F from a node; returns the new node and the smoothed primal V, Z."""
    from scipy.optimize import minimize

    d = len(g)
    cones = tuple(np.ix_(keep, keep) for keep in (node.fixed >= 0, node.fixed <= 0))
    diagonal = np.diag_indices(d)

    def matrices(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        p, q = scatter(node.rows, x[d:], d)
        q += g
        p[diagonal] -= x[:d]
        return p + q, p - q

    def primal(x: NDArray[np.float64]) -> tuple[list[NDArray[np.float64]], list[float]]:
        parts, tops = [], []
        for m, cone in zip(matrices(x), cones, strict=True):
            full = np.zeros((d, d))
            full[cone], top = _positive(m[cone]) if cone[0].size else (0.0, 0.0)
            parts.append(full)
            tops.append(top)
        return parts, tops

    def value(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        (a, b), _ = primal(x)
        f = float(x.sum()) + float(np.vdot(a, a) + np.vdot(b, b)) / (2 * smooth)
        v, z = (a + b) / smooth, (a - b) / smooth
        return f, np.concatenate([1.0 - np.diag(v), slacks(node.rows, v, z)])

    start = np.concatenate([node.y, node.weight])
    low = np.concatenate([np.full(d, -np.inf), np.zeros(len(node.rows))])
    limits = np.column_stack([low, np.full(len(low), np.inf)])
    options = {"maxiter": steps, "maxfun": 2 * steps, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-4}
    x = minimize(value, start, jac=True, method="L-BFGS-B", bounds=limits, options=options).x
    (a, b), tops = primal(x)
    shift = max(0.0, *tops)
    y, weight = x[:d] + shift, x[d:]
    v, z = (a + b) / smooth, (a - b) / smooth
    agree = np.where(node.fixed != 0, node.fixed, np.clip(np.diag(z), -1.0, 1.0))
    made = Node(node.fixed, y, node.rows, weight, float(y.sum() + weight.sum()), agree)
    return made, v, z
