"""Factored method [BM03] for problems too large for an interior point: A = P P', B = N N'.

A gradient costs O(n D r) and the memory is O((n + D) r) beside the data, so tens of thousands
of samples fit. The rows obey the family's diagonal rule by construction (solve/factor.py), log
rho is a variable, and L-BFGS minimises in rounds. After each round

    l = loss'(f)  ->  H = sum_i w_i l_i z_i z_i'  ->  L by complementarity  ->  a bound;

the factored problem is not convex, but a point where L_A + H and L_B - H are PSD is globally
optimal, and where they are not, their most negative eigenvectors are directions that decrease
the objective: they enter as new columns (the escape from a saddle), as many as there are already,
so the rank of the optimum is reached in a few rounds; columns that carry nothing leave. The first
columns are such directions too: those of the zero network. The bound is also tried at a running
mean of l, which is as feasible and wavers less. It is believed only with its certificate, and it
stops on the gap of that bound.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.families import FAMILIES
from qcompile.problem.losses import LOSSES
from qcompile.problem.problem import Problem
from qcompile.problem.relaxation import Relaxation
from qcompile.relax.dual_point import DualPoint, dual_point
from qcompile.relax.factor import Factored, Point, random_point, warm_point, with_columns
from qcompile.relax.solution import Progress, Settings, Solution, Status
from qcompile.relax.zero import zero_optimum

Array = NDArray[Any]

ITERATIONS = 20_000
FIRST_RANK = 6
# A round may double the columns of a cone, and may always add FRESH.
FRESH = 4
# The loss of the zero network over the penalty is the largest rho that can be optimal. A start far above
# it falls to the zero network, a saddle; START of it is the right size, and RANDOM the share of rows drawn
# at random beside the escape directions, which alone would be stationary in their orthogonal complement.
START, RANDOM = 0.2, 0.3
# Iterations until a round is judged: they grow as the run does.
FIRST_ROUND, LONGEST_ROUND = 40, 400
# A round goes on while it closes this part of the gap: fresh columns restart L-BFGS.
CLOSED = 0.3
# Bounds between judgements only look whether the gap is reached; they take about this share of the time.
BOUND_SHARE = 0.25
# l of a single iterate wavers around the optimum's; a running mean of l is as feasible, and often better.
MEMORY = 0.07
# A round may end at the zero network, where rho vanishes, and fresh columns of its size would too. Below
# this share of the largest rho, they start with that share.
ALIVE = 1e-2
SHARE = 0.5  # length of columns that leave the zero network, of sqrt(rho D)
# Single precision halves the time of every product; its rounding (1e-7 of the objective) is far
# below a gap of one in a thousand, and bounds are computed in double precision anyway. Where f is a small
# difference of large squares, rounding ends the line search: double precision from there on. (An objective
# that has settled is no such sign: a rank too small looks the same.)
SINGLE_GAP = 1e-3
# Rounds in a row that fail to close a tenth of the best gap: no further progress is expected.
PATIENCE = 8


def solve(problem: Problem, settings: Settings) -> Solution:
    """Minimise the relaxation over factors; see the module docstring.

    Args:
        problem: of any family and loss.
        settings: gap, limits, seed, warm start (its factors are continued).

    Returns:
        Solution with status SOLVED if its gap is at most ``settings.gap``.
    """
    zero = zero_optimum(problem, settings, "burer_monteiro")
    if zero is not None:
        return zero
    run = _Run(problem, settings)
    stale, mark = 0, np.inf
    while run.status is None:
        run.round()
        stale, mark = (0, run.gap) if run.gap < 0.9 * mark else (stale + 1, mark)
        if run.status is None and stale >= PATIENCE:
            run.status = Status.STALLED
    assert run.best is not None and run.bound is not None
    factors, value, rho = run.best
    first, second = reversed(factors) if run.relaxation.swapped else factors
    return Solution(
        first, second, rho, run.bound.dual, run.bound.multiplier, value, run.status,
        "burer_monteiro", run.done, time.monotonic() - run.began, tuple(run.history),
    )  # fmt: skip


class _Run:
    """State of one run: where it is, the best point and the best bound so far."""

    def __init__(self, problem: Problem, settings: Settings) -> None:
        self.began = time.monotonic()
        self.problem = problem
        self.settings = settings
        self.relaxation: Relaxation = FAMILIES[problem.family].relaxation(problem)
        self.loss = LOSSES[problem.loss]
        single = settings.gap >= SINGLE_GAP and self.relaxation.factors.size > 200_000
        self.model = self.evaluator(np.float32 if single else np.float64)
        zero = float(problem.weight @ self.loss.value(np.zeros(problem.n), problem.y))
        self.most_rho = max(zero / problem.penalty, 1e-12)
        self.point = self.first_point()
        self.history: list[Progress] = []
        self.done = 0
        self.pause = FIRST_ROUND
        self.gap = np.inf
        self.rounded = False  # whether rounding ended a line search
        self.status: Status | None = None
        self.best: tuple[list[Array], float, float] | None = None
        self.bound: DualPoint | None = None
        self.recent: Array | None = None

    def first_point(self) -> Point:
        """The warm start, or the directions in which the zero network's objective falls, and random rows."""
        settings, relaxation = self.settings, self.relaxation
        warm = warm_point(relaxation, settings.warm, settings.seed)
        if warm is not None:
            return warm
        drawn = random_point(relaxation, FIRST_RANK, settings.seed, START * self.most_rho)
        factors, _, rhos = self.model.expand(drawn)
        slope = self.loss.gradient(np.zeros(self.problem.n), self.problem.y)
        escape = self.proved(slope, factors, sum(rhos)).escape
        return with_columns(relaxation, [RANDOM * f for f in factors], rhos, escape, SHARE)

    def evaluator(self, dtype: Any) -> Factored:
        """Objective and gradient in a precision."""
        return Factored(self.relaxation, self.problem, self.loss, dtype)

    def round(self) -> None:
        """L-BFGS from the current point until a check says stop, then fresh columns."""
        from scipy.optimize import minimize

        like, every = self.point, self.between_bounds()
        since, judged, last = 0, 0, np.inf
        escape: list[Array] = []
        self.recent = None

        def check(intermediate_result: Any) -> None:
            nonlocal since, judged, last, escape
            since += 1
            self.done += 1
            slope = self.model.slope
            self.recent = slope if self.recent is None else self.recent + MEMORY * (slope - self.recent)
            over = self.done >= (self.settings.max_iterations or ITERATIONS)
            if since % every and not over:
                return
            self.point = like.unpack(intermediate_result.x)
            escape = self.measure()
            if over and self.status is None:
                self.status = Status.ITERATION_LIMIT
            if self.status is not None:
                raise StopIteration
            if since - judged >= self.pause:
                if self.gap > (1 - CLOSED) * last:
                    raise StopIteration
                judged, last = since, self.gap

        end = minimize(
            lambda z: self.model.value_and_gradient(z, like),
            like.pack(),
            jac=True,
            method="L-BFGS-B",
            callback=check,
            options={"maxiter": 10**6, "maxfun": 10**7, "maxcor": 20, "ftol": 0.0, "gtol": 0.0},
        )
        if since % every and self.status is None:  # the line search gave up: rounding hides the descent
            self.done += since == 0
            self.point = like.unpack(end.x)
            escape = self.measure()
            self.rounded = True
        if self.status is not None:
            return
        if self.rounded and self.model.dtype == np.float32:
            self.model = self.evaluator(np.float64)
        self.pause = min(int(1.5 * self.pause), LONGEST_ROUND)
        factors, _, rhos = self.model.expand(self.point)
        share = 0.1 * np.sqrt(min(self.gap, 0.01))
        if max(rhos) < ALIVE * self.most_rho:
            rhos, share = [ALIVE * self.most_rho for _ in rhos], SHARE
        self.point = with_columns(self.relaxation, factors, rhos, escape, share)

    def between_bounds(self) -> int:
        """Iterations between two bounds, from operation counts, so that a run repeats itself exactly."""
        n, size = self.relaxation.factors.shape
        gradient = 4.0 * n * size * sum(p.shape[1] for p in self.point.rows)
        bound = 4.0 * n * size**2 + 16.0 * size**3  # H and two eigenvalue problems, at two dual vectors
        return int(min(max(bound / (BOUND_SHARE * gradient), 20), self.pause))

    def proved(self, slope: Array, factors: list[Array], rho: float) -> DualPoint:
        """The bound of a dual vector, with the diagonal that the factors suggest."""
        fresh = max(FRESH, *(p.shape[1] for p in factors))
        return dual_point(self.problem, self.relaxation, self.loss, slope, factors, rho, fresh)

    def measure(self) -> list[Array]:
        """Objective and bound at the current point; sets the status when the run is over."""
        problem = self.problem
        factors, _, rhos = self.model.expand(self.point)
        f = self.model.outputs(factors, rhos)
        value = float(problem.weight @ self.loss.value(f, problem.y)) + problem.penalty * sum(rhos)
        slope = self.loss.gradient(f, problem.y)
        found = self.proved(slope, factors, sum(rhos))
        means = () if self.recent is None else (self.proved(self.recent, factors, sum(rhos)),)
        if self.best is None or value < self.best[1]:
            self.best = (factors, value, sum(rhos))
        self.bound = max((b for b in (self.bound, found, *means) if b), key=lambda b: b.value)
        self.gap = (self.best[1] - self.bound.value) / max(abs(self.best[1]), 1e-300)
        record = Progress(time.monotonic() - self.began, self.done, self.best[1], self.bound.value)
        self.history.append(record)
        if self.settings.on_progress is not None:
            self.settings.on_progress(record)
        if self.gap <= self.settings.gap:
            self.status = Status.SOLVED
        elif self.settings.max_seconds is not None and record.seconds > self.settings.max_seconds:
            self.status = Status.TIME_LIMIT
        return found.escape
