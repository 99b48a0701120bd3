"""Bilinear neurons (u'x)(v'x): two weight vectors each, the paper's family [BP21].

Every grid has the same convex hull (a bilinear form over a box is extreme at its corners),
so the relaxation does not depend on the grid. Diagonal rule: diag(A) + diag(B) <= rho.
For s = (u + v)/2, t = (u - v)/2: u'Gv = s'Gs - t'Gt <= sum_k L_k (s_k^2 + t_k^2) <= tr L,
because s_k^2 + t_k^2 = (u_k^2 + v_k^2)/2 <= 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.grid import top
from qcompile.problem.integer_form import IntegerForm
from qcompile.problem.problem import Problem
from qcompile.problem.relaxation import Relaxation

VECTORS = 2
FREE_PAIRS = True
ACTIVATION = False


def features(problem: Problem, u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float64]:
    """Values of atoms on every sample, in training units.

    Args:
        problem: of this family.
        u: (m, d) integers of the weight grid.
        v: (m, d) integers of the weight grid.

    Returns:
        (n, m) float64, (u_j'q_i)(v_j'q_i) / (unit * top)^2: integers divided once.
    """
    q = problem.q.astype(np.float64)
    w = float(problem.unit * top(problem.weights))
    h = (q @ np.asarray(u, dtype=np.float64).T) * (q @ np.asarray(v, dtype=np.float64).T)
    return np.asarray(h / (w * w))


def gradient(problem: Problem, l: NDArray[Any]) -> NDArray[np.float64]:
    """(d, d) G = sum_i w_i l_i x_i x_i'; the derivative of the loss along an atom is its price."""
    return np.asarray((problem.x.T * (problem.weight * l)) @ problem.x)


def pattern(problem: Problem) -> NDArray[np.float64]:
    """(d, d) entrywise factors that turn the moments sum_i w_i l_i x_i x_i' into G: all ones."""
    return np.ones((problem.d, problem.d))


def prices(problem: Problem, g: NDArray[Any], u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float64]:
    """(m,) <G, atom_j> = u_j'G v_j / top^2 = sum_i w_i l_i features_ij."""
    u = np.asarray(u, dtype=np.float64)
    return np.asarray(np.einsum("md,md->m", u @ g, v) / top(problem.weights) ** 2)


def even(problem: Problem) -> bool:
    """(u, v) and (-u, -v) are the same neuron."""
    return True


def relaxation(problem: Problem) -> Relaxation:
    """The reduced SDP of docs/theory.md#symmetric-reduction."""
    return Relaxation(problem.x, np.zeros(problem.d), shared=True)


def integer_form(problem: Problem) -> IntegerForm:
    """How the deployed integer network computes these atoms."""
    return IntegerForm("bilinear", (1, 0, 0), (problem.unit * top(problem.weights)) ** 2)
