"""The smoothed dual of the pricing SDP with odd-set inequalities, over one case or many, by L-BFGS.

    maximise <G, A - B>   over A, B PSD, diag(A) + diag(B) = 1, cut_t(A + B, A - B) >= -k_t
    dual     minimise c = sum_k y_k + sum_t k_t lambda_t,   lambda >= 0,
             Diag(y) - G - P - Q  and  Diag(y) + G - P + Q  PSD   (<P, V> + <Q, Z> = sum_t lambda_t cut_t)

Subtracting a/2 (|A|^2 + |B|^2) from the primal turns the dual's cones into a penalty,

    F(y, lambda) = c + (1/2a) (|[G + P + Q - Diag y]+|^2 + |[-G + P - Q - Diag y]+|^2),

with gradient from A = [.]+/a, B = [.]+/a: two eigendecompositions of size d per value [KMR14].
A case fixes where u and v agree (branch.py): then row k of B, or of A, is 0 and leaves its matrix.

Many cases share one c: each has its own (y, lambda) with sum y + sum k lambda = c, and the
penalties add up. tr(A + B)/d of a case is then its share of the primal, and the shares sum to 1:
the relaxation of the union of the cases [Bal79], at L times the cost.

With l free (free_dual.py) the bound on the training objective itself is maximised over l and all
cases together, with the radius R of the network as multiplier of the price,

    minimise  -D(l) + beta d R (F - 1),    -D(l) = sum_i w_i loss*(l_i),   l_i = loss'(f_i, y_i),

convex in (l, c, y, lambda), and stationary where f_i = -R x_i' (A - B) x_i: the relaxed network.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qcompile.bound.cuts import constants, left_sides
from qcompile.bound.free_dual import Free
from qcompile.bound.node import Node

Array = NDArray[np.float64]
# A free l: unit of f in its own curvature.
STRETCH = 3.0
# A smaller share of the primal than this says nothing about where it lies.
LEAST = 1e-9


@dataclass(frozen=True, eq=False)
class Descent:
    """Where L-BFGS ended: the cases, f where l is free (else empty), and the smoothed price F."""

    nodes: tuple[Node, ...]
    outputs: Array
    price: float


class _Case:
    """One case: cuts as a sparse matrix, the rows of its two cones, and where its variables start."""

    def __init__(self, node: Node, start: int) -> None:
        self.d = len(node.y)
        self.lefts = left_sides(node.rows, self.d)
        self.columns = self.lefts.T.tocsr()
        self.constants = constants(node.rows)
        self.cones = tuple(np.ix_(keep, keep) for keep in (node.fixed >= 0, node.fixed <= 0))
        self.y = slice(start, start + self.d)
        self.weight = slice(start + self.d, start + self.d + len(node.rows))

    def diagonal(self, x: Array, c: float) -> Array:
        """(d,) y: the free part of it, shifted so that the case's bound is c."""
        y = x[self.y]
        return np.asarray(y + (c - y.sum() - self.constants @ x[self.weight]) / self.d)

    def positive(self, g: Array, x: Array, c: float) -> tuple[Array, Array, float, float]:
        """The positive parts a A and a B, their squared norm, and the largest eigenvalue of both."""
        d = self.d
        p, q = (self.columns @ x[self.weight]).reshape(2, d, d)
        p = 0.5 * (p + p.T)
        q = 0.5 * (q + q.T) + g
        p.flat[:: d + 1] -= self.diagonal(x, c)
        parts, square, top = [], 0.0, -np.inf
        for m, cone in zip((p + q, p - q), self.cones, strict=True):
            full = np.zeros((d, d))
            if cone[0].size:
                values, vectors = np.linalg.eigh(m[cone])
                top = max(top, float(values[-1]))
                first = int(np.searchsorted(values, 0.0))
                values, vectors = values[first:], vectors[:, first:]
                full[cone] = (vectors * values) @ vectors.T
                square += float(values @ values)
            parts.append(full)
        return parts[0], parts[1], square, top


def descend(
    g: Array | Free, nodes: tuple[Node, ...], outputs: Array, smooth: float, steps: int, deadline: float
) -> Descent:
    """Minimise F over the multipliers of all cases, and over l where it is free.

    Args:
        g: (d, d) float64 symmetric, scaled so that the price to be proved is 1, or a free l.
        nodes: the cases; together they must hold every atom.
        outputs: (n,) f to start from where l is free, else empty.
        smooth: a.
        steps: largest number of L-BFGS steps.
        deadline: on the clock of time.monotonic; the descent is cut short there.
    """
    from scipy.optimize import minimize

    d, n = len(nodes[0].y), len(outputs)
    root = d**0.5  # c moves all of y: in these units a step of c is as long as it looks
    cases: list[_Case] = []
    for node in nodes:
        cases.append(_Case(node, cases[-1].weight.stop if cases else n + 1))
    scale, rho = np.ones(n), 1.0
    if isinstance(g, Free):
        rho = g.problem.penalty * g.radius
        scale = STRETCH / np.sqrt(np.maximum(g.curvature(outputs) / rho, 1e-12))

    def value(x: Array) -> tuple[float, Array]:
        c = root * float(x[n])
        m = g.matrix(scale * x[:n]) if isinstance(g, Free) else g
        slope = np.zeros(len(x))
        mean = np.zeros((d, d))
        total, shares = c, 0.0
        for this in cases:
            a, b, square, top = this.positive(m, x, c)
            if top <= 0:
                continue
            total += square / (2 * smooth)
            pair = np.concatenate([(a + b).ravel(), (a - b).ravel()]) / smooth
            across = pair[: d * d : d + 1]
            share = float(across.sum()) / d
            shares += share
            slope[this.y] = share - across
            slope[this.weight] = this.lefts @ pair + share * this.constants
            mean += pair[d * d :].reshape(d, d)
        slope[n] = root * (1.0 - shares)
        if isinstance(g, Free):
            f = scale * x[:n]
            total += g.lost(f, 1.0) / rho
            relaxed = np.einsum("ij,ij->i", g.problem.x @ mean, g.problem.x) / g.problem.penalty
            slope[:n] = scale * g.curvature(f) * (f / rho + relaxed)
        return total, slope

    def watch(x: Array) -> None:
        if time.monotonic() > deadline:
            raise StopIteration

    c = max(node.level for node in nodes)
    start = np.concatenate([outputs / scale, [c / root], *(a for k in nodes for a in (k.y, k.weight))])
    low = np.full(len(start), -np.inf)
    for this in cases:
        low[this.weight] = 0.0
    limits = np.column_stack([low, np.full(len(low), np.inf)])
    options = {"maxiter": steps, "maxfun": 2 * steps, "maxcor": 10, "ftol": 1e-10, "gtol": 1e-5}
    x = minimize(value, start, jac=True, method="L-BFGS-B", bounds=limits, options=options, callback=watch).x
    c, f = root * float(x[n]), scale * x[:n]
    m = g.matrix(f) if isinstance(g, Free) else g
    reached, price = [], c
    for node, this in zip(nodes, cases, strict=True):
        a, b, square, top = this.positive(m, x, c)
        price += square / (2 * smooth)
        v, z = (a + b) / smooth, (a - b) / smooth
        share = float(np.trace(v)) / d
        if share > LEAST:
            node = replace(node, v=v / share, z=z / share)
        y, bound = this.diagonal(x, c), c + d * max(0.0, top)
        reached.append(replace(node, y=y, weight=x[this.weight].copy(), bound=bound, share=share))
    return Descent(tuple(reached), f, price)
