"""The pricing SDP of bilinear neurons with odd-set inequalities, solved by cutting planes.

A round solves the smoothed relaxation (descend.py), drops the cuts that are neither in use nor
nearly tight, and adds those that its primal violates most; the smoothing falls from round to round.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qcompile.bound.cuts import known, larger, slacks, violated
from qcompile.bound.descend import descend
from qcompile.bound.node import Node


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
FALL = 0.7


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
    best, smooth, stalled = node, effort.first, 0
    for _ in range(effort.rounds):
        (node,) = descend(g, (node,), np.empty(0), smooth, effort.steps, deadline).nodes
        gain = (best.bound - node.bound) / max(abs(best.bound), 1e-12)
        if gain > 0:
            best = node
        if best.bound <= goal or time.monotonic() > deadline:
            break
        held = int(node.busy.sum())
        node = recut(node, max(NEAR, 20 * smooth), effort.cuts)
        idle = gain < 1e-4 and smooth <= effort.last and len(node.rows) - held < effort.cuts // 8
        stalled = stalled + 1 if idle else 0
        if stalled >= 2:
            break
        smooth = max(effort.last, FALL * smooth)
    return best


def recut(node: Node, limit: float, count: int) -> Node:
    """Drop the cuts far from tight; add triangles that the primal violates, and larger sets around them.

    Args:
        node: with its primal.
        limit: least violation that counts.
        count: largest number of triangles; of sets of 5 and of 7 signs, half as many.
    """
    kept = node.busy | (slacks(node.rows, node.v, node.z) < NEAR)
    rows, weight = node.rows[kept], node.weight[kept]
    found = violated(node.v, node.z, limit, count)
    found = found[~known(found, rows)]
    for size in (5, 7) if len(rows) else ():
        more = larger(node.v, node.z, np.concatenate([rows, found]), size, limit, count // 2)
        found = np.concatenate([found, more[~known(more, rows)]])
    return replace(
        node, rows=np.concatenate([rows, found]), weight=np.concatenate([weight, np.zeros(len(found))])
    )
