"""Choose encoder and beta by validation inside the training rows.

Two steps: a quick ranking of the encoders (candidates.py), then real networks of the best of
them along a falling path of betas, on the same folds, and the leaders again with the more relevant
half and quarter of their inputs (relevance.py says which, and why it helps). The score is
accuracy or R2 on the held rows; where two are level, the loss on them decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.encoder import ColumnKind
from qcompile.model.schema import Column
from qcompile.train.candidates import Candidate, candidates, rank
from qcompile.train.choices import BETAS, Choices
from qcompile.train.folds import folds_of
from qcompile.train.relevance import FEWEST
from qcompile.train.validation import path

__all__ = ["Chosen", "choose"]

FINALISTS = 3
# Of an encoder's columns, tried in turn until the score falls; with fewer rows than TELLING it falls by luck.
SHARES, TELLING = (0.5, 0.25), 60
# A fit costs about d^2 per search and score column. Validation keeps as many folds as this buys, and one
# finalist where it buys fewer than all; inputs too wide for a single fold take the default unvalidated.
WORK, MOST_WORK = 8e6, 5e7


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
    default = betas[0] if len(betas) == 1 else 0.01

    def untried(why: str) -> Chosen:
        return Chosen(options[0], default, f"taken with beta {default:g} by default: {why}")

    if not folds:
        return untried("there are too few rows to validate")
    first = options[0].fit(x[folds[0][0]], y[folds[0][0]], columns, task)
    cost = first.width**2 * (len(classes) if len(classes) > 2 else 1)
    if cost > MOST_WORK:
        return untried("validation on so many inputs takes too long")
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

    def run(option: Candidate) -> list[dict[str, Any]]:
        return path(option, betas, x, y, folds, columns, task, classes, loss, choices, on_row)

    tried = {str(option): option for option in finalists}
    table = [row for option in finalists for row in run(option)]
    keep = [str(o) for o in defaults]
    if not wide and len(y) >= TELLING:
        leaders = {table[_best(table)]["encoder"], table[_best(table, keep)]["encoder"]}
        for option in [o for o in finalists if str(o) in leaders]:
            table += _narrowed(option, _columns(option, x, y, columns, task), table, run, tried)
        keep = [name for name, o in tried.items() if replace(o, share=1.0) in defaults]
    best = _pick(table, keep)
    option = tried[table[best]["encoder"]]
    row = table[best]
    measure = "accuracy" if task == "classification" else "R2"
    reason = (
        f"chosen with beta {row['beta']:g} by validation: {measure} {row['score']:.3f} "
        f"over {len(folds)} fold{'s' * (len(folds) > 1)} of the training rows"
    )
    quick = tuple({"encoder": str(o), "score": s} for s, o in ranking) if len(options) > 1 else ()
    return Chosen(option, row["beta"], reason, quick, tuple(table))


def _columns(
    option: Candidate,
    x: NDArray[np.float32],
    y: NDArray[Any],
    columns: tuple[Column, ...],
    task: str,
) -> int:
    """Columns of an encoder beside its constants."""
    return int(np.sum(option.fit(x, y, columns, task).kind != ColumnKind.CONSTANT))


def _narrowed(
    option: Candidate,
    columns: int,
    table: Sequence[dict[str, Any]],
    run: Callable[[Candidate], list[dict[str, Any]]],
    tried: dict[str, Candidate],
) -> list[dict[str, Any]]:
    """Rows of an encoder with ever fewer of its inputs, until the score falls by half its error."""
    top = max((r for r in table if r["encoder"] == str(option)), key=lambda r: float(r["score"]))
    found: list[dict[str, Any]] = []
    for share in SHARES:
        if share * columns < FEWEST:
            break
        narrower = replace(option, share=share)
        tried[str(narrower)] = narrower
        rows = run(narrower)
        found += rows
        best = max(rows, key=lambda r: float(r["score"]))
        if best["score"] < top["score"] - 0.5 * top["error"]:
            break
        top = max(top, best, key=lambda r: float(r["score"]))
    return found


def _best(table: Sequence[dict[str, Any]], names: Sequence[str] | None = None) -> int:
    """Row of the best score among these encoders: see ``_pick``."""
    return max(
        (i for i, r in enumerate(table) if names is None or r["encoder"] in names),
        key=_keys(table).__getitem__,
    )


def _keys(table: Sequence[dict[str, Any]]) -> list[tuple[float, float, float]]:
    """Per row what it is compared by: score and loss, averaged with the neighbours in beta, then beta."""
    keys = []
    for row in table:
        path = [r for r in table if r["encoder"] == row["encoder"]]
        i = path.index(row)
        around = [row, *path[max(0, i - 1) : i + 2]]
        score, loss = (float(np.mean([r[k] for r in around])) for k in ("score", "loss"))
        keys.append((round(score, 9), round(-loss, 9), float(row["beta"])))
    return keys


def _pick(table: Sequence[dict[str, Any]], default: Sequence[str]) -> int:
    """Row of the best score, each averaged with its neighbours in beta: one fold's luck is not.

    Scores count errors, so on few rows many are level: then the loss on the held rows decides,
    and at last the larger beta. A default encoder stays unless another beats it by a standard
    error: the best of a dozen noisy scores is mostly luck (on wine it cost 0.8 points against
    always taking the default).
    """
    best = _best(table)
    if any(r["encoder"] in default for r in table):
        keys, kept = _keys(table), _best(table, default)
        if keys[best][0] - keys[kept][0] <= table[kept]["error"]:
            return kept
    return best
