"""Krivine rounding: the paper's random network, right in expectation [BP21], [Kri79].

With gamma = ln(1 + sqrt 2), V = A + B filled up to diagonal rho, and g ~ N(0, R),

    R = [[sinh(gamma V / rho), sin(gamma Z / rho)],
         [sin(gamma Z / rho), sinh(gamma V / rho)]]      entrywise; unit diagonal, PSD

the signs u of g's first half and v of its second satisfy E[u v'] = (2 gamma / pi) Z / rho:
E[sign g_i sign g_j] = (2/pi) arcsin R_ij, and arcsin undoes the sine. R is PSD because
sinh and sin are power series in V and Z with the same coefficients up to sign.
Its blocks repeat, so g is made of two independent d-vectors (p + q, p - q) / sqrt 2 with
p ~ N(0, sinh + sin) and q ~ N(0, sinh - sin): two d x d factorisations, not one 2d x 2d.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.errors import UnsupportedError
from qcompile.model.grid import top
from qcompile.problem.families import FAMILIES
from qcompile.problem.objective import objective
from qcompile.problem.problem import Problem
from qcompile.relax.solution import Solution
from qcompile.search.atoms import Atoms

GAMMA = float(np.arcsinh(1.0))


def _root(r: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric F with F F = R; eigenvalues that rounding made negative count as 0.

    Unlike other factors it does not depend on the signs of eigenvectors, which differ between machines.
    """
    value, vector = np.linalg.eigh(r)
    return np.asarray((vector * np.sqrt(np.maximum(value, 0.0))) @ vector.T)


def sample_signs(solution: Solution, count: int, seed: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Independent pairs (u, v) of sign vectors with E[u v'] = (2 gamma / pi) Z / rho.

    Args:
        solution: of the bilinear relaxation: diag(A) + diag(B) <= rho.
        count: number of pairs.
        seed: of the Gaussian draws.

    Returns:
        u, v: (count, d) int8.
    """
    a = solution.positive @ solution.positive.T
    b = solution.negative @ solution.negative.T
    d = len(a)
    rng = np.random.default_rng(seed)
    if not solution.rho > 0:
        draws = rng.integers(0, 2, size=(2, count, d))
        return (2 * draws[0] - 1).astype(np.int8), (2 * draws[1] - 1).astype(np.int8)
    v = (a + b) / solution.rho
    np.fill_diagonal(v, 1.0)
    even = np.sinh(GAMMA * v)
    odd = np.sin(GAMMA * (a - b) / solution.rho)
    p = rng.standard_normal((count, d)) @ _root(even + odd).T
    q = rng.standard_normal((count, d)) @ _root(even - odd).T
    return np.where(p + q >= 0, 1, -1).astype(np.int8), np.where(p - q >= 0, 1, -1).astype(np.int8)


def sample(problem: Problem, solution: Solution, neurons: int, seed: int) -> Atoms:
    """The sampled network of [BP21]: equal alpha = rho pi / (2 gamma m), so that E[f] = x'Zx.

    Args:
        problem: of the bilinear family.
        solution: an approximate optimum of its relaxation.
        neurons: m, usually thousands.
        seed: of the draws.

    Raises:
        UnsupportedError: a family with one weight vector per neuron.
    """
    if not FAMILIES[problem.family].FREE_PAIRS:
        raise UnsupportedError(
            f"Krivine rounding draws two weight vectors per neuron, the family {problem.family!r} has one; "
            "use column generation, or the bilinear family."
        )
    u, v = sample_signs(solution, neurons, seed)
    w = top(problem.weights)
    alpha = np.full(neurons, solution.rho * np.pi / (2 * GAMMA * max(neurons, 1)))
    u, v = (u * w).astype(np.int8), (v * w).astype(np.int8)
    return Atoms(u, v, alpha, objective(problem, u, v, alpha), float("nan"))
