"""cvxpy_sdp: the SDP in CVXPY [DB16], solved by SCS [OCPB16] or Clarabel [GC24]. The reference method.

Two forms of the bilinear family: ``reduced`` (two D x D cones, docs/theory.md#symmetric-reduction)
and ``block`` (the paper's 2D x 2D cone), of equal optimum. The other families have the reduced form only.
General solvers grow fast with D: above ``LIMITS`` this method refuses.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.errors import SolveError, did_you_mean
from qcompile.problem.families import FAMILIES
from qcompile.problem.losses import LOSSES
from qcompile.problem.problem import Problem
from qcompile.problem.relaxation import Relaxation
from qcompile.relax.certify import certify
from qcompile.relax.recover import recover
from qcompile.relax.solution import Progress, Settings, Solution, Status

Options = dict[str, float]  # of the solver
LIMITS = {"SCS": 250, "CLARABEL": 50}  # largest D that ends within a few minutes


def solve(
    problem: Problem,
    settings: Settings,
    solver: str = "SCS",
    form: str = "reduced",
    eps: float | None = None,
) -> Solution:
    """Solve the SDP with a general conic solver.

    Args:
        problem: any family.
        settings: gap, max_seconds (SCS), max_iterations (SCS).
        solver: "SCS" or "CLARABEL".
        form: "reduced", or "block" for the bilinear family.
        eps: SCS's accuracy; a thousandth of the gap that was asked for when not given.

    Raises:
        SolveError: too large, unknown solver or form, or the solver failed.
    """
    relaxation = FAMILIES[problem.family].relaxation(problem)
    _refuse(relaxation, solver, form)
    started = time.perf_counter()
    options: Options = {}
    if solver == "SCS":
        eps = min(1e-4, max(1e-3 * settings.gap, 1e-9)) if eps is None else eps
        options = {"eps": eps, "max_iters": settings.max_iterations or 100_000}
        if settings.max_seconds is not None:
            options["time_limit_secs"] = settings.max_seconds
    # SCS measures residuals absolutely: it is given rows of unit mean square, and A sigma^2 for A.
    square = float(np.square(relaxation.factors).mean())
    factors, constant = relaxation.factors / np.sqrt(square), relaxation.constant / square
    scaled = replace(relaxation, factors=factors, constant=constant)
    build = _block if form == "block" else _reduced
    a, b, diagonals = build(problem, scaled, problem.penalty / square, solver, options)
    a, b, diagonals = a / square, b / square, None if diagonals is None else diagonals * square
    z = relaxation.factors
    loss = LOSSES[problem.loss]
    f = np.einsum("nk,nk->n", z @ (a - b), z)
    if not relaxation.shared:
        f += relaxation.constant * (np.diag(a).max() - np.diag(b).max())
    dual = loss.gradient(f, problem.y)

    def made(status: Status, history: tuple[Progress, ...] = ()) -> Solution:
        return recover(
            problem,
            relaxation,
            a,
            b,
            dual,
            diagonals,
            method="cvxpy_sdp",
            iterations=0,
            status=status,
            seconds=time.perf_counter() - started,
            history=history,
        )

    first = made(Status.SOLVED)
    bound = certify(problem, first).bound
    reached = first.objective - bound <= settings.gap * abs(first.objective)
    progress = Progress(first.seconds, 1, first.objective, bound)
    if settings.on_progress is not None:
        settings.on_progress(progress)
    return made(Status.SOLVED if reached else Status.STALLED, (progress,))


def _refuse(relaxation: Relaxation, solver: str, form: str) -> None:
    if solver not in LIMITS:
        raise SolveError(
            f"{solver!r} is not one of the solvers: {', '.join(LIMITS)}.{did_you_mean(solver, LIMITS)}"
        )
    if form not in ("reduced", "block") or (form == "block" and not relaxation.shared):
        raise SolveError(f"form {form!r} is not available here; use form='reduced'.")
    size = relaxation.factors.shape[1]
    if size > LIMITS[solver]:
        raise SolveError(
            f"cvxpy_sdp with {solver} serves up to {LIMITS[solver]} encoded inputs, this problem has {size}; "
            "use method='dual_barrier' or 'burer_monteiro'."
        )


def _run(program: Any, solver: str, options: Options) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "solution may be inaccurate": the certificate says how inaccurate
        try:
            program.solve(solver=solver, **options)
        except Exception as error:  # cvxpy and its solvers raise a dozen unrelated types
            raise SolveError(f"{solver} failed: {error}; use method='dual_barrier'.") from error
    if program.value is None or not np.isfinite(program.value):
        raise SolveError(f"{solver} ended with status {program.status!r}; use method='dual_barrier'.")


def _reduced(
    problem: Problem, relaxation: Relaxation, price: float, solver: str, options: Options
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    import cvxpy as cp

    z, floor = relaxation.factors, relaxation.floor
    size = z.shape[1]
    a, b = (cp.Variable((size, size), PSD=True) for _ in range(2))
    f = cp.sum(cp.multiply(z @ (a - b), z), axis=1)
    if relaxation.shared:
        radius = cp.Variable()
        upper = [cp.diag(a) + cp.diag(b) <= radius]
        lower: list[Any] = []
    else:
        rhos = [cp.Variable(nonneg=True) for _ in range(2)]
        radius = rhos[0] + rhos[1]
        f = f + relaxation.constant * (rhos[0] - rhos[1])
        upper = [cp.diag(m) <= r for m, r in zip((a, b), rhos, strict=True)]
        lower = [cp.diag(m) >= floor * r for m, r in zip((a, b), rhos, strict=True)]
    cost = problem.weight @ _loss(problem, f) + price * radius
    _run(cp.Problem(cp.Minimize(cost), upper + lower), solver, options)
    diagonals = np.stack([c.dual_value for c in upper])
    if lower:
        diagonals = diagonals - np.stack([c.dual_value for c in lower])
    return _nearest_psd(a.value), _nearest_psd(b.value), diagonals


def _block(
    problem: Problem, relaxation: Relaxation, price: float, solver: str, options: Options
) -> tuple[NDArray[Any], NDArray[Any], None]:
    import cvxpy as cp

    z = relaxation.factors
    size = z.shape[1]
    whole, radius = cp.Variable((2 * size, 2 * size), PSD=True), cp.Variable()
    f = cp.sum(cp.multiply(z @ whole[:size, size:], z), axis=1)
    cost = problem.weight @ _loss(problem, f) + price * radius
    _run(cp.Problem(cp.Minimize(cost), [cp.diag(whole) <= radius]), solver, options)
    v = 0.5 * (whole.value[:size, :size] + whole.value[size:, size:])
    s = 0.5 * (whole.value[:size, size:] + whole.value[size:, :size])
    return _nearest_psd(0.5 * (v + s)), _nearest_psd(0.5 * (v - s)), None


def _loss(problem: Problem, f: Any) -> Any:
    return LOSSES[problem.loss].cvxpy_atom(f, problem.y)


def _nearest_psd(a: Any) -> NDArray[Any]:
    """The nearest PSD matrix: first-order solvers leave small negative eigenvalues."""
    values, vectors = np.linalg.eigh(0.5 * (a + a.T))
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)
