"""The problem in the form the barrier works on: scaled rows, cones' signs, ends of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.families import FAMILIES
from qcompile.problem.losses import LOSSES, Loss
from qcompile.problem.problem import Problem
from qcompile.problem.relaxation import Relaxation

SIGNS = (1.0, -1.0)  # of H in the cones L_A + H and L_B - H


@dataclass(frozen=True, eq=False)
class Model:
    """What stays fixed during a run; n samples, D columns, k diagonals.

    Attributes:
        problem: weights, targets, budget c = beta d.
        relaxation: factors z, diagonal rule, constant.
        loss: module of problem/losses.
        rows: (n, D) sqrt(w_i) z_i, so that H(l) = rows' diag(l) rows.
        low: (n,) where l has a lower limit with a multiplier.
        high: (n,) where l has an upper limit with a multiplier.
    """

    problem: Problem
    relaxation: Relaxation
    loss: Loss
    rows: NDArray[np.float64]
    low: NDArray[np.bool_]
    high: NDArray[np.bool_]

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.rows.shape[0])

    @property
    def size(self) -> int:
        """Order D of the cones."""
        return int(self.rows.shape[1])

    @property
    def k(self) -> int:
        """Number of diagonals: 1 where the cones share it."""
        return 1 if self.relaxation.shared else 2

    @cached_property
    def signs(self) -> NDArray[np.float64]:
        """(k,) sign of each side's constant; irrelevant (constant 0) where k = 1."""
        return np.array(SIGNS[: self.k])

    @cached_property
    def limits(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ends of the conjugate's domain."""
        low, high = self.loss.limits(self.problem.y)
        return low, high

    def moment(self, l: NDArray[Any]) -> NDArray[np.float64]:
        """(D, D) H(l) = sum_i w_i l_i z_i z_i', exactly symmetric."""
        h = (self.rows.T * l) @ self.rows
        return np.asarray(0.5 * (h + h.T))

    def lean(self, l: NDArray[Any]) -> float:
        """The relaxation's constant times sum_i w_i l_i."""
        c = self.relaxation.constant
        return c * float(self.problem.weight @ l) if c else 0.0

    def forms(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) z_i' Z z_i for a (D, D) symmetric Z."""
        x = self.relaxation.factors
        return np.asarray(np.einsum("nk,nk->n", x @ z, x))


def model_of(problem: Problem) -> Model:
    """The model of a problem of any family."""
    relaxation = FAMILIES[problem.family].relaxation(problem)
    loss = LOSSES[problem.loss]
    rows = relaxation.factors * np.sqrt(problem.weight)[:, None]
    low, high = (np.isfinite(end) & (not loss.STEEP) for end in loss.limits(problem.y))
    return Model(problem, relaxation, loss, rows, low, high)
