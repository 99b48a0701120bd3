"""Validation of one encoder: real networks along a falling path of betas, scored on held rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.dataset import Dataset, classification_dataset, regression_dataset
from qcompile.model.encoder import Encoder
from qcompile.model.schema import Column
from qcompile.registry import load
from qcompile.search.atoms import Atoms
from qcompile.search.columns import generate
from qcompile.search.settings import RoundingSettings
from qcompile.train.candidates import Candidate
from qcompile.train.choices import Choices
from qcompile.train.fit import problem_of, real_scores, rows_like
from qcompile.train.folds import standard_error

__all__ = ["dataset_of", "path"]

# Below so many numbers (rows times inputs) a fit is all interpreter, and threads only wait for each other.
THREADED = 20_000


def dataset_of(
    encoder: Encoder, x: NDArray[np.float32], y: NDArray[Any], task: str, classes: tuple[str, ...]
) -> Dataset:
    """Encoded rows with training targets of either task."""
    if task == "classification":
        return classification_dataset(encoder, x, y, classes)
    return regression_dataset(encoder, x, y)


def path(
    option: Candidate,
    betas: Sequence[float],
    x: NDArray[np.float32],
    y: NDArray[Any],
    folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    columns: tuple[Column, ...],
    task: str,
    classes: tuple[str, ...],
    loss: str,
    choices: Choices,
    on_row: Callable[[dict[str, Any]], None] | None,
) -> list[dict[str, Any]]:
    """Rows of the validation table for one encoder, along the falling path of betas.

    Every network is started from its neighbour's neurons; the path ends once the score has been
    falling for two betas, because smaller ones only fit the training rows more closely.
    """
    from joblib import Parallel, delayed
    from threadpoolctl import threadpool_limits

    parts = []
    for fit_rows, held_rows in folds:
        encoder = option.fit(x[fit_rows], y[fit_rows], columns, task)
        parts.append(
            (
                dataset_of(encoder, x[fit_rows], y[fit_rows], task, classes),
                dataset_of(encoder, x[held_rows], y[held_rows], task, classes),
            )
        )
    count = parts[0][0].y.shape[1]
    warm: dict[tuple[int, int], Atoms | None] = {}
    # Wider than it may deploy: pruning at every step would cost more than it tells. Nor does the last
    # digit of alpha tell anything: 1e-3 asks for a third of the Newton steps of 1e-7.
    settings = RoundingSettings(
        neurons=4 * choices.neurons, seed=choices.seed, tolerance=0.02, accuracy=1e-3, quick=True
    )

    def run(fold: int, column: int, beta: float) -> NDArray[np.float64]:
        fitted, held = parts[fold]
        problem = problem_of(fitted, column, beta, loss, choices)
        atoms = generate(problem, settings, warm.get((fold, column)))
        warm[fold, column] = atoms
        return real_scores(problem, atoms, rows_like(problem, held.q))

    rows: list[dict[str, Any]] = []
    large = parts[0][0].q.size >= THREADED
    jobs = choices.workers if large else 1
    pairs = [(f, c) for f in range(len(folds)) for c in range(count)]
    with threadpool_limits(1):
        for beta in betas:
            found = Parallel(n_jobs=min(jobs, len(pairs)), prefer="threads")(
                delayed(run)(f, c, beta) for f, c in pairs
            )
            outputs = [np.column_stack(found[f * count : (f + 1) * count]) for f in range(len(folds))]
            scores = np.array(
                [
                    _score(o, y[held], p[0], task)
                    for o, (_, held), p in zip(outputs, folds, parts, strict=True)
                ]
            )
            error = standard_error(scores, len(folds[0][0]) + len(folds[0][1]))
            risks = [_risk(o, held.y, loss) for o, (_, held) in zip(outputs, parts, strict=True)]
            rows.append(
                {
                    "encoder": str(option),
                    "beta": beta,
                    "score": float(scores.mean()),
                    "error": error,
                    "loss": float(np.mean(risks)),
                    "width": parts[0][0].encoder.width,
                }
            )
            if on_row:
                on_row(rows[-1])
            best = max(rows, key=lambda r: float(r["score"]))
            if all(r["score"] < best["score"] - 0.5 * best["error"] for r in rows[-2:]):
                break
    return rows


def _risk(values: NDArray[np.float64], y: NDArray[np.float64], loss: str) -> float:
    """Mean training loss on held rows, summed over score columns."""
    value = load("qcompile.problem.losses", loss).value
    return float(sum(value(values[:, c], y[:, c]).mean() for c in range(y.shape[1])))


def _score(values: NDArray[np.float64], y: NDArray[Any], dataset: Dataset, task: str) -> float:
    if task == "regression":
        residual = ((values[:, 0] * dataset.spread + dataset.offset - y) ** 2).sum()
        spread = ((y - y.mean()) ** 2).sum()
        return float(1 - residual / spread) if spread > 0 else 0.0
    if values.shape[1] == 1:
        return float(((values[:, 0] >= 0) == (y == 1)).mean())
    return float((values.argmax(axis=1) == y).mean())
