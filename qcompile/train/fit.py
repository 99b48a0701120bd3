"""Fit one configuration: every score column is solved, certified, rounded; then one integer layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.bound.prove import affordable, prove
from qcompile.certificate.make import Certificate
from qcompile.data.dataset import Dataset
from qcompile.json_records import Json
from qcompile.model.network import Network
from qcompile.problem.families import FAMILIES
from qcompile.problem.problem import Problem, pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import choose as choose_method
from qcompile.relax.choose import solve
from qcompile.relax.solution import Progress, Settings, Solution, Status
from qcompile.search.atoms import Atoms
from qcompile.search.constant import best_constants
from qcompile.search.integer.layer import IntegerLayer, quantize
from qcompile.search.sample import generate_from_sample
from qcompile.search.settings import RoundingSettings
from qcompile.train.choices import NEURONS, Choices, default_loss
from qcompile.train.one_thread import one_blas_thread
from qcompile.train.proof import Proof

# Watch(stage, score column, progress): called from worker threads.
Watch = Callable[[str, int, Progress], None]

# The default relative gap: the factored method takes minutes for the last digits.
GAP, LARGE_GAP = 1e-3, 1e-2
# With more score columns than this each gets a quick search for its neurons, and no exact proof unasked.
MANY = 50


@dataclass(frozen=True, eq=False)
class ColumnFit:
    """One score column: the relaxed optimum, its proof, and the real-alpha network."""

    problem: Problem
    solution: Solution
    certificate: Certificate
    atoms: Atoms
    reason: str


@dataclass(frozen=True, eq=False)
class DatasetFit:
    """All score columns and the integer layer that they share."""

    columns: tuple[ColumnFit, ...]
    layer: IntegerLayer

    @property
    def objectives(self) -> tuple[float, ...]:
        """Training objective of the deployed integer network, per score column."""
        return self.layer.objectives

    @property
    def proof(self) -> Proof:
        """What the certificates say about the deployed network."""
        return Proof(self.objectives, tuple(f.certificate for f in self.columns))

    @property
    def weights(self) -> str:
        """The first-layer grid."""
        return self.columns[0].problem.weights


def problem_of(dataset: Dataset, column: int, beta: float, choices: Choices) -> Problem:
    """The training problem of one score column."""
    return pose(
        dataset.q,
        dataset.encoder.top,
        dataset.y[:, column],
        beta,
        loss=default_loss(dataset.task, choices.loss),
        family=choices.family,
        weights=choices.weights,
        activation=choices.activation,
    )


def fit_column(
    problem: Problem,
    choices: Choices,
    watch: Callable[[str, Progress], None] | None = None,
    quick: bool = False,
) -> ColumnFit:
    """Solve the relaxation, certify it, round it to at most ``choices.neurons`` neurons.

    ``quick`` searches neurons by alternation alone; the relaxation and its bound are the same, and
    an exact proof is made only where it is asked for.
    """
    method, reason = (
        choose_method(problem) if choices.method == "auto" else (choices.method, "chosen by the user")
    )
    large = choose_method(problem)[0] == "burer_monteiro"
    gap = choices.gap or (LARGE_GAP if large else GAP)
    solution = solve(
        problem,
        method,
        Settings(
            gap=gap,
            max_seconds=choices.max_seconds,
            seed=choices.seed,
            on_progress=(lambda p: watch("solve", p)) if watch else None,
        ),
    )
    if solution.status is Status.INTERRUPTED:  # a direct call keeps the last iterate; a build stops
        raise KeyboardInterrupt
    certificate = certify(problem, solution)
    atoms = generate_from_sample(
        problem,
        RoundingSettings(
            neurons=choices.neurons or NEURONS,
            seed=choices.seed,
            # A bound known to 1 % says nothing about the fourth digit of the network's objective.
            tolerance=max(1e-4, 0.1 * gap) if large else 1e-3 if quick else 1e-4,
            accuracy=1e-3 * gap if large else 1e-7,
            quick=large or quick,
            max_seconds=choices.max_seconds,
            on_progress=(lambda p: watch("rounding", p)) if watch else None,
        ),
        solution,
    )
    unasked = "fast" if quick else affordable(problem)
    level = unasked if choices.prove == "auto" else choices.prove
    told = (lambda p: watch("prove", p)) if watch else None
    certificate = prove(problem, atoms, certificate, level, choices.max_seconds, told)
    return ColumnFit(problem, solution, certificate, atoms, reason)


@one_blas_thread()
def fit_dataset(dataset: Dataset, beta: float, choices: Choices, watch: Watch | None = None) -> DatasetFit:
    """Fit every score column, in parallel threads, then choose the shared integer layer.

    With ``choices.max_weight_bits`` every grid up to that width is fitted, and the one whose deployed
    network has the lowest objective is kept (the narrower one on a tie).
    Columns are independent problems with their own certificates (the entrywise l1 penalty
    separates); each works with one BLAS thread.
    """
    from joblib import Parallel, delayed

    if choices.max_weight_bits is not None:
        grids = ("binary", "2bit", "3bit", "4bit")[: choices.max_weight_bits]
        single = [replace(choices, weights=g, max_weight_bits=None) for g in grids]
        return min((fit_dataset(dataset, beta, c, watch) for c in single), key=lambda f: sum(f.objectives))
    count = dataset.y.shape[1]
    problems = [problem_of(dataset, c, beta, choices) for c in range(count)]

    def run(c: int) -> ColumnFit:
        told = (lambda stage, p: watch(stage, c, p)) if watch else None
        return fit_column(problems[c], choices, told, quick=count > MANY)

    jobs = min(count, choices.workers)
    fits = Parallel(n_jobs=jobs, prefer="threads")(delayed(run)(c) for c in range(count))
    layer = quantize(problems, [f.atoms for f in fits], bits=choices.alpha_bits)
    return DatasetFit(tuple(fits), layer)


def to_network(
    dataset: Dataset,
    fit: DatasetFit,
    columns: tuple[str, ...] = (),
    provenance: Json | None = None,
) -> Network:
    """The deployable network: value = scale * score + offset in the raw target's units."""
    layer, bias, scale = fit.layer, None, fit.layer.scale
    if not len(layer.u):  # the zero network answers the best constant
        bias, scale = best_constants([c.problem for c in fit.columns])
    return Network(
        encoder=dataset.encoder,
        u=layer.u,
        v=layer.v,
        alpha=layer.alpha,
        scale=scale * dataset.spread,
        offset=dataset.offset,
        form=layer.form.form,
        activation=layer.form.activation,
        weights=fit.weights,
        task=dataset.task,
        classes=dataset.classes,
        columns=columns,
        provenance=provenance or {},
        bias=bias,
    )


def rows_like(problem: Problem, q: NDArray[Any]) -> Problem:
    """Other rows in the shape of a problem of the same family, none merged; targets are unused."""
    count = len(q)
    return replace(problem, q=q, y=np.zeros(count), weight=np.full(count, 1.0 / count))


def real_scores(problem: Problem, atoms: Atoms, rows: Problem) -> NDArray[np.float64]:
    """Scores of the real-alpha network on the rows of another problem of the same family."""
    if not len(atoms.alpha):
        return np.zeros(rows.n)
    family = FAMILIES[problem.family]
    scores: NDArray[np.float64] = family.features(rows, atoms.u, atoms.v) @ atoms.alpha
    return scores
