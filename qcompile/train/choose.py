"""Choose encoder and beta by validation inside the training rows.

Two steps: a quick ranking of the encoders (candidates.py), then real networks of the best of
them along a falling path of betas, on the same folds. The score is accuracy or R2 on the held
rows; within one standard error of the best, the larger beta and the narrower input win, because
they deploy smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.dataset import Dataset, classification_dataset, regression_dataset
from qcompile.data.encoder import Encoder
from qcompile.data.schema import Column
from qcompile.registry import load
from qcompile.rounding.atoms import Atoms
from qcompile.rounding.columns import generate
from qcompile.rounding.settings import RoundingSettings
from qcompile.train.candidates import Candidate, candidates, merit, rank
from qcompile.train.choices import BETAS, Choices
from qcompile.train.fit import problem_of, real_scores, rows_like
from qcompile.train.folds import FEW, folds_of, standard_error

__all__ = ["Chosen", "choose", "dataset_of"]

FINALISTS = 3
# Below so many numbers (rows times inputs) a fit is all interpreter, and threads only wait for each other.
THREADED = 20_000
# A fit costs about d^2 per search and score column. Validation keeps as many folds as this buys, and one
# finalist where it buys fewer than all; inputs too wide for a single fold take the default unvalidated.
WORK, MOST_WORK = 8e6, 5e7
# Above so many inputs, or FEW rows, validation searches quickly. Below it the full search is cheap, and its
# noise is not: on wine (142 rows) quick searches cost a test row of 178, and with it the accuracy asked for.
QUICK_WIDTH = 128


@dataclass(frozen=True)
class Chosen:
    """The configuration that validation picked, and the table it was picked from.

    Attributes:
        candidate: encoder strategy and options.
        beta: regularisation.
        reason: one sentence for the report.
        ranking: rows {"encoder", "score"} of the quick ranking; empty if nothing was open.
        validation: rows {"encoder", "beta", "score", "error", "loss", "width"}; empty if nothing was open.
    """

    candidate: Candidate
    beta: float
    reason: str
    ranking: tuple[dict[str, Any], ...] = ()
    validation: tuple[dict[str, Any], ...] = ()


def dataset_of(
    encoder: Encoder, x: NDArray[np.float32], y: NDArray[Any], task: str, classes: tuple[str, ...]
) -> Dataset:
    """Encoded rows with training targets of either task."""
    if task == "classification":
        return classification_dataset(encoder, x, y, classes)
    return regression_dataset(encoder, x, y)


def choose(
    x: NDArray[np.float32],
    y: NDArray[Any],
    columns: tuple[Column, ...],
    task: str,
    classes: tuple[str, ...],
    loss: str,
    choices: Choices,
    on_row: Callable[[dict[str, Any]], None] | None = None,
) -> Chosen:
    """Pick what the user left open.

    Args:
        x: (n, features) float32 raw training rows; no test row may be among them.
        y: (n,) class indices or targets.
        columns: what the features are.
        task: "classification" or "regression".
        classes: class names in index order.
        loss: name of the loss.
        choices: the user's; what is given there is kept.
        on_row: called with each row of the validation table as it is known.

    Returns:
        the configuration and its table.
    """
    options = candidates(x, columns, choices)
    betas = (choices.beta,) if choices.beta else BETAS
    if len(options) == 1 and len(betas) == 1:
        return Chosen(options[0], betas[0], f"as asked, with beta {betas[0]:g}")
    folds = folds_of(x, y, task, choices.seed)
    if not folds:
        beta = betas[0] if len(betas) == 1 else 0.01
        return Chosen(
            options[0], beta, f"taken with beta {beta:g} by default: there are too few rows to validate"
        )
    cost = options[0].fit(x[folds[0][0]], columns).width ** 2 * (len(classes) if len(classes) > 2 else 1)
    if cost > MOST_WORK:
        beta = betas[0] if len(betas) == 1 else 0.01
        return Chosen(
            options[0],
            beta,
            f"taken with beta {beta:g} by default: validation on so many inputs takes too long",
        )
    wide = WORK < cost * len(folds)
    folds = folds[: max(1, int(WORK // cost))]

    ranking: list[tuple[float, Candidate]] = [(float("nan"), options[0])]
    if len(options) > 1:
        ranking = rank(options, x, y, columns, folds, task)
    finalists = [option for _, option in ranking[: 1 if wide else FINALISTS]]
    # The first candidate, with one constant or several, is what the others have to beat.
    plain = {k: v for k, v in options[0].options.items() if k != "constants"}
    defaults = [
        o
        for o in options
        if o.encoder == options[0].encoder
        and {k: v for k, v in o.options.items() if k != "constants"} == plain
    ]
    if not wide:
        finalists += [o for o in defaults if o not in finalists]

    table: list[dict[str, Any]] = []
    for option in finalists:
        table += _path(option, betas, x, y, folds, columns, task, classes, loss, choices, on_row)
    best = _pick(table, [str(o) for o in defaults])
    option = next(o for o in finalists if str(o) == table[best]["encoder"])
    row = table[best]
    measure = "accuracy" if task == "classification" else "R2"
    reason = (
        f"chosen with beta {row['beta']:g} by validation: {measure} {row['score']:.3f} "
        f"over {len(folds)} fold{'s' * (len(folds) > 1)} of the training rows"
    )
    quick = tuple({"encoder": str(o), "score": s} for s, o in ranking) if len(options) > 1 else ()
    return Chosen(option, row["beta"], reason, quick, tuple(table))


def _pick(table: Sequence[dict[str, Any]], default: Sequence[str]) -> int:
    """Row of the greatest merit, each averaged with its neighbours in beta: one fold's luck is not.

    A default encoder stays unless another beats it by a standard error: the best of a dozen
    noisy scores is mostly luck (on wine it cost 0.8 points against always taking the default).
    """
    narrowest = min(r["width"] for r in table)
    merits = []
    for row in table:
        path = [r for r in table if r["encoder"] == row["encoder"]]
        i = path.index(row)
        around = [r["score"] for r in path[max(0, i - 1) : i + 2]]
        smooth = (row["score"] + sum(around)) / (1 + len(around))
        merits.append(round(merit(smooth, row["error"], row["width"], narrowest), 9))
    best = max(range(len(table)), key=lambda i: (merits[i], table[i]["beta"]))
    plain = [i for i, r in enumerate(table) if r["encoder"] in default]
    if plain:
        kept = max(plain, key=lambda i: (merits[i], table[i]["beta"]))
        if merits[best] - merits[kept] <= table[kept]["error"]:
            return kept
    return best


def _path(
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
        encoder = option.fit(x[fit_rows], columns)
        parts.append(
            (
                dataset_of(encoder, x[fit_rows], y[fit_rows], task, classes),
                dataset_of(encoder, x[held_rows], y[held_rows], task, classes),
            )
        )
    count = parts[0][0].y.shape[1]
    warm: dict[tuple[int, int], Atoms | None] = {}
    # Wider than it may deploy: pruning at every step would cost more than it tells.
    quick = len(folds[0][0]) + len(folds[0][1]) > FEW or parts[0][0].encoder.width > QUICK_WIDTH
    # Nor does the last digit of alpha tell anything: 1e-3 asks for a third of the Newton steps of 1e-7.
    settings = RoundingSettings(
        neurons=4 * choices.neurons,
        seed=choices.seed,
        tolerance=0.02,
        accuracy=1e-3 if quick else 1e-7,
        quick=quick,
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
