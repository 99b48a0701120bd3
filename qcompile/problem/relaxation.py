"""Relaxation: the one form in which every family hands its SDP to the training methods.

    minimise   sum_i w_i loss(f_i, y_i) + c (rho_A + rho_B)          c = beta d
    over       A, B PSD (D x D),   f_i = z_i' (A - B) z_i + constant (rho_A - rho_B)
    shared     diag(A) + diag(B) <= rho_A + rho_B = rho              (two vectors per neuron)
    else       floor rho_A <= diag(A) <= rho_A, the same for B      (one vector per neuron)

A and B stand for the sums of |alpha_j| u_j u_j' over positive and negative neurons (bilinear:
of the ternary parts s s' and t t', docs/theory.md#bilinear-neurons-are-differences-of-ternary-squares).
``floor`` is the smallest square that a weight can have: 1 forces the diagonal (binary), 0 leaves it
free below (ternary).

The dual, for any l in the domain of the conjugate, with H = sum_i w_i l_i z_i z_i' and
g = constant * sum_i w_i l_i:

    maximise   -sum_i w_i loss*(l_i, y_i)
    over       diagonals L_A, L_B (shared: one L),   L_A + H PSD,   L_B - H PSD
    such that  sigma(L_A) - g <= c,   sigma(L_B) + g <= c,   sigma(L) = sum_k max(L_k, floor_k L_k)

(shared families have constant = 0 and floor = 0; L >= 0 follows from the two cones).

The price matrix G of a certificate carries the constant in its last corner, H does not:
G = H + g e e' with e the last unit vector, so L_A(G) = L_A - g e and L_B(G) = L_B + g e.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import frozen


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The SDP of one problem.

    Attributes:
        factors: (n, D) float64 rows z_i; D = d, or d + 1 where the family lifts.
        floor: (D,) float64 in [0, 1], see the module docstring.
        shared: one diagonal multiplier for both cones (bilinear), or one each.
        constant: the neuron's constant that z z' does not carry (polynomial), else 0.
        swapped: the family is posed with the signs of its neurons reversed (polynomial with
            a < 0), so A of the solver is the negative part of the solution, and B the positive.
    """

    factors: NDArray[np.float64]
    floor: NDArray[np.float64]
    shared: bool
    constant: float = 0.0
    swapped: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", frozen(self.factors, np.float64, 2, "factors"))
        object.__setattr__(self, "floor", frozen(self.floor, np.float64, 1, "floor"))
        if self.floor.shape != self.factors.shape[1:]:
            raise ValueError(f"floor {self.floor.shape} does not fit factors {self.factors.shape}.")
        if self.shared and (self.constant != 0.0 or self.floor.any()):
            raise ValueError("a shared multiplier has constant 0 and floor 0.")
