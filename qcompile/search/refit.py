"""Refit: the best alpha for fixed atoms, min sum_i w_i loss((Phi a)_i, y_i) + lambda |a|_1.

Proximal Newton. At a point with gradient g = Phi'(w loss') and curvature H the model

    1/2 a'K a - c'a + lambda |a|_1,   K = Phi' diag(w H) Phi,   c = K a - g

is minimised by ``lasso``; a line search on the true objective makes every step a
descent step. For the squared loss the model is the objective. Where the curvature
is 0 over wide ranges (squared hinge, Huber) the model is too bold: the line search
shortens the step, and the curvature is raised towards its upper bound, at which
the model lies above the objective and a full step cannot fail.

The result carries a duality gap: t l with t = min(1, lambda / max|Phi'(w l)|) is
feasible for the dual of this problem, whatever the solver did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.losses import LOSSES, Loss
from qcompile.problem.problem import Problem
from qcompile.search.lasso import lasso, violation

NEWTON_STEPS = 100
HALVINGS = 12
# Part of beta d that an idle atom must price at to take part in a step.
NEAR = 0.9
# Least curvature used, as part of the loss's largest; it rises where the model proves too bold.
LEAST_DAMPING = 1e-8


@dataclass(frozen=True, eq=False)
class Target:
    """What the atoms are fitted to.

    Attributes:
        loss: a module of problem/losses.
        y: (n,) float64 targets.
        weight: (n,) float64 sample weights.
        penalty: lambda = beta d.
        quadratic: the curvature of the loss is 1 everywhere (squared loss).
    """

    loss: Loss
    y: NDArray[np.float64]
    weight: NDArray[np.float64]
    penalty: float
    quadratic: bool = False

    def risk(self, f: NDArray[np.float64]) -> float:
        """sum_i w_i loss(f_i, y_i)."""
        return float(self.weight @ self.loss.value(f, self.y))

    def dual_value(self, dual: NDArray[np.float64], price: float) -> float:
        """-sum_i w_i loss*(t l_i, y_i), with l shrunk so that no atom prices above lambda."""
        shrink = 1.0 if price <= self.penalty else self.penalty / price
        return -float(self.weight @ self.loss.conjugate(shrink * dual, self.y))


def target_of(problem: Problem) -> Target:
    """What the atoms of a problem are fitted to."""
    loss = LOSSES[problem.loss]
    return Target(loss, problem.y, problem.weight, problem.penalty, loss.QUADRATIC)


@dataclass(frozen=True, eq=False)
class Fit:
    """An optimal alpha over fixed atoms.

    Attributes:
        alpha: (m,) float64.
        f: (n,) float64 predictions Phi alpha.
        dual: (n,) float64 l_i = loss'(f_i, y_i).
        objective: risk + lambda |alpha|_1.
        gap: objective minus a lower bound over these atoms (float64, no rounding margin).
    """

    alpha: NDArray[np.float64]
    f: NDArray[np.float64]
    dual: NDArray[np.float64]
    objective: float
    gap: float


def gram(phi: NDArray[np.float64], h: NDArray[np.float64]) -> NDArray[np.float64]:
    """Phi' diag(h) Phi, h >= 0, exactly symmetric: numpy sees a matrix times itself, half the work."""
    half = phi * np.sqrt(h)[:, None]
    return np.asarray(half.T @ half)


def _model_step(
    target: Target,
    phi: NDArray[np.float64],
    a: NDArray[np.float64],
    f: NDArray[np.float64],
    g: NDArray[np.float64],
    damping: float,
    tolerance: float,
    kept: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Minimiser of the local model; atoms far from entering stay at 0."""
    if kept is not None:
        new = a.copy()
        lasso(kept, kept @ a - g, new, target.penalty, tolerance)
        return new
    work = (a != 0) | (np.abs(g) > NEAR * target.penalty)
    h = np.maximum(target.loss.curvature(f, target.y), damping * target.loss.CURVATURE)
    k = gram(phi[:, work], target.weight * h)
    part = a[work]
    lasso(k, k @ part - g[work], part, target.penalty, tolerance)
    new = np.zeros(len(a))
    new[work] = part
    return new


def _line_search(
    target: Target,
    a: NDArray[np.float64],
    f: NDArray[np.float64],
    step: NDArray[np.float64],
    df: NDArray[np.float64],
    slope: float,
    value: float,
) -> tuple[float, float]:
    """Largest tried length with a sufficient fall of the true objective, and the value there."""
    length = 1.0
    for _ in range(HALVINGS):
        reached = target.risk(f + length * df) + target.penalty * float(np.abs(a + length * step).sum())
        if reached <= value + 1e-4 * length * slope:
            return length, reached
        length *= 0.5
    return 0.0, value


def refit(
    target: Target,
    phi: NDArray[np.float64],
    start: NDArray[np.float64] | None = None,
    tolerance: float = 1e-7,
    kept: NDArray[np.float64] | None = None,
) -> Fit:
    """Minimise the l1-penalised loss over alpha to high accuracy.

    Args:
        target: loss, targets, weights and penalty.
        phi: (n, m) float64 atom values; m = 0 is allowed.
        start: (m,) warm start, or None for 0.
        tolerance: optimality conditions hold to ``tolerance * penalty``.
        kept: (m, m) ``gram(phi, weight)``, where the curvature is 1.

    Returns:
        The fit with its duality gap.
    """
    a = np.zeros(phi.shape[1]) if start is None else np.array(start, dtype=np.float64)
    lam = target.penalty
    f = phi @ a
    value = target.risk(f) + lam * float(np.abs(a).sum())
    damping = LEAST_DAMPING
    if kept is None and target.quadratic:
        kept = gram(phi, target.weight)
    for _ in range(NEWTON_STEPS):
        g = phi.T @ (target.weight * target.loss.gradient(f, target.y))
        violated = violation(-g, a, lam)
        if violated <= tolerance * lam:
            break
        accuracy = 0.3 * tolerance * lam if kept is not None else max(0.1 * tolerance * lam, 0.01 * violated)
        new = _model_step(target, phi, a, f, g, damping, accuracy, kept)
        step = new - a
        slope = float(g @ step) + lam * float(np.abs(new).sum() - np.abs(a).sum())
        length, reached = _line_search(target, a, f, step, phi @ step, min(slope, 0.0), value)
        if reached < value:
            a = new if length == 1.0 else a + length * step
            f = phi @ a
            value = reached
        elif damping >= 1.0:
            break
        damping = max(LEAST_DAMPING, 0.1 * damping) if length >= 0.5 else min(1.0, max(1e-4, 30.0 * damping))
    dual = target.loss.gradient(f, target.y)
    price = float(np.abs(phi.T @ (target.weight * dual)).max(initial=0.0))
    value = target.risk(f) + lam * float(np.abs(a).sum())
    return Fit(a, f, dual, value, value - target.dual_value(dual, price))
