"""Choose encoder and beta by validation inside the training rows.

Two steps: a quick ranking of the encoders (rank.py), then real networks of the best of
them along a falling path of betas, on the same folds, and the leaders again with the more relevant
half and quarter of their inputs (relevance.py says which, and why it helps). The score is
accuracy or R2 on the held rows; where two are level, the loss on them decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qcompile.data.table import Table
from qcompile.facts import Tried
from qcompile.model.encoder import ColumnKind
from qcompile.train.choices import BETAS, Choices, default_loss
from qcompile.train.one_thread import one_blas_thread
from qcompile.train.select.candidates import Candidate, candidates
from qcompile.train.select.folds import folds_of
from qcompile.train.select.rank import Ranked, rank
from qcompile.train.select.relevance import FEWEST
from qcompile.train.select.validation import path

FINALISTS = 3
# Shares of an encoder's columns, tried in turn until the score falls. With fewer rows than TELLING a
# fall says nothing.
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
        loss: what training minimises.
        reason: one sentence for the report.
        ranking: of the quick ranking; empty if nothing was open.
        validation: of real networks; empty if nothing was open.
    """

    candidate: Candidate
    beta: float
    loss: str
    reason: str
    ranking: tuple[Ranked, ...] = ()
    validation: tuple[Tried, ...] = ()


@one_blas_thread()
def choose(table: Table, choices: Choices, on_row: Callable[[Tried], None] | None = None) -> Chosen:
    """Pick what the user left open.

    Args:
        table: training rows; no test row may be among them.
        choices: the user's; what is given there is kept.
        on_row: called with each row of the validation table as it is known.

    Returns:
        the configuration and its table.
    """
    schema = table.schema
    options = candidates(schema.columns, choices)
    loss = default_loss(schema.task, choices.loss)
    betas = (choices.beta,) if choices.beta else BETAS
    if len(options) == 1 and len(betas) == 1:
        return Chosen(options[0], betas[0], loss, f"as given, with beta {betas[0]:g}")
    folds = folds_of(table, choices.seed)
    default = betas[0] if len(betas) == 1 else 0.01

    def untried(why: str) -> Chosen:
        return Chosen(options[0], default, loss, f"taken with beta {default:g} by default: {why}")

    if not folds:
        return untried("there are too few rows to validate")
    first = options[0].fit(table.rows(folds[0][0]))
    cost = first.width**2 * (len(schema.classes) if len(schema.classes) > 2 else 1)
    if cost > MOST_WORK:
        return untried("validation on this many inputs takes too long")
    wide = WORK < cost * len(folds)
    folds = folds[: max(1, int(WORK // cost))]

    ranking = rank(options, table, folds) if len(options) > 1 else []
    finalists = [r.candidate for r in ranking[: 1 if wide else FINALISTS]] or [options[0]]
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

    def run(option: Candidate) -> list[Tried]:
        return path(option, betas, table, folds, choices, on_row)

    tried = {str(option): option for option in finalists}
    rows = [row for option in finalists for row in run(option)]
    keep = [str(o) for o in defaults]
    if not wide and len(table) >= TELLING:
        leaders = {rows[_best(rows)].encoder, rows[_best(rows, keep)].encoder}
        for option in [o for o in finalists if str(o) in leaders]:
            rows += _narrowed(option, _columns(option, table), rows, run, tried)
        keep = [name for name, o in tried.items() if replace(o, share=1.0) in defaults]
    row = rows[_pick(rows, keep)]
    measure = "accuracy" if schema.task == "classification" else "R2"
    reason = (
        f"chosen with beta {row.beta:g} by validation: {measure} {row.score:.3f} "
        f"over {len(folds)} fold{'s' * (len(folds) > 1)} of the training rows"
    )
    return Chosen(tried[row.encoder], row.beta, loss, reason, tuple(ranking), tuple(rows))


def _columns(option: Candidate, table: Table) -> int:
    """Columns of an encoder beside its constants."""
    return int(np.sum(option.fit(table).kind != ColumnKind.CONSTANT))


def _narrowed(
    option: Candidate,
    columns: int,
    rows: Sequence[Tried],
    run: Callable[[Candidate], list[Tried]],
    tried: dict[str, Candidate],
) -> list[Tried]:
    """Rows of an encoder with ever fewer of its inputs, until the score falls by half its error."""
    top = max((r for r in rows if r.encoder == str(option)), key=lambda r: r.score)
    found: list[Tried] = []
    for share in SHARES:
        if share * columns < FEWEST:
            break
        narrower = replace(option, share=share)
        tried[str(narrower)] = narrower
        more = run(narrower)
        found += more
        best = max(more, key=lambda r: r.score)
        if best.score < top.score - 0.5 * top.error:
            break
        top = max(top, best, key=lambda r: r.score)
    return found


def _best(rows: Sequence[Tried], names: Sequence[str] | None = None) -> int:
    """Row of the best score among these encoders: see ``_pick``."""
    return max(
        (i for i, r in enumerate(rows) if names is None or r.encoder in names), key=_keys(rows).__getitem__
    )


def _keys(rows: Sequence[Tried]) -> list[tuple[float, float, float]]:
    """Per row what it is compared by: score and loss, averaged with the neighbours in beta, then beta."""
    keys = []
    for row in rows:
        path = [r for r in rows if r.encoder == row.encoder]
        i = path.index(row)
        around = [row, *path[max(0, i - 1) : i + 2]]
        score, loss = float(np.mean([r.score for r in around])), float(np.mean([r.loss for r in around]))
        keys.append((round(score, 9), round(-loss, 9), row.beta))
    return keys


def _pick(rows: Sequence[Tried], default: Sequence[str]) -> int:
    """Row of the best score, each averaged with its neighbours in beta: one fold's luck is not.

    Scores count errors, so on few rows many are level: then the loss on the held rows decides,
    and at last the larger beta. A default encoder stays unless another beats it by a standard
    error: the best of a dozen noisy scores is mostly luck (on wine it cost 0.8 points against
    always taking the default).
    """
    best = _best(rows)
    if any(r.encoder in default for r in rows):
        keys, kept = _keys(rows), _best(rows, default)
        if keys[best][0] - keys[kept][0] <= rows[kept].error:
            return kept
    return best
