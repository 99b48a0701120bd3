"""solve: pick a training method and run it."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import Any

from qcompile.errors import SolveError
from qcompile.problem.losses import LOSSES
from qcompile.problem.problem import Problem
from qcompile.relax.methods import METHODS
from qcompile.relax.solution import Settings, Solution

log = logging.getLogger(__name__)

# The barrier factorises a Newton matrix of the order of the smaller of n (samples) and
# D(D+1)/2 (moments), or applies conjugate gradients at 4 n D^2 operations a product; up to
# one of these sizes a run to a gap of 1e-4 takes less than about a minute on one core.
LARGEST_SYSTEM = 5000
LARGEST_PRODUCT = 1e9
# Operations of a step on moments: n D^4 / 4 for their sums alone, half a minute at this limit.
LARGEST_SUMS = 6e11


def choose(problem: Problem) -> tuple[str, str]:
    """The default method for a problem, and the reason in one sentence.

    >>> from qcompile.problem.problem import pose
    >>> choose(pose([[1, 1], [1, -1]], 1, [2.0, 0.0], 0.25))[0]
    'dual_barrier'
    """
    n, d = problem.n, problem.d
    order = min(n, (d + 1) * (d + 2) // 2) + 2 * (d + 1)
    shape = f"{n} distinct samples and {d} encoded inputs"
    if order < n and n * float(d * (d + 1) // 2) ** 2 > LARGEST_SUMS:
        return "burer_monteiro", (
            f"{shape} give sums of {d * (d + 1) // 2} moments that take half a minute a step: "
            "the factored method needs products with the data only."
        )
    if order <= LARGEST_SYSTEM:
        return "dual_barrier", (
            f"{shape} give Newton systems of order {order}, within {LARGEST_SYSTEM}: "
            "the accurate method is affordable."
        )
    if n * d * d <= LARGEST_PRODUCT:
        return "dual_barrier", (
            f"{shape} give Newton systems of order {order}, but products with the data are cheap: "
            "the accurate method by conjugate gradients is affordable."
        )
    return "burer_monteiro", (
        f"{shape} give Newton systems of order {order}, above {LARGEST_SYSTEM}, and costly products: "
        "the factored method needs memory for (n + d) r numbers only."
    )


def solve(
    problem: Problem,
    method: str = "auto",
    settings: Settings | None = None,
    threads: int | None = None,
    **options: Any,
) -> Solution:
    """Solve the SDP relaxation of a problem.

    Args:
        problem: the training problem.
        method: a name in relax/methods, or "auto" (see ``choose``).
        settings: when to stop; the defaults of ``Settings`` when not given.
        threads: BLAS threads while solving; give 1 where classes already run in parallel.
        **options: of the method (``solver`` and ``form`` of cvxpy_sdp, for example).

    Raises:
        SolveError: the method refuses the problem, or its data are not what the loss takes.

    >>> from qcompile.problem.problem import pose
    >>> p = pose([[1, 1], [1, -1]], 1, [2.0, 0.0], 0.25)
    >>> round(solve(p, settings=Settings(gap=1e-8)).objective, 6)
    0.234375
    """
    loss = LOSSES[problem.loss]
    if "regression" not in loss.TASKS and not (abs(problem.y) == 1.0).all():
        raise SolveError(f"the {problem.loss} loss takes targets -1 and +1 only; encode the classes so.")
    if method == "auto":
        method, reason = choose(problem)
        log.info("method %s: %s", method, reason)
    with _limited(threads):
        return METHODS[method].solve(problem, settings or Settings(), **options)


def _limited(threads: int | None) -> Any:
    if threads is None:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=threads, user_api="blas")
