"""Atoms: a small real-alpha network in training units, before alpha becomes integers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import frozen
from qcompile.relax.solution import Progress


@dataclass(frozen=True, eq=False)
class Atoms:
    """f(x) = sum_j alpha_j atom_j(x), atoms of the problem's family.

    With w the top of the weight grid (1 for binary and ternary, 2^k - 1 for k bits):
    bilinear and quadratic atoms are (u_j' x)(v_j' x) / w^2, polynomial atoms
    a t^2 + b t + c with t = u_j' x / w; x are the real rows q / unit.

    Attributes:
        u: (m, d) int8 integers of the weight grid.
        v: (m, d) int8, equal to u where a neuron has one vector.
        alpha: (m,) float64.
        objective: sum_i w_i loss(f(x_i), y_i) + beta d sum |alpha|, recomputed from these numbers.
        price: best |<G, atom>| found / (beta d) at the end: 1 means that no atom is known to help.
        history: objective over time.
    """

    u: NDArray[np.int8]
    v: NDArray[np.int8]
    alpha: NDArray[np.float64]
    objective: float
    price: float
    history: tuple[Progress, ...] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "u", frozen(self.u, np.int8, 2, "u"))
        object.__setattr__(self, "v", frozen(self.v, np.int8, 2, "v"))
        object.__setattr__(self, "alpha", frozen(self.alpha, np.float64, 1, "alpha"))
