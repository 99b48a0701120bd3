"""A feasible dual point from any vector l: the bound of the factored method, and where to go next.

    H = sum_i w_i l_i z_i z_i',   L_A + H and L_B - H must be PSD,   value = -sum_i w_i loss*(l_i)

The diagonals L come from complementarity with the factors; each cone is then repaired by its smallest
eigenvalue, and l and L are scaled together until the penalty holds. The eigenvectors of the negative
eigenvalues are the directions in which the primal objective falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.losses import Loss, in_domain
from qcompile.problem.problem import Problem
from qcompile.problem.relaxation import Relaxation

Array = NDArray[Any]

# Above this size the D x D matrix is never formed: Lanczos on products with the data instead.
DENSE = 2500
# Directions whose violation is below NEAR of the worst one's wait: most of them vanish with it.
NEAR = 0.1


@dataclass(frozen=True, eq=False)
class DualPoint:
    """A dual point: scaled l, diagonals, its value, and the directions that violate it."""

    dual: NDArray[np.float64]
    multiplier: NDArray[np.float64]
    value: float
    escape: list[Array]


def dual_point(
    problem: Problem,
    relaxation: Relaxation,
    loss: Loss,
    slope: Array,
    factors: list[Array],
    rho: float,
    fresh: int,
) -> DualPoint:
    """Dual value at l = slope, after the least repair that makes l and L feasible; and what violated it.

    Args:
        problem: the problem, for its targets, weights and penalty.
        relaxation: its rows and diagonal rule.
        loss: module of qcompile.problem.losses.
        slope: (n,) loss'(f); moved into the conjugate's domain.
        factors: [P, N], (D, r) each; the diagonal of L is the one complementary to them.
        rho: rho of both cones together.
        fresh: most directions returned per cone.
    """
    z = relaxation.factors
    size = z.shape[1]
    l = in_domain(loss, slope, problem.y)
    wl = problem.weight * l
    h = (z.T * wl) @ z if size <= DENSE else None
    pulls = [h @ p if h is not None else z.T @ (wl[:, None] * (z @ p)) for p in factors]
    inner = [np.einsum("ij,ij->i", p, hp) for p, hp in zip(factors, pulls, strict=True)]
    if relaxation.shared:
        diagonal = np.maximum((inner[1] - inner[0]) / max(rho, 1e-300), 0.0)
        diagonals = [diagonal, diagonal]
    else:
        squares = [np.maximum(np.einsum("ij,ij->i", p, p), 1e-12) for p in factors]
        diagonals = [s * i / q for s, i, q in zip((-1, 1), inner, squares, strict=True)]
        diagonals = [np.where(relaxation.floor > 0, d, np.maximum(d, 0.0)) for d in diagonals]
    shifts, escape = [], []
    for sign, diagonal in zip((1.0, -1.0), diagonals, strict=True):
        values, vectors = _least(h, z, wl, sign, diagonal, fresh)
        shifts.append(max(0.0, -float(values[0])))
        escape.append(vectors[:, values < min(0.0, NEAR * values[0])])
    shift = float(relaxation.constant * wl.sum())
    if relaxation.shared:
        raised = [diagonals[0] + max(shifts)]
        costs = [float(raised[0].sum())]
    else:
        raised = [d + s for d, s in zip(diagonals, shifts, strict=True)]
        costs = [
            float(np.maximum(d, relaxation.floor * d).sum()) - s
            for d, s in zip(raised, (shift, -shift), strict=True)
        ]
    most = problem.penalty / max([*costs, 1e-300])
    # Any multiple t of l with t <= most is feasible, and the dual is concave in t.
    best_t, best_value = 0.0, -np.inf
    for t in np.unique(np.minimum(np.concatenate([np.linspace(0.9, 1.0, 21) * most, [1.0]]), most)):
        with np.errstate(over="ignore"):  # where nothing limits t, its largest values give -inf
            value = -float(problem.weight @ loss.conjugate(t * l, problem.y))
        if value > best_value:
            best_t, best_value = float(t), value
    corner = np.zeros(size)
    corner[-1] = shift * best_t
    multiplier = np.stack([best_t * d + c for d, c in zip(raised, (-corner, corner), strict=False)])
    if relaxation.shared:
        multiplier = best_t * np.stack(raised)
    return DualPoint(best_t * l, multiplier, best_value, escape)


def _least(
    h: Array | None, z: Array, wl: Array, sign: float, diagonal: Array, count: int
) -> tuple[Array, Array]:
    """The few smallest eigenvalues of diag + sign H, with vectors; Lanczos where H is not formed."""
    size = len(diagonal)
    count = min(count, size)
    if h is not None:
        from scipy.linalg import eigh

        m = sign * h
        m[np.diag_indices(size)] += diagonal
        values, vectors = eigh(m, subset_by_index=[0, count - 1], overwrite_a=True, check_finite=False)
        return values, vectors
    from scipy.sparse.linalg import LinearOperator, eigsh

    product = LinearOperator(
        (size, size),
        matvec=lambda x: diagonal * x.ravel() + sign * (z.T @ (wl * (z @ x.ravel()))),
        dtype=np.float64,
    )
    values, vectors = eigsh(product, k=count, which="SA", v0=np.ones(size), tol=1e-6)
    # Ritz values overestimate; the residual bounds by how much.
    residual = max(float(np.linalg.norm(product @ v - e * v)) for e, v in zip(values, vectors.T, strict=True))
    order = np.argsort(values)
    return values[order] - residual, vectors[:, order]
