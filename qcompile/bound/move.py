"""The bound on the training objective, maximised over the dual vector and a growing tree of cases.

At a fixed dual vector the relaxation soon gives all it has, and every split of a case takes away
the same small part of the price. Where l follows the cases, a split takes away several times as
much: l gives way where the remaining cases are loose. So all leaves and l are one problem
(descend.py), solved in rounds; between rounds cuts are renewed and the cases that hold most of the
relaxed network are split.

The radius R multiplies the price; it is right where the price comes out as 1. The price falls
about as R^-2.4 near there, on every table measured, so a step of the power 0.4 corrects it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qcompile.bound.branch import Tree, divide, replaced, where, whole
from qcompile.bound.descend import descend
from qcompile.bound.free_dual import Free
from qcompile.bound.node import Node
from qcompile.bound.tighten import NEAR, recut

# Rounds by number of cases, none of them converged: a split gains more than the last rounds would.
ROUNDS = {1: 5, 2: 1, 4: 2, 8: 2, 12: 2, 16: 3, 24: 4, 32: 4, 48: 4, 64: 4}
STEPS = 300
# Smoothing: coarse, because l converges fast there; ``branch.finish`` removes what it costs.
# What it costs falls with the number of cases, because A and B are spread over them.
SMOOTH = 2e-5
SPREAD = 16
CUTS = 400
# Correction of the radius by the price, and its limit per round.
POWER = 0.4
MOST = 0.03


def move(
    g: Free,
    node: Node,
    outputs: NDArray[np.float64],
    goal: float,
    aim: float,
    cases: int,
    deadline: float,
    watch: Callable[[float], None] | None = None,
) -> tuple[Tree, NDArray[np.float64]]:
    """Move l and split cases, until the loss is at most ``aim``, or the rounds for ``cases`` are over.

    Args:
        g: the dual vector as a variable.
        node: the relaxation without cases at ``outputs``.
        outputs: (n,) f to start from.
        goal: loss (minus the bound) at which even one case is not worked on further.
        aim: loss above which a case is split.
        cases: largest number of leaves.
        deadline: on the clock of time.monotonic.
        watch: told the loss after every round.

    Returns:
        The tree, not finished, and f.
    """
    tree = whole(node)
    loss = np.inf
    for most in _schedule(cases):
        if loss <= (goal if most == 1 else aim) or time.monotonic() > deadline:
            break
        tree = _split(g.matrix(outputs), tree, most)
        smooth = SMOOTH * (1 + len(tree.nodes) / SPREAD)
        found = descend(g, tuple(tree.nodes.values()), outputs, smooth, STEPS, deadline)
        outputs = found.outputs
        loss = g.loss_of(outputs, max(leaf.bound for leaf in found.nodes))
        if watch is not None:
            watch(loss)
        count = CUTS if most == 1 else CUTS // 2
        tree = replaced(tree, tuple(recut(leaf, NEAR, count) for leaf in found.nodes))
        step = min(max(found.price**POWER, 1 - MOST), 1 + MOST)
        g = replace(g, radius=g.radius * step)
    return tree, outputs


def _schedule(cases: int) -> Iterator[int]:
    """The number of cases of each round."""
    for most, rounds in ROUNDS.items():
        if most <= cases:
            yield from [most] * rounds


def _split(g: NDArray[np.float64], tree: Tree, most: int) -> Tree:
    """Split the cases that hold most of the relaxed network, until there are ``most``."""
    while len(tree.nodes) < most:
        node = max(tree.nodes.items(), key=lambda item: (item[1].share, item[0]))[1]
        at = where(g, node)
        if at is None:
            break
        tree = divide(tree, node, at)
    return tree
