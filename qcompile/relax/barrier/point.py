"""The point of the barrier method: dual variables, primal factors, and their multipliers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.losses import in_domain
from qcompile.relax.barrier.diagonal import Bounds, start_bounds
from qcompile.relax.barrier.model import SIGNS, Model
from qcompile.relax.solution import Solution

BLEND = 0.1  # share of the cold start in a warm one: how far it is pushed back into the interior


@dataclass(frozen=True, eq=False)
class Point:
    """One iterate; strictly feasible for the dual, the primal residuals go to zero.

    Attributes:
        dual: (n,) l.
        h: (D, D) H(l).
        diagonal: (k, D) L; k = 1 where both cones share it.
        factors: of A and B, (D, D) each.
        rho: (k,) radii, multipliers of the budgets.
        slack: (k,) what is left of the budgets.
        bounds: of the diagonal rule.
        low: (n,) multipliers of l >= its lower limit, 0 where there is none.
        high: (n,) multipliers of l <= its upper limit.
    """

    dual: NDArray[np.float64]
    h: NDArray[np.float64]
    diagonal: NDArray[np.float64]
    factors: tuple[NDArray[np.float64], NDArray[np.float64]]
    rho: NDArray[np.float64]
    slack: NDArray[np.float64]
    bounds: Bounds
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def cones(self) -> list[NDArray[np.float64]]:
        """S_A = L_A + H and S_B = L_B - H."""
        out = []
        for side, sign in enumerate(SIGNS):
            s = sign * self.h
            s[np.diag_indices(len(s))] += self.diagonal[side % len(self.diagonal)]
            out.append(s)
        return out


def _interior(model: Model) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A strictly feasible (l, L): l = t loss'(0), with H well inside the cones of a constant L."""
    c, size = model.problem.penalty, model.size
    level = c / (size + 2) * (1.0 if model.k == 1 else 0.8)
    slope = model.loss.gradient(np.zeros(model.n), model.problem.y)
    width = float(np.linalg.norm(model.moment(slope), 2))
    t = min(0.9, 0.5 * level / max(width, 1e-300), 0.05 * c / max(abs(model.lean(slope)), 1e-300))
    return t * slope, np.full((model.k, size), level)


def cold_start(model: Model) -> Point:
    """A and B multiples of the identity, at the radius whose penalty is the loss of the zero network."""
    dual, diagonal = _interior(model)
    c = model.problem.penalty
    value = float(model.problem.weight @ model.loss.value(np.zeros(model.n), model.problem.y))
    rho = max(value / c, 1e-3)
    factor = np.sqrt(0.5 * rho) * np.eye(model.size)
    mu = 0.5 * rho * float(diagonal[0, 0])
    return _centred(model, dual, diagonal, (factor, factor), np.full(model.k, rho / model.k), mu)


def warm_start(model: Model, solution: Solution) -> Point | None:
    """The solution of a neighbouring problem, pushed inside; None where it does not fit this one."""
    if solution.dual.shape != (model.n,) or solution.multiplier is None:
        return None
    given = np.atleast_2d(solution.multiplier)
    if given.shape != (model.k, model.size) or solution.positive.shape[0] != model.size:
        return None
    dual = in_domain(model.loss, solution.dual, model.problem.y)
    diagonal = np.array(given[::-1] if model.relaxation.swapped else given)
    if model.k == 2:
        diagonal[:, -1] += model.signs * model.lean(dual)
    inside, level = _interior(model)
    c = model.problem.penalty
    floor = np.ones(model.size) if model.k == 1 else model.relaxation.floor
    spent = np.maximum(diagonal, floor * diagonal).sum(axis=1) - model.signs * model.lean(dual)
    # Where L = p - q, keeping both positive costs a little more than L itself.
    room = 0.95 if ((floor > 0) & (floor < 1)).any() else 1.0
    ratio = float(room * c / max(spent.max(), 1e-300))
    if ratio < 1.0:
        dual = ratio * dual
        diagonal = ratio * diagonal
    elif (diagonal >= 0).all() and model.relaxation.constant == 0.0:
        diagonal = diagonal * ratio
    dual = (1 - BLEND) * dual + BLEND * inside
    diagonal = (1 - BLEND) * diagonal + BLEND * level
    parts = (
        (solution.negative, solution.positive)
        if model.relaxation.swapped
        else (
            solution.positive,
            solution.negative,
        )
    )
    share = max(solution.rho, 1e-3) / 2
    factors = []
    for part in parts:
        a = part @ part.T
        a[np.diag_indices(model.size)] += BLEND * share
        factors.append(np.asarray(np.linalg.cholesky(a), dtype=np.float64))
    if model.k == 1:
        rho = np.array([2 * share])
    else:
        rho = np.array([float((f * f).sum(axis=1).max()) for f in factors])
    mu = BLEND * share * c / model.size
    return _centred(model, dual, diagonal, (factors[0], factors[1]), rho, mu)


def _centred(
    model: Model,
    dual: NDArray[np.float64],
    diagonal: NDArray[np.float64],
    factors: tuple[NDArray[np.float64], NDArray[np.float64]],
    rho: NDArray[np.float64],
    mu: float,
) -> Point:
    """Complete a point with multipliers near mu / slack.

    The multipliers of the limits of l are of the order w_i |f_i|, so they start below w_i.
    """
    bounds = start_bounds(model.relaxation.floor, model.k == 1, diagonal, mu)
    diagonal = bounds.diagonal(diagonal)
    slack = model.problem.penalty - bounds.cost(diagonal) + model.signs * model.lean(dual)
    w = model.problem.weight
    low, high = np.zeros(model.n), np.zeros(model.n)
    if model.low.any() or model.high.any():
        ends = model.limits
        low = np.where(model.low, np.minimum(mu / (dual - ends[0]), w), 0.0)
        high = np.where(model.high, np.minimum(mu / (ends[1] - dual), w), 0.0)
    return Point(dual, model.moment(dual), diagonal, factors, rho, slack, bounds, low, high)
