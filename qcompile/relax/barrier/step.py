"""Newton directions, how far they may go, and the point they lead to.

A direction solves the linearised equations for complementary products of ``target`` each:
0 for the predictor, sigma mu for the corrector, which also carries the predictor's
second-order terms [Meh92].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.relax.barrier.diagonal import eliminate
from qcompile.relax.barrier.linearise import Linear
from qcompile.relax.barrier.model import SIGNS, Model
from qcompile.relax.barrier.point import Point
from qcompile.relax.barrier.refine import System, refined
from qcompile.relax.barrier.scaling import definite, longest_step

KEEP = 0.1  # a steep variable shrinks linearly down to this share of itself, exponentially below


@dataclass(frozen=True, eq=False)
class Step:
    """A direction; fields as in ``Point``, the cones in scaled coordinates.

    ``duals`` are G' dS G, ``primals`` G^-1 dA G^-T, per cone.
    """

    dual: NDArray[np.float64]
    diagonal: NDArray[np.float64]
    duals: tuple[NDArray[np.float64], ...]
    primals: tuple[NDArray[np.float64], ...]
    rho: NDArray[np.float64]
    slack: NDArray[np.float64]
    bounds: Mapping[str, NDArray[np.float64]]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def direction(model: Model, linear: Linear, system: System, target: float, first: Step | None = None) -> Step:
    """Solve the Newton equations; ``first`` is the predictor when this is the corrector."""
    p, b, k, size = linear.point, linear.point.bounds, model.k, model.size
    to_p, to_q = target - b.p * b.u, target - b.q * b.v
    to_rho = target - p.rho * p.slack
    to_low = target - p.low * linear.room[0]
    to_high = target - p.high * linear.room[1]
    if first is not None:
        to_p = to_p - first.bounds["p"] * first.bounds["u"]
        to_q = to_q - first.bounds["q"] * first.bounds["v"]
        to_rho = to_rho - first.rho * first.slack
        to_low = to_low - first.low * first.dual
        to_high = to_high + first.high * first.dual
    to_low = np.where(model.low, to_low, 0.0) / linear.room[0]
    to_high = np.where(model.high, to_high, 0.0) / linear.room[1]

    rule = eliminate(b, linear.diagonals, p.rho, to_p, to_q)
    still = (to_rho - p.rho * rule.constant) / (p.slack + p.rho * rule.curvature)
    tau = p.rho / (p.slack + p.rho * rule.curvature)
    right = linear.residual + to_low - to_high
    right_diagonal = rule.inverse * rule.start - rule.residual - rule.share * still[:, None]
    if model.relaxation.constant:
        lean = model.relaxation.constant * float(model.signs @ still)
        right = right + lean * model.problem.weight
    aims = []
    for side, one in enumerate(linear.scalings):
        pull = target / one.d - one.d
        x = linear.scaled[side]
        if first is None:
            aim = np.diag(pull)
            right += SIGNS[side] * (np.square(x) @ pull)
            right_diagonal[side % k] += np.square(one.g) @ pull
        else:
            product = first.primals[side] @ first.duals[side]
            aim = -(product + product.T) / (one.d[:, None] + one.d)
            aim[np.diag_indices(size)] += pull
            right += SIGNS[side] * np.einsum("nk,nk->n", x @ aim, x)
            right_diagonal[side % k] += np.einsum("nk,nk->n", one.g @ aim, one.g)
        aims.append(aim)

    if first is None:  # the predictor only measures how far a step could go
        dual, diagonal = system.solve(right, right_diagonal)
    else:
        dual, diagonal = refined(model, linear, system, right, right_diagonal)
    lean_step = model.signs * model.lean(dual)
    rho = still + tau * ((rule.share * diagonal).sum(axis=1) - lean_step)
    bounds = rule.move(diagonal, rho)
    slack = lean_step - (diagonal + np.where(b.lower, (1 - b.floor) * bounds["q"], 0.0)).sum(axis=1)
    h = model.moment(dual)
    duals, primals = [], []
    for side, one in enumerate(linear.scalings):
        move = SIGNS[side] * h
        move[np.diag_indices(size)] += diagonal[side % k]
        scaled = one.g.T @ move @ one.g
        duals.append(scaled)
        primals.append(aims[side] - scaled)
    return Step(
        dual,
        diagonal,
        tuple(duals),
        tuple(primals),
        rho,
        slack,
        bounds,
        to_low - p.low / linear.room[0] * dual,
        to_high + p.high / linear.room[1] * dual,
    )


def _pairs(
    model: Model, linear: Linear, step: Step
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], ...]:
    """(x, dx, s, ds) of all scalar complementary pairs."""
    p, b, m = linear.point, linear.point.bounds, step.bounds
    up, lo = b.upper, b.lower
    return (
        (p.rho, step.rho, p.slack, step.slack),
        (b.p[up], m["p"][up], b.u[up], m["u"][up]),
        (b.q[lo], m["q"][lo], b.v[lo], m["v"][lo]),
        (p.low[model.low], step.low[model.low], linear.room[0][model.low], step.dual[model.low]),
        (p.high[model.high], step.high[model.high], linear.room[1][model.high], -step.dual[model.high]),
    )


def longest(model: Model, linear: Linear, step: Step, fraction: float) -> float:
    """The step length in (0, 1] that stays within ``fraction`` of the way to every boundary."""
    limit = 1.0 / fraction
    for x, dx, s, ds in _pairs(model, linear, step):
        for value, move in ((x, dx), (s, ds)):
            shrinking = move < 0
            if shrinking.any():
                limit = min(limit, float((value[shrinking] / -move[shrinking]).min()))
    reach = longest_step(linear.scalings * 2, step.duals + step.primals, limit)
    return min(1.0, fraction * reach)


def remaining(model: Model, linear: Linear, step: Step, t: float) -> float:
    """The sum of complementary products after a step of length t."""
    total = 0.0
    for one, primal, dual in zip(linear.scalings, step.primals, step.duals, strict=True):
        trace = float(one.d @ one.d + t * one.d @ (np.diag(primal) + np.diag(dual)))
        total += trace + t * t * float(np.einsum("ij,ij->", primal, dual))
    for x, dx, s, ds in _pairs(model, linear, step):
        total += float((x + t * dx) @ (s + t * ds))
    return total


def advance(model: Model, linear: Linear, step: Step, t: float) -> Point | None:
    """The next point, or None where rounding has eaten the interior.

    A steep dual variable moves along a curve that cannot leave its domain; its cones are
    therefore tested, and the step is shortened where they fail.
    """
    p = linear.point
    for _ in range(12):
        dual = _steep(model, p.dual, t * step.dual) if model.loss.STEEP else p.dual + t * step.dual
        bounds = p.bounds.moved(step.bounds, t)
        diagonal = bounds.diagonal(p.diagonal + t * step.diagonal)
        slack = model.problem.penalty - bounds.cost(diagonal) + model.signs * model.lean(dual)
        factors = []
        for one, primal in zip(linear.scalings, step.primals, strict=True):
            inner = (0.5 * t) * (primal + primal.T)
            inner[np.diag_indices(model.size)] += one.d
            lower = definite(inner)
            if lower is not None:
                factors.append(one.g @ lower)
        if len(factors) == 2 and (slack > 0).all():
            moved = Point(
                dual,
                model.moment(dual),
                diagonal,
                (factors[0], factors[1]),
                p.rho + t * step.rho,
                slack,
                bounds,
                p.low + t * step.low,
                p.high + t * step.high,
            )
            if all(definite(s) is not None for s in moved.cones()):
                return moved
        t *= 0.7
    return None


def _steep(model: Model, dual: NDArray[np.float64], move: NDArray[np.float64]) -> NDArray[np.float64]:
    """The point l + move, bent to stay strictly inside the domain: straight, then exponential near an end."""
    low, high = model.limits
    room = np.where(move < 0, dual - low, high - dual)
    share = 1.0 - np.abs(move) / room  # what a straight move would leave of the distance
    bent = KEEP * np.exp(np.clip((share - KEEP) / KEEP, -5.0, 0.0))
    left = room * np.where(share > KEEP, share, bent)
    moved = np.where(move < 0, low + left, high - left)
    return np.asarray(np.clip(moved, low + 1e-13 * (high - low), high - 1e-13 * (high - low)))
