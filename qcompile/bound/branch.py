"""Branch and bound on the pricing problem: cases "u_k = v_k" and "u_k = -v_k", a tight bound each.

A tree's bound is that of its worst leaf: valid whenever one stops, because every atom is in one leaf.

    grow     the dual vector is fixed; the case with the worst bound is split until all are good enough
    finish   the dual vector is fixed and so is the tree; what smoothing left is taken out of its leaves

A case is split at the input that is least decided and has the largest entries in G: of the choices
tried it took away most of the gap per case.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.bound.node import Node, case
from qcompile.bound.tighten import Effort, tighten

CHILD = Effort(rounds=12, cuts=200, steps=40, first=1e-4, last=5e-6)
FINISH = Effort(rounds=3, cuts=200, steps=120, first=4e-6, last=1e-6)
LEAF = -1


@dataclass(frozen=True, eq=False)
class Tree:
    """Cases by what they fix: the bytes of ``Node.fixed``.

    Attributes:
        splits: the input at which a case was split.
        nodes: the cases that were not split: the leaves.
    """

    splits: Mapping[bytes, int]
    nodes: Mapping[bytes, Node]


def whole(node: Node) -> Tree:
    """The tree of one leaf."""
    return Tree({}, {node.fixed.tobytes(): node})


def replaced(tree: Tree, nodes: tuple[Node, ...]) -> Tree:
    """The tree with other dual points at its leaves."""
    return Tree(tree.splits, {**tree.nodes, **{node.fixed.tobytes(): node for node in nodes}})


def where(g: NDArray[np.float64], node: Node) -> int | None:
    """The input at which to split a case, None if all are fixed."""
    open_inputs = np.flatnonzero(node.fixed == 0)
    if not len(open_inputs):
        return None
    worth = np.abs(g).sum(axis=1) * (1.0 - np.abs(node.agree))
    return int(open_inputs[np.argmax(worth[open_inputs])])


def divide(tree: Tree, node: Node, at: int) -> Tree:
    """Split a leaf at an input; the parent's proof holds for both halves."""
    name = node.fixed.tobytes()
    halves = {half.fixed.tobytes(): half for half in (case(node, at, 1), case(node, at, -1))}
    rest = {other: leaf for other, leaf in tree.nodes.items() if other != name}
    return Tree({**tree.splits, name: at}, {**rest, **halves})


def leaves(tree: Tree) -> list[Node]:
    """The nodes at the leaves, in preorder."""
    return [tree.nodes[name] for name, at in _preorder(tree) if at == LEAF]


def bound_of(tree: Tree) -> float:
    """The bound of the worst leaf."""
    return max(node.bound for node in tree.nodes.values())


def grow(g: NDArray[np.float64], tree: Tree, goal: float, deadline: float) -> Tree:
    """Split until every leaf's bound is at most ``goal``, or until the deadline.

    Args:
        g: (d, d) float64 symmetric, scaled so that the price to be proved is 1.
        tree: where to start, leaves tightened.
        goal: the bound that is good enough.
        deadline: on the clock of time.monotonic.
    """
    while True:
        worst = _worst(tree)
        at = where(g, worst)
        if worst.bound <= goal or at is None or time.monotonic() > deadline:
            return tree
        tree = divide(tree, worst, at)
        for half in (case(worst, at, 1), case(worst, at, -1)):
            tree = replaced(tree, (tighten(g, half, goal, CHILD, deadline),))


def finish(
    g: NDArray[np.float64],
    tree: Tree,
    goal: float,
    deadline: float,
    watch: Callable[[float], None] | None = None,
) -> Tree:
    """Tighten the leaves, the worst first, until the worst one has had its turn, or the deadline.

    Args:
        g: (d, d) float64 symmetric, scaled so that the price to be proved is 1.
        tree: where to start.
        goal: the bound that is good enough.
        deadline: on the clock of time.monotonic.
        watch: told the tree's bound after every leaf.
    """
    done: set[bytes] = set()
    while True:
        worst = _worst(tree)
        name = worst.fixed.tobytes()
        if worst.bound <= goal or name in done or time.monotonic() > deadline:
            return tree
        done.add(name)
        tree = replaced(tree, (tighten(g, worst, goal, FINISH, deadline),))
        if watch is not None:
            watch(bound_of(tree))


def stored(tree: Tree, unit: float) -> dict[str, NDArray[Any]]:
    """The arrays of proofs/odd_sets.py, with G in units of ``unit``."""
    nodes = leaves(tree)
    counts = [int(node.busy.sum()) for node in nodes]
    raised = [node.y + (node.bound - node.level) / len(node.y) for node in nodes]
    return {
        "tree": np.array([at for _, at in _preorder(tree)], dtype=np.int16),
        "diagonal": unit * np.array(raised),
        "starts": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "rows": np.concatenate([node.rows[node.busy] for node in nodes]),
        "weight": unit * np.concatenate([node.weight[node.busy] for node in nodes]),
    }


def _worst(tree: Tree) -> Node:
    return max(tree.nodes.items(), key=lambda item: (item[1].bound, item[0]))[1]


def _preorder(tree: Tree) -> list[tuple[bytes, int]]:
    """Every case with the input of its split, or LEAF; a case before its halves, + before -."""
    size = len(next(iter(tree.nodes)))
    waiting, order = [np.zeros(size, dtype=np.int8)], []
    while waiting:
        fixed = waiting.pop()
        name = fixed.tobytes()
        at = tree.splits.get(name, LEAF)
        order.append((name, at))
        for side in (-1, 1) if at != LEAF else ():
            half = fixed.copy()
            half[at] = side
            waiting.append(half)
    return order
