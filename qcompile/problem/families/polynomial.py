"""Polynomial neurons a t^2 + b t + c with t = u'x: one weight vector each, coefficients the user's.

The atom is linear in the lifted matrix w w', w = [u; 1]:
a t^2 + b t + c = <w w', [[a x x', (b/2) x], [(b/2) x', c]]>, and by completing the square
= a (t + b/2a)^2 + (c - b^2/4a) = |a| sign (w'z)^2 + constant, z = [x; b/2a] sqrt|a|.
So the SDP has rank-one data as every other family. The corner of A is exactly rho_A
(its floor is 1 for every grid), which is why the constant costs no further variable.
Where a < 0 the family is posed with (-a, -b, -c): the same set of networks.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.errors import UnsupportedError
from qcompile.model.grid import floor, top
from qcompile.problem.integer_form import IntegerForm
from qcompile.problem.problem import Problem
from qcompile.problem.relaxation import Relaxation

VECTORS = 1
FREE_PAIRS = False
ACTIVATION = True
DENOMINATOR = 10_000


def _coefficients(problem: Problem) -> tuple[Fraction, Fraction, Fraction]:
    """The user's (a, b, c) as the exact fractions that the deployed network computes with.

    Raises:
        UnsupportedError: none given, a is zero, or not a fraction with a small denominator.
    """
    if problem.activation is None:
        raise UnsupportedError("the polynomial family needs its coefficients: activation=(a, b, c).")
    exact = [Fraction(k).limit_denominator(DENOMINATOR) for k in problem.activation]
    if any(float(e) != k for e, k in zip(exact, problem.activation, strict=True)):
        raise UnsupportedError(
            f"activation {problem.activation} has a coefficient that is not a fraction with a "
            f"denominator up to {DENOMINATOR}; the deployed network is exact, so round the coefficients."
        )
    a, b, c = exact
    if a == 0:
        raise UnsupportedError(
            f"activation {problem.activation} has a = 0: the network would be linear. "
            "Give a != 0, or use a linear model."
        )
    return a, b, c


def features(problem: Problem, u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float64]:
    """Values of atoms on every sample, in training units.

    Args:
        problem: of this family, with its ``activation``.
        u: (m, d) integers of the weight grid.
        v: (m, d), equal to u.

    Returns:
        (n, m) float64, a t^2 + b t + c with t = u_j'q_i / (unit * top).

    Raises:
        ValueError: v differs from u.
    """
    if not np.array_equal(u, v):
        raise ValueError("a polynomial neuron has one weight vector: v must equal u.")
    a, b, c = map(float, _coefficients(problem))
    t = problem.q.astype(np.float64) @ np.asarray(u, dtype=np.float64).T
    t /= float(problem.unit * top(problem.weights))
    return np.asarray((a * t + b) * t + c)


def pattern(problem: Problem) -> NDArray[np.float64]:
    """(d + 1, d + 1) entrywise factors that turn the moments of [x; 1] into G: [[a, b/2], [b/2, c]]."""
    a, b, c = map(float, _coefficients(problem))
    p = np.full((problem.d + 1, problem.d + 1), a)
    p[-1, :] = p[:, -1] = 0.5 * b
    p[-1, -1] = c
    return p


def gradient(problem: Problem, l: NDArray[Any]) -> NDArray[np.float64]:
    """(d + 1, d + 1) G = sum_i w_i l_i [[a x x', (b/2) x], [(b/2) x', c]] at the samples x_i."""
    lifted = np.column_stack([problem.x, np.ones(problem.n)])
    return np.asarray(pattern(problem) * ((lifted.T * (problem.weight * l)) @ lifted))


def prices(problem: Problem, g: NDArray[Any], u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float64]:
    """(m,) <G, atom_j> = w_j'G w_j with w_j = [u_j / top; 1] = sum_i w_i l_i features_ij."""
    w = np.column_stack([np.asarray(u, dtype=np.float64) / top(problem.weights), np.ones(len(u))])
    return np.asarray(np.einsum("md,md->m", w @ g, w))


def even(problem: Problem) -> bool:
    """Whether u and -u are the same neuron: where the activation has no linear term."""
    return problem.activation is None or problem.activation[1] == 0


def relaxation(problem: Problem) -> Relaxation:
    """The SDP on the lifted matrix; the floor of the corner is 1."""
    a, b, c = _coefficients(problem)
    sign = 1 if a > 0 else -1
    corner = np.full(problem.n, float(b / (2 * a)))
    factors = sqrt(abs(a)) * np.column_stack([problem.x, corner])
    floors = np.append(np.full(problem.d, floor(problem.weights)), 1.0)
    constant = float(sign * (c - b * b / (4 * a)))
    return Relaxation(factors, floors, shared=False, constant=constant, swapped=sign < 0)


def integer_form(problem: Problem) -> IntegerForm:
    """How the deployed integer network computes these atoms.

    With U = unit * top, t = T / U for the integer T = u'q, and e the common denominator of
    (a, b, c): a t^2 + b t + c = (ea T^2 + eb U T + ec U^2) / (e U^2), integers throughout.
    """
    a, b, c = _coefficients(problem)
    scale = problem.unit * top(problem.weights)
    e = lcm(a.denominator, b.denominator, c.denominator)
    activation = (int(a * e), int(b * e) * scale, int(c * e) * scale * scale)
    return IntegerForm("polynomial", activation, e * scale * scale)
