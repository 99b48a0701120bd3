"""A case of the pricing problem, its relaxation's dual point and the smoothed primal that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qcompile.bound.cuts import NO_CUTS, constants


@dataclass(frozen=True, eq=False)
class Node:
    """A relaxation and its dual point, in units where the price to be proved is 1.

    Attributes:
        fixed: (d,) int8: 1 where u_k = v_k, -1 where u_k = -v_k, 0 where free.
        y: (d,) float64.
        rows: (m, MEMBERS) cuts.
        weight: (m,) float64 >= 0 multipliers.
        bound: c once y is raised until both matrices are PSD (float64 accuracy).
        share: part of the relaxed network that lies in this case, 1 of all cases together.
        v: (d, d) float64 symmetric, V of the smoothed primal, scaled to the case alone.
        z: (d, d) float64 symmetric, its Z.
    """

    fixed: NDArray[np.int8]
    y: NDArray[np.float64]
    rows: NDArray[np.int16]
    weight: NDArray[np.float64]
    bound: float
    share: float
    v: NDArray[np.float64]
    z: NDArray[np.float64]

    @property
    def agree(self) -> NDArray[np.float64]:
        """(d,) mean of u_k v_k in [-1, 1]: near 0 where the case is undecided."""
        return np.where(self.fixed != 0, self.fixed, np.clip(np.diag(self.z), -1.0, 1.0))

    @property
    def busy(self) -> NDArray[np.bool_]:
        """(m,) the cuts that the proof needs."""
        return np.asarray(self.weight > 0)

    @property
    def level(self) -> float:
        """The c that y and the weights make, before y is raised."""
        return float(self.y.sum() + constants(self.rows) @ self.weight)


def root(g: NDArray[np.float64]) -> Node:
    """The starting point: nothing fixed, no cuts, a constant diagonal.

    Args:
        g: (d, d) float64 symmetric, scaled so that the price to be proved is 1.
    """
    d = len(g)
    y = np.full(d, float(np.abs(np.linalg.eigvalsh(g)).max()))
    fixed = np.zeros(d, dtype=np.int8)
    return Node(fixed, y, NO_CUTS, np.empty(0), float(y.sum()), 1.0, np.eye(d), np.zeros((d, d)))


def case(node: Node, at: int, side: int) -> Node:
    """The half of a node where u_k v_k = ``side`` at k = ``at``: what bounds the whole bounds it too."""
    fixed = node.fixed.copy()
    fixed[at] = side
    return replace(node, fixed=fixed, share=0.5 * node.share)
