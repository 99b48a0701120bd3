"""The pricing SDP of bilinear neurons with odd-set inequalities, solved by cutting planes.

    maximise <G, A - B>   over A, B PSD, diag(A) + diag(B) = 1, cut_t(A + B, A - B) >= -k_t
    dual     minimise c = sum_k y_k + sum_t k_t lambda_t,   lambda >= 0,
             Diag(y) - G - P - Q  and  Diag(y) + G - P + Q  PSD   (P, Q: cuts.scatter)

The dual is smoothed: subtracting a/2 (|A|^2 + |B|^2) from the primal turns its cones into

    F(y, lambda) = c + (1/2a) (|[G + P + Q - Diag y]+|^2 + |[-G + P - Q - Diag y]+|^2),

with gradient from A = [.]+/a, B = [.]+/a: two eigendecompositions of size d per value, and L-BFGS
for the rest (Krislock, Malick, Roupin, Improved semidefinite bounding procedure for solving
max-cut problems to optimality, Math. Program. 143, 2014). a falls while cuts are added.

G = G(l) / (beta d) may be fixed, or l free (``Free``): then the bound on the training objective
itself is maximised over l and the cuts together, with the radius R of the network as multiplier,

    minimise  -D(l) + beta d R (F - 1),    -D(l) = sum_i w_i loss*(l_i),   l_i = loss'(f_i, y_i),

convex in (l, y, lambda), and stationary where f_i = -R x_i' (A - B) x_i: the relaxed network.
A node of branch and bound (branch.py) fixes where u and v agree: then row k of B (or of A) is 0
and leaves its matrix.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from qcompile import registry
from qcompile.problem.families import bilinear
from qcompile.problem.problem import Problem
from qcompile.rounding.cuts import NO_CUTS, constants, known, larger, scatter, slacks, violated

__all__ = ["Effort", "Free", "Node", "free", "root", "tighten"]


@dataclass(frozen=True)
class Effort:
    """How hard to try: rounds of cuts, cuts per round, L-BFGS steps per round, smoothing."""

    rounds: int = 30
    cuts: int = 400
    steps: int = 100
    first: float = 1e-3
    last: float = 1e-5


FULL = Effort()
# Cuts this close to tight are kept, and larger odd sets grown from them.
NEAR = 0.02
# A free l: unit of f in its own curvature, and how fast the radius follows the price.
STRETCH = 3.0
FOLLOW = 0.005


@dataclass(frozen=True, eq=False)
class Node:
    """A relaxation and its dual point, in units where the price to be proved is 1.

    Attributes:
        fixed: (d,) int8: 1 where u_k = v_k, -1 where u_k = -v_k, 0 where free.
        y: (d,) float64.
        rows: (m, MEMBERS) cuts.
        weight: (m,) float64 >= 0 multipliers.
        bound: c once y is raised until both matrices are PSD (float64 accuracy).
        agree: (d,) float64 diagonal of Z of the smoothed primal, in [-1, 1]: where to branch.
        outputs: (n,) float64 f where l is free, else empty.
    """

    fixed: NDArray[np.int8]
    y: NDArray[np.float64]
    rows: NDArray[np.int16]
    weight: NDArray[np.float64]
    bound: float
    agree: NDArray[np.float64]
    outputs: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Free:
    """The dual vector l = loss'(f) as a variable.

    Attributes:
        problem: the training problem.
        loss: its module in problem/losses.
        radius: R, the multiplier of the price: sum |alpha| of a nearly optimal network.
    """

    problem: Problem
    loss: ModuleType
    radius: float

    def dual(self, f: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) l."""
        l = self.loss.gradient(f, self.problem.y)
        return np.asarray(self.loss.domain(l, self.problem.y))

    def matrix(self, f: NDArray[np.float64]) -> NDArray[np.float64]:
        """(d, d) G(l) / (beta d)."""
        return bilinear.gradient(self.problem, self.dual(f)) / self.problem.penalty

    def lost(self, f: NDArray[np.float64], scale: float) -> float:
        """-D(l / scale)."""
        return float(self.problem.weight @ self.loss.conjugate(self.dual(f) / scale, self.problem.y))


def free(problem: Problem, radius: float) -> Free:
    """The dual vector as a variable."""
    return Free(problem, registry.load("qcompile.problem.losses", problem.loss), radius)


Pricing = NDArray[np.float64] | Free


def root(g: Pricing, outputs: NDArray[np.float64] | None = None) -> Node:
    """The starting point: nothing fixed, no cuts, a constant diagonal; ``outputs`` where l is free."""
    f = np.empty(0) if outputs is None else outputs
    m = g.matrix(f) if isinstance(g, Free) else g
    d = len(m)
    y = np.full(d, float(np.abs(np.linalg.eigvalsh(m)).max()))
    return Node(np.zeros(d, dtype=np.int8), y, NO_CUTS, np.empty(0), float(y.sum()), np.zeros(d), f)


def tighten(g: Pricing, node: Node, goal: float, effort: Effort = FULL, deadline: float = np.inf) -> Node:
    """Lower a node's loss, until it is at most ``goal``, or the effort or the time is spent.

    Args:
        g: (d, d) float64 symmetric, scaled so that the price to be proved is 1, or a free l.
        node: where to start; its cuts are kept.
        goal: the loss that is good enough: bound of the price, or minus bound of the objective.
        effort: limits.
        deadline: on the clock of time.monotonic.

    Returns:
        The best node found; never one with a larger loss.
    """
    best, least = node, _loss(g, node)
    smooth = effort.first
    stalled = 0
    for _ in range(effort.rounds):
        node, v, z = _descend(g, node, smooth, effort.steps, deadline)
        reached = _loss(g, node)
        gain = (least - reached) / max(abs(least), 1e-12)
        if gain > 0:
            best, least = node, reached
        if least <= goal or time.monotonic() > deadline:
            break
        near = slacks(node.rows, v, z) < NEAR
        busy = (node.weight > 0) | near
        node = replace(node, rows=node.rows[busy], weight=node.weight[busy])
        fresh = _fresh(node.rows, v, z, max(NEAR, 20 * smooth), effort.cuts)
        idle = gain < 1e-4 and smooth <= effort.last and len(fresh) < effort.cuts // 8
        stalled = stalled + 1 if idle else 0
        if stalled >= 2:
            break
        node = replace(
            node,
            rows=np.concatenate([node.rows, fresh]),
            weight=np.concatenate([node.weight, np.zeros(len(fresh))]),
        )
        if isinstance(g, Free):
            g = replace(g, radius=g.radius * min(max(node.bound, 1 - FOLLOW), 1 + FOLLOW))
        smooth = max(effort.last, 0.7 * smooth)
    return best


def _loss(g: Pricing, node: Node) -> float:
    if not isinstance(g, Free):
        return node.bound
    # A bound below 1 lets l grow, as far as the domain of the conjugate reaches.
    return min(g.lost(node.outputs, scale) for scale in {node.bound, max(node.bound, 1.0)})


def _fresh(
    rows: NDArray[np.int16], v: NDArray[np.float64], z: NDArray[np.float64], limit: float, count: int
) -> NDArray[np.int16]:
    """Cuts to add: violated triangles, and larger odd sets grown around those in hand."""
    found = violated(v, z, limit, count)
    found = found[~known(found, rows)]
    for size in (5, 7) if len(rows) else ():
        more = larger(v, z, np.concatenate([rows, found]), size, limit, count // 2)
        found = np.concatenate([found, more[~known(more, rows)]])
    return found


def _positive(m: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The positive part of a symmetric matrix, and its largest eigenvalue."""
    values, vectors = np.linalg.eigh(m)
    first = int(np.searchsorted(values, 0.0))
    part = vectors[:, first:]
    return (part * values[first:]) @ part.T, float(values[-1])


def _descend(
    g: Pricing, node: Node, smooth: float, steps: int, deadline: float
) -> tuple[Node, NDArray[np.float64], NDArray[np.float64]]:
    """L-BFGS on F, cut short at the deadline; returns the new node and the smoothed primal V, Z."""
    from scipy.optimize import minimize

    d = len(node.y)
    n = len(node.outputs)
    cones = tuple(np.ix_(keep, keep) for keep in (node.fixed >= 0, node.fixed <= 0))
    diagonal = np.diag_indices(d)
    price = np.concatenate([np.ones(d), constants(node.rows)])
    scale = np.ones(n)
    if isinstance(g, Free):
        p, rho = g.problem, g.problem.penalty * g.radius
        bend = p.weight * g.loss.curvature(node.outputs, p.y)
        scale = STRETCH / np.sqrt(np.maximum(bend / rho, 1e-12))

    def primal(x: NDArray[np.float64]) -> tuple[list[NDArray[np.float64]], list[float]]:
        p, q = scatter(node.rows, x[n + d :], d)
        q += g.matrix(scale * x[:n]) if isinstance(g, Free) else g
        p[diagonal] -= x[n : n + d]
        parts, tops = [], []
        for m, cone in zip((p + q, p - q), cones, strict=True):
            full = np.zeros((d, d))
            full[cone], top = _positive(m[cone]) if cone[0].size else (0.0, 0.0)
            parts.append(full)
            tops.append(top)
        return parts, tops

    def value(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        (a, b), _ = primal(x)
        f = float(price @ x[n:]) + float(np.vdot(a, a) + np.vdot(b, b)) / (2 * smooth)
        v, z = (a + b) / smooth, (a - b) / smooth
        slope = [1.0 - np.diag(v), slacks(node.rows, v, z)]
        if isinstance(g, Free):
            outputs = scale * x[:n]
            f += g.lost(outputs, 1.0) / rho
            relaxed = np.einsum("ij,ij->i", p.x @ z, p.x) / p.penalty
            bend = p.weight * g.loss.curvature(outputs, p.y)
            slope.insert(0, scale * bend * (outputs / rho + relaxed))
        return f, np.concatenate(slope)

    def watch(x: NDArray[np.float64]) -> None:
        if time.monotonic() > deadline:
            raise StopIteration

    start = np.concatenate([node.outputs / scale, node.y, node.weight])
    low = np.concatenate([np.full(n + d, -np.inf), np.zeros(len(node.rows))])
    limits = np.column_stack([low, np.full(len(low), np.inf)])
    options = {"maxiter": steps, "maxfun": 2 * steps, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-4}
    x = minimize(value, start, jac=True, method="L-BFGS-B", bounds=limits, options=options, callback=watch).x
    (a, b), tops = primal(x)
    y, weight = x[n : n + d] + max(0.0, *tops), x[n + d :]
    v, z = (a + b) / smooth, (a - b) / smooth
    agree = np.where(node.fixed != 0, node.fixed, np.clip(np.diag(z), -1.0, 1.0))
    bound = float(y.sum() + price[d:] @ weight)
    return Node(node.fixed, y, node.rows, weight, bound, agree, scale * x[:n]), v, z
