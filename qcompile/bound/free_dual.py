"""The dual vector as a variable of the pricing relaxation: l = loss'(f) is always in its domain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.families import bilinear
from qcompile.problem.losses import LOSSES, Loss, in_domain
from qcompile.problem.problem import Problem


@dataclass(frozen=True, eq=False)
class Free:
    """The dual vector l = loss'(f) as a variable.

    Attributes:
        problem: the training problem.
        loss: its module in problem/losses.
        radius: R, the multiplier of the price: sum |alpha| of a nearly optimal network.
    """

    problem: Problem
    loss: Loss
    radius: float

    def dual(self, f: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) l."""
        l = self.loss.gradient(f, self.problem.y)
        return np.asarray(in_domain(self.loss, l, self.problem.y))

    def matrix(self, f: NDArray[np.float64]) -> NDArray[np.float64]:
        """(d, d) G(l) / (beta d), exactly symmetric."""
        g = bilinear.gradient(self.problem, self.dual(f)) / self.problem.penalty
        return np.asarray(0.5 * (g + g.T))

    def lost(self, f: NDArray[np.float64], scale: float) -> float:
        """-D(l / scale)."""
        return float(self.problem.weight @ self.loss.conjugate(self.dual(f) / scale, self.problem.y))

    def loss_of(self, f: NDArray[np.float64], price: float) -> float:
        """Minus the bound on the objective once the price at l is bounded by ``price``.

        A price below 1 lets l grow, as far as the domain of the conjugate reaches.
        """
        return min(self.lost(f, scale) for scale in {price, max(price, 1.0)})

    def curvature(self, f: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) w_i loss''(f_i)."""
        return np.asarray(self.problem.weight * self.loss.curvature(f, self.problem.y))


def free(problem: Problem, radius: float) -> Free:
    """The dual vector as a variable."""
    return Free(problem, LOSSES[problem.loss], radius)
