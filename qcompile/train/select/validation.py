"""Validation of one encoder: real networks along a falling path of betas, scored on held rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from qcompile.data.dataset import Dataset, dataset_of
from qcompile.data.table import Table
from qcompile.facts import Tried
from qcompile.problem.losses import LOSSES
from qcompile.search.atoms import Atoms
from qcompile.search.columns import generate
from qcompile.search.settings import RoundingSettings
from qcompile.train.choices import Choices, default_loss
from qcompile.train.fit import problem_of, real_scores, rows_like
from qcompile.train.one_thread import one_blas_thread
from qcompile.train.select.candidates import Candidate
from qcompile.train.select.folds import Fold, standard_error

# Below this many numbers (rows times inputs) a fit spends its time in the interpreter, and threads wait
# for each other.
THREADED = 20_000


@one_blas_thread()
def path(
    option: Candidate,
    betas: Sequence[float],
    table: Table,
    folds: Sequence[Fold],
    choices: Choices,
    on_row: Callable[[Tried], None] | None = None,
) -> list[Tried]:
    """Rows of the validation table for one encoder, along the falling path of betas.

    Every network is started from its neighbour's neurons; the path ends once the score has been
    falling for two betas, because smaller ones only fit the training rows more closely.
    """
    from joblib import Parallel, delayed

    parts = []
    for fold in folds:
        fitted, held = (table.rows(part) for part in fold)
        encoder = option.fit(fitted)
        parts.append((dataset_of(encoder, fitted), dataset_of(encoder, held), held))
    count = parts[0][0].y.shape[1]
    warm: dict[tuple[int, int], Atoms | None] = {}
    # Wider than it may deploy: pruning at every step would cost more than it tells. Nor does the last
    # digit of alpha tell anything: 1e-3 asks for a third of the Newton steps of 1e-7.
    settings = RoundingSettings(
        neurons=4 * choices.neurons, seed=choices.seed, tolerance=0.02, accuracy=1e-3, quick=True
    )

    def run(fold: int, column: int, beta: float) -> NDArray[np.float64]:
        fitted, held, _ = parts[fold]
        problem = problem_of(fitted, column, beta, choices)
        atoms = generate(problem, settings, warm.get((fold, column)))
        warm[fold, column] = atoms
        return real_scores(problem, atoms, rows_like(problem, held.q))

    rows: list[Tried] = []
    large = parts[0][0].q.size >= THREADED
    jobs = choices.workers if large else 1
    pairs = [(f, c) for f in range(len(folds)) for c in range(count)]
    loss = default_loss(table.schema.task, choices.loss)
    for beta in betas:
        found = Parallel(n_jobs=min(jobs, len(pairs)), prefer="threads")(
            delayed(run)(f, c, beta) for f, c in pairs
        )
        outputs = [np.column_stack(found[f * count : (f + 1) * count]) for f in range(len(folds))]
        scores = np.array([_score(o, p[2], p[0]) for o, p in zip(outputs, parts, strict=True)])
        error = standard_error(scores, len(folds[0][0]) + len(folds[0][1]))
        risks = [_risk(o, p[1].y, loss) for o, p in zip(outputs, parts, strict=True)]
        rows.append(
            Tried(
                str(option),
                beta,
                float(scores.mean()),
                error,
                float(np.mean(risks)),
                parts[0][0].encoder.width,
            )
        )
        if on_row:
            on_row(rows[-1])
        best = max(rows, key=lambda r: r.score)
        if all(r.score < best.score - 0.5 * best.error for r in rows[-2:]):
            break
    return rows


def _risk(values: NDArray[np.float64], y: NDArray[np.float64], loss: str) -> float:
    """Mean training loss on held rows, summed over score columns."""
    value = LOSSES[loss].value
    return float(sum(value(values[:, c], y[:, c]).mean() for c in range(y.shape[1])))


def _score(values: NDArray[np.float64], held: Table, fitted: Dataset) -> float:
    """Accuracy or R2 of real scores on held rows."""
    y = held.y
    if fitted.task == "regression":
        residual = ((values[:, 0] * fitted.spread + fitted.offset - y) ** 2).sum()
        spread = ((y - y.mean()) ** 2).sum()
        return float(1 - residual / spread) if spread > 0 else 0.0
    if values.shape[1] == 1:
        return float(((values[:, 0] >= 0) == (y == 1)).mean())
    return float((values.argmax(axis=1) == y).mean())
