"""Branch and bound on the pricing problem: cases "u_k = v_k" and "u_k = -v_k", a tight bound each.

The case with the worst bound is split at the input that its relaxation is least sure about. When
both children are bounded, the tree's bound is that of its worst leaf: valid whenever one stops.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.rounding.tighten import Effort, Node, tighten

__all__ = ["Tree", "bound_of", "grow", "leaves", "stored"]

CHILD = Effort(rounds=12, cuts=200, steps=40, first=1e-4, last=5e-6)
LEAF = -1


@dataclass(frozen=True, eq=False)
class Tree:
    """A leaf with its node, or a split at input ``at`` into the cases +1 and -1."""

    node: Node | None
    at: int = LEAF
    equal: Tree | None = None
    opposite: Tree | None = None


def leaves(tree: Tree) -> list[Node]:
    """The nodes at the leaves, in preorder."""
    if tree.node is not None:
        return [tree.node]
    assert tree.equal is not None and tree.opposite is not None
    return leaves(tree.equal) + leaves(tree.opposite)


def bound_of(tree: Tree) -> float:
    """The bound of the worst leaf."""
    return max(node.bound for node in leaves(tree))


def grow(g: NDArray[np.float64], start: Node, goal: float, deadline: float) -> Tree:
    """Split until every leaf's bound is at most ``goal``, or until the deadline.

    Args:
        g: (d, d) float64 symmetric, scaled so that the price to be proved is 1.
        start: the root, tightened.
        goal: the bound that is good enough.
        deadline: on the clock of time.monotonic.
    """
    splits: dict[bytes, int] = {}
    open_nodes: dict[bytes, Node] = {start.fixed.tobytes(): start}
    while True:
        name, worst = max(open_nodes.items(), key=lambda item: (item[1].bound, item[0]))
        free = np.flatnonzero(worst.fixed == 0)
        if worst.bound <= goal or not len(free) or time.monotonic() > deadline:
            break
        at = int(free[np.argmin(np.abs(worst.agree[free]))])
        del open_nodes[name]
        splits[name] = at
        for side in (1, -1):
            fixed = worst.fixed.copy()
            fixed[at] = side
            # The parent's proof holds for the child: its bound is the worst that can come out.
            child = tighten(g, replace(worst, fixed=fixed), goal, CHILD, deadline)
            open_nodes[fixed.tobytes()] = child
    return _assemble(np.zeros_like(start.fixed), splits, open_nodes)


def _assemble(fixed: NDArray[np.int8], splits: Mapping[bytes, int], nodes: Mapping[bytes, Node]) -> Tree:
    name = fixed.tobytes()
    if name not in splits:
        return Tree(nodes[name])
    at = splits[name]
    parts = []
    for side in (1, -1):
        child = fixed.copy()
        child[at] = side
        parts.append(_assemble(child, splits, nodes))
    return Tree(None, at, *parts)


def stored(tree: Tree, unit: float) -> dict[str, NDArray[Any]]:
    """The arrays of proofs/odd_sets.py, with G in units of ``unit``."""
    nodes = leaves(tree)
    order: list[int] = []

    def visit(t: Tree) -> None:
        order.append(t.at)
        if t.equal is not None and t.opposite is not None:
            visit(t.equal)
            visit(t.opposite)

    visit(tree)
    busy = [node.weight > 0 for node in nodes]
    counts = [int(b.sum()) for b in busy]
    return {
        "tree": np.array(order, dtype=np.int16),
        "diagonal": unit * np.array([node.y for node in nodes]),
        "starts": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "rows": np.concatenate([n.rows[b] for n, b in zip(nodes, busy, strict=True)]),
        "weight": unit * np.concatenate([n.weight[b] for n, b in zip(nodes, busy, strict=True)]),
    }
