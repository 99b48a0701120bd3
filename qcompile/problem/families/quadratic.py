"""Quadratic neurons (u'x)^2: one weight vector each.

Diagonal rule: an atom u u' / top^2 has its diagonal in [floor, 1], with floor the smallest
square of the grid (1 binary, 0 ternary, 1 / (2^k - 1)^2 for k bits), so
floor rho_A <= diag(A) <= rho_A and the same for B. In the dual, for any diagonal L_A with
G + L_A PSD: -u'Gu <= u'L_A u <= sum_k max over t in [floor, 1] of L_k t = sigma(L_A).
For binary weights this is the trace (L of any sign), for ternary the sum of positive parts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.grid import floor, top
from qcompile.problem.integer_form import IntegerForm
from qcompile.problem.problem import Problem
from qcompile.problem.relaxation import Relaxation

VECTORS = 1
FREE_PAIRS = False
ACTIVATION = False


def features(problem: Problem, u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float64]:
    """Values of atoms on every sample, in training units.

    Args:
        problem: of this family.
        u: (m, d) integers of the weight grid.
        v: (m, d), equal to u.

    Returns:
        (n, m) float64, (u_j'q_i)^2 / (unit * top)^2: integers divided once.

    Raises:
        ValueError: v differs from u.
    """
    if not np.array_equal(u, v):
        raise ValueError("a quadratic neuron has one weight vector: v must equal u.")
    h = problem.q.astype(np.float64) @ np.asarray(u, dtype=np.float64).T
    w = float(problem.unit * top(problem.weights))
    return np.asarray(h * h / (w * w))


def gradient(problem: Problem, l: NDArray[Any]) -> NDArray[np.float64]:
    """(d, d) G = sum_i w_i l_i x_i x_i'; the derivative of the loss along an atom is its price."""
    return np.asarray((problem.x.T * (problem.weight * l)) @ problem.x)


def pattern(problem: Problem) -> NDArray[np.float64]:
    """(d, d) entrywise factors that turn the moments sum_i w_i l_i x_i x_i' into G: all ones."""
    return np.ones((problem.d, problem.d))


def prices(problem: Problem, g: NDArray[Any], u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float64]:
    """(m,) <G, atom_j> = u_j'G u_j / top^2 = sum_i w_i l_i features_ij."""
    u = np.asarray(u, dtype=np.float64)
    return np.asarray(np.einsum("md,md->m", u @ g, v) / top(problem.weights) ** 2)


def even(problem: Problem) -> bool:
    """U and -u are the same neuron."""
    return True


def relaxation(problem: Problem) -> Relaxation:
    """The SDP with the grid's rule of docs/theory.md#diagonal-rules."""
    return Relaxation(problem.x, np.full(problem.d, floor(problem.weights)), shared=False)


def integer_form(problem: Problem) -> IntegerForm:
    """How the deployed integer network computes these atoms."""
    return IntegerForm("polynomial", (1, 0, 0), (problem.unit * top(problem.weights)) ** 2)
