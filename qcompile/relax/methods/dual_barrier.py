"""dual_barrier: a primal-dual predictor-corrector method for the SDP of every family.

The accurate method. Its iterates (l, L) are strictly feasible for
the dual at every step, so each carries a valid bound; A and B come along as the multipliers
of the two cones. What is solved (names as in problem/relaxation.py), with mu going to zero:

    f_i = loss*'(l_i)                   the samples' outputs agree with the dual vector
    A S_A = mu I, B S_B = mu I          S_A = L_A + H(l), S_B = L_B - H(l)
    diag(A), diag(B) by the diagonal rule, rho * (what is left of the budget) = mu

linearised in Nesterov-Todd scaling, with Mehrotra's predictor and corrector on one
factorisation. Ends of the conjugate's domain (hinge, Huber) are bounds with multipliers;
where its slope is infinite there (logistic) the conjugate is its own barrier.
"""

from __future__ import annotations

import time

from qcompile.problem.problem import Problem
from qcompile.relax.barrier.iterative import IterativeSystem
from qcompile.relax.barrier.linearise import Linear, linearise
from qcompile.relax.barrier.model import Model, model_of
from qcompile.relax.barrier.moments import MomentSystem
from qcompile.relax.barrier.point import Point, cold_start, warm_start
from qcompile.relax.barrier.samples import SampleSystem
from qcompile.relax.barrier.step import advance, direction, longest, remaining
from qcompile.relax.barrier.system import cheapest
from qcompile.relax.recover import recover
from qcompile.relax.solution import Progress, Settings, Solution, Status
from qcompile.relax.zero import zero_optimum

ITERATIONS = 100
PATIENCE = 12  # iterations without a better gap before giving up
LARGEST = 7000  # order of a factorised Newton matrix, 400 MB; conjugate gradients above it
JITTERS = (1e-15, 1e-12, 1e-9)


def solve(problem: Problem, settings: Settings) -> Solution:
    """Solve the SDP to a relative duality gap of half of ``settings.gap``.

    The other half is left for rounding and for the certificate, so that the gap asked for is
    the gap certified. The warm start may be a solution of the same rows at another beta.

    Args:
        problem: any family, loss and grid.
        settings: all fields are honoured; ``seed`` is not needed.
    """
    zero = zero_optimum(problem, settings, "dual_barrier")
    if zero is not None:
        return zero
    started = time.perf_counter()
    model = model_of(problem)
    system = _system(model)
    point = (warm_start(model, settings.warm) if settings.warm else None) or cold_start(model)
    best: Linear | None = None
    best_at = iteration = 0
    history: list[Progress] = []
    status = Status.ITERATION_LIMIT
    try:
        for iteration in range(1, (settings.max_iterations or ITERATIONS) + 1):
            linear = linearise(model, point)
            if best is None or linear.gap < best.gap:
                best, best_at = linear, iteration
            history.append(Progress(time.perf_counter() - started, iteration, linear.objective, linear.bound))
            if settings.on_progress is not None:
                settings.on_progress(history[-1])
            if linear.gap <= 0.5 * settings.gap:
                status = Status.SOLVED
                break
            if settings.max_seconds is not None and history[-1].seconds > settings.max_seconds:
                status = Status.TIME_LIMIT
                break
            moved = _newton(model, linear, system) if iteration - best_at < PATIENCE else None
            if moved is None:
                status = Status.STALLED
                break
            point = moved
    except KeyboardInterrupt:
        if best is None:
            raise
        status = Status.INTERRUPTED
    assert best is not None
    a, b = (f @ f.T for f in best.point.factors)
    return recover(
        problem,
        model.relaxation,
        a,
        b,
        best.point.dual,
        best.point.diagonal,
        status=status,
        method="dual_barrier",
        iterations=iteration,
        seconds=time.perf_counter() - started,
        history=tuple(history),
    )


def _newton(
    model: Model, linear: Linear, system: SampleSystem | MomentSystem | IterativeSystem
) -> Point | None:
    """One predictor-corrector step: the next point, or None where there is none."""
    if not any(system.factor(model, linear, jitter) for jitter in JITTERS):
        return None
    predictor = direction(model, linear, system, 0.0)
    reach = longest(model, linear, predictor, 1.0)
    sigma = (remaining(model, linear, predictor, reach) / linear.total) ** 3
    corrector = direction(model, linear, system, min(1.0, max(1e-6, sigma)) * linear.mu, predictor)
    t = longest(model, linear, corrector, 0.95 + 0.045 * reach)
    return advance(model, linear, corrector, t)


def _system(model: Model) -> SampleSystem | MomentSystem | IterativeSystem:
    space, _ = cheapest(model.n, model.size, model.k)
    order = (model.n if space == "samples" else model.size * (model.size + 1) // 2) + model.k * model.size
    if order > LARGEST:
        return IterativeSystem(model)
    return SampleSystem(model) if space == "samples" else MomentSystem(model)
