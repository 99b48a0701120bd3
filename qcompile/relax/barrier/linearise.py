"""Everything about one iterate that both the predictor and the corrector need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.objective import objective_of_outputs
from qcompile.relax.barrier.diagonal import eliminate
from qcompile.relax.barrier.model import Model
from qcompile.relax.barrier.point import Point
from qcompile.relax.barrier.scaling import Scaling, scale
from qcompile.relax.barrier.system import Update


@dataclass(frozen=True, eq=False)
class Linear:
    """The Newton equations at one point.

    Attributes:
        point: where.
        scalings: of both cones.
        scaled: rows @ G of both cones, (n, D).
        diagonals: (k, D) diag(A), diag(B), or their sum where the cones share L.
        objective: of the point made feasible: an upper bound on the optimum.
        bound: the dual value: a lower bound on the optimum.
        residual: (n,) w (f - loss*'(l)) + low - high, zero at the optimum.
        curvature: (n,) of the dl block.
        inverse: (k, D) of the dL block, from the diagonal rule.
        updates: rank-one terms, from the budgets.
        room: (n,) distances of l from its lower and upper limits (1 where there is none).
        total: sum of all complementary products.
        mu: their mean.
    """

    point: Point
    scalings: tuple[Scaling, Scaling]
    scaled: tuple[NDArray[np.float64], NDArray[np.float64]]
    diagonals: NDArray[np.float64]
    objective: float
    bound: float
    residual: NDArray[np.float64]
    curvature: NDArray[np.float64]
    inverse: NDArray[np.float64]
    updates: tuple[Update, ...]
    room: tuple[NDArray[np.float64], NDArray[np.float64]]
    total: float
    mu: float

    @property
    def gap(self) -> float:
        """Relative duality gap."""
        return (self.objective - self.bound) / max(abs(self.objective), 1e-300)


def linearise(model: Model, point: Point) -> Linear:
    """Evaluate a point and form the parts of its Newton equations."""
    loss, y, w = model.loss, model.problem.y, model.problem.weight
    cones = point.cones()
    first, second = (scale(f, s) for f, s in zip(point.factors, cones, strict=True))
    a, b = (f @ f.T for f in point.factors)
    outputs = model.forms(a - b)
    diagonals = np.stack([np.diag(a), np.diag(b)])
    if model.k == 1:
        diagonals = diagonals.sum(axis=0, keepdims=True)
    objective = _feasible_objective(model, outputs, diagonals)
    outputs = outputs + model.relaxation.constant * float(model.signs @ point.rho)

    slope = loss.conjugate_slope(point.dual, y)
    curvature = loss.conjugate_curvature(point.dual, y)
    if loss.STEEP:
        curvature = _secant(curvature, slope - outputs, point.dual - loss.gradient(outputs, y))
    zero = np.zeros_like(point.bounds.p)
    rule = eliminate(point.bounds, diagonals, point.rho, zero, zero)
    tau = point.rho / (point.slack + point.rho * rule.curvature)
    leans = -model.signs * model.relaxation.constant
    updates = tuple(
        Update(float(tau[side]), float(leans[side]), rule.share[side], side) for side in range(model.k)
    )
    room = (
        np.where(model.low, point.dual - model.limits[0], 1.0),
        np.where(model.high, model.limits[1] - point.dual, 1.0),
    )
    pairs = 2 * model.size + model.k + point.bounds.count + int(model.low.sum() + model.high.sum())
    total = float(first.d @ first.d + second.d @ second.d + point.rho @ point.slack)
    total += float(point.bounds.products().sum() + point.low @ room[0] + point.high @ room[1])
    return Linear(
        point=point,
        scalings=(first, second),
        scaled=(model.rows @ first.g, model.rows @ second.g),
        diagonals=diagonals,
        objective=objective,
        bound=-float(w @ loss.conjugate(point.dual, y)),
        residual=w * (outputs - slope) + point.low - point.high,
        curvature=w * curvature + point.low / room[0] + point.high / room[1],
        inverse=rule.inverse,
        updates=updates,
        room=room,
        total=total,
        mu=total / pairs,
    )


def _feasible_objective(model: Model, outputs: NDArray[np.float64], diagonals: NDArray[np.float64]) -> float:
    """The objective once the radii are the largest diagonal entries and floors are respected."""
    radii = diagonals.max(axis=1)
    if model.k == 2:
        lift = np.maximum(0.0, model.relaxation.floor * radii[:, None] - diagonals)
        outputs = outputs + model.relaxation.constant * (radii[0] - radii[1])
        if lift.any():
            outputs = outputs + np.square(model.relaxation.factors) @ (lift[0] - lift[1])
    return objective_of_outputs(model.problem, outputs, float(radii.sum()))


def _secant(
    tangent: NDArray[np.float64], rise: NDArray[np.float64], run: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Curvature of a steep conjugate: the larger of tangent and secant towards loss'(f).

    At l beyond its target loss'(f) the tangent promises a step far outside the domain (the
    slope is logarithmic); with the secant the step lands on the target itself.
    """
    far = np.abs(run) * tangent > 1e-4
    secant = np.where(far, rise / np.where(far, run, 1.0), 0.0)
    return np.maximum(tangent, secant)
