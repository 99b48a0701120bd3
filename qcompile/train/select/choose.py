"""Choose encoder, beta and width by validation inside the training rows.

Cheap looks first, each on fewer candidates and more rows than the one before:

    ranking     every encoder, by kernel ridge regression on few rows                (rank.py)
    first       the leaders as real networks along falling betas, same rows          (validation.py)
    inputs      the best of them again with the more relevant half and quarter       (relevance.py)
    final       the best encoder of fixed cuts against the best of chosen splits, on more rows
    width       16, 32, 64 neurons: the fewest that keep the score

The score is accuracy or R2 on the held rows; where two are level, the loss on them decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qcompile.data.table import Table
from qcompile.facts import Tried
from qcompile.model.encoder import ColumnKind
from qcompile.train.choices import BETAS, NEURONS, Choices, default_loss
from qcompile.train.fit import MANY
from qcompile.train.one_thread import one_blas_thread
from qcompile.train.select.candidates import Candidate, candidates
from qcompile.train.select.folds import FIRST, MOST, Folds, folds_of
from qcompile.train.select.pick import best_of, leanest, pick
from qcompile.train.select.rank import Ranked, rank
from qcompile.train.select.relevance import FEWEST
from qcompile.train.select.validation import Validation

FINALISTS = 2
# Shares of an encoder's columns, tried in turn until the score falls. With fewer rows than TELLING a
# fall says nothing.
SHARES, TELLING = (0.5, 0.25), 60
# A fit costs about d^2 per search and score column. Validation keeps as many folds as this buys, and one
# finalist where it buys fewer than all; inputs too wide for a single fold take the default unvalidated.
WORK, MOST_WORK = 8e6, 5e7
OVERHEAD = 30_000  # of a fit of few inputs, in the same unit: a hundred score columns are work, too
# Bits of the splits encoder that are judged again whatever the first look says.
MIDDLE = 50
# Few rows do not tell which of many bits matter, and their many folds make trying them slow.
ROWS_PER_BIT = 8
# Widths that are tried, and the one that is taken untried; pruning costs about d^2 per neuron and column.
WIDTHS, WIDTH, MOST_PRUNING = (16, 32, 64), 128, 4e6

Listen = Callable[[Tried], None]


@dataclass(frozen=True)
class Chosen:
    """The configuration that validation picked, and the table it was picked from.

    Attributes:
        candidate: encoder strategy and options.
        beta: regularisation.
        loss: what training minimises.
        neurons: at most so many per score column.
        reason: for the report; names a smaller network that is nearly as good, if there is one.
        ranking: of the quick ranking; empty if nothing was open.
        validation: of real networks; empty if nothing was open.
    """

    candidate: Candidate
    beta: float
    loss: str
    neurons: int
    reason: str
    ranking: tuple[Ranked, ...] = ()
    validation: tuple[Tried, ...] = ()


@one_blas_thread()
def choose(table: Table, choices: Choices, on_row: Listen | None = None) -> Chosen:
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
    width = choices.neurons or NEURONS
    if len(options) == 1 and len(betas) == 1:
        return Chosen(options[0], betas[0], loss, width, f"as given, with beta {betas[0]:g}")
    folds = folds_of(table, choices.seed)
    default = betas[0] if len(betas) == 1 else 0.01

    def untried(why: str) -> Chosen:
        reason = f"taken with beta {default:g} by default: {why}"
        return Chosen(options[0], default, loss, width, reason)

    if not folds.parts:
        return untried("there are too few rows to validate")
    columns = len(schema.classes) if len(schema.classes) > 2 else 1
    cost = (options[0].fit(folds.parts[0][0]).width ** 2 + OVERHEAD) * columns
    if cost > MOST_WORK:
        return untried("validation on this many inputs takes too long")
    many = columns > MANY
    wide = many or WORK < cost * len(folds.parts)
    folds = replace(folds, parts=folds.parts[: max(1, int(WORK // cost))])

    kinds = {o.encoder for o in options} - ({"splits"} if not wide else set())
    ranked = [o for o in options if o.encoder in ({options[0].encoder} if many else kinds)]
    ranking = rank(ranked, folds) if len(ranked) > 1 else []
    first = _Rung(folds, betas, choices, on_row)
    _first_look(first, options, ranking, table, wide)
    last = _final_look(first, options, table, wide)
    rows = last.rows
    chosen = rows[pick(rows, last.defaults, last.folds, len(table))]
    chosen = _narrowest(last, chosen, columns)
    least = _leanest(last, chosen, columns)
    taken = least if choices.lean else chosen
    measure = "accuracy" if schema.task == "classification" else "R2"
    count = len(last.folds.parts)
    reason = (
        f"chosen with beta {taken.beta:g} by validation: {measure} {taken.score:.3f} "
        f"over {count} fold{'s' * (count > 1)} of the training rows"
    )
    if least is not taken:
        reason += f". {_lean_sentence(least, taken, measure)}"
    neurons = choices.neurons or last.widths.get((taken.encoder, taken.beta, taken.neurons), WIDTH)
    tried = (*first.rows, *(last.rows if last is not first else ()))
    return Chosen(
        last.options[taken.encoder].option, taken.beta, loss, neurons, reason, tuple(ranking), tried
    )


class _Rung:
    """What is known on one set of folds."""

    def __init__(self, folds: Folds, betas: Sequence[float], choices: Choices, on_row: Listen | None) -> None:
        self.folds, self.betas, self.choices, self.on_row = folds, betas, choices, on_row
        self.options: dict[str, Validation] = {}
        self.rows: list[Tried] = []
        self.defaults: list[str] = []
        self.across = False
        self.widths: dict[tuple[str, float, int], int] = {}

    def run(self, option: Candidate, betas: Sequence[float] | None = None) -> list[Tried]:
        """Rows of an encoder; none if it is behind the best of its kind."""
        if str(option) not in self.options:
            kind = self.of(option.encoder == "splits")
            rivals = [row for row in self.rows if self.across or row.encoder in kind]
            best = max(rivals, key=lambda r: r.score) if rivals else None
            self.options[str(option)] = validation = Validation(option, self.folds, self.choices)
            self.rows += validation.path(betas or self.betas, self.on_row, best)
        return [row for row in self.rows if row.encoder == str(option)]

    def of(self, splits: bool) -> list[str]:
        """Names of the encoders in the table that choose their cuts, or of those that do not."""
        names = dict.fromkeys(row.encoder for row in self.rows)
        return [name for name in names if (self.options[name].option.encoder == "splits") == splits]


def _first_look(
    rung: _Rung, options: Sequence[Candidate], ranking: Sequence[Ranked], table: Table, wide: bool
) -> None:
    """The leaders of the ranking and the defaults, then the best of them with fewer inputs."""
    order = [r.candidate for r in ranking] or list(options)
    fixed = [o for o in order if o.encoder != "splits"]
    # The first candidate, with one constant or several, is what the others have to beat.
    plain = {k: v for k, v in options[0].options.items() if k != "constants"}
    defaults = [
        o
        for o in options
        if o.encoder == options[0].encoder
        and {k: v for k, v in o.options.items() if k != "constants"} == plain
    ]
    if wide:
        rung.run(order[0])
        return
    splits = [o for o in options if o.encoder == "splits"]
    few = [o for o in splits if o.options["count"] * ROWS_PER_BIT <= len(table)]
    _more_and_more(rung, few or splits[:1])
    if len(table) > FIRST:  # what follows has more rows, and there the higher mean wins
        for option in fixed[:1]:
            rung.run(option)
        return
    for option in [*fixed[:FINALISTS], *(o for o in defaults if o not in fixed[:FINALISTS])]:
        rung.run(option)
    rung.defaults = [str(o) for o in defaults]
    if len(table) < TELLING or not fixed:
        return
    plain_ones = [name for name in rung.of(False) if name in rung.defaults]
    kinds = [names for names in (rung.of(False), plain_ones) if names]
    leaders = {rung.rows[best_of(rung.rows, names)].encoder for names in kinds}
    for option in [rung.options[name].option for name in rung.of(False) if name in leaders]:
        _narrowed_inputs(rung, option, table)
    rung.defaults = [name for name, v in rung.options.items() if replace(v.option, share=1.0) in defaults]


def _more_and_more(rung: _Rung, splits: Sequence[Candidate]) -> None:
    """Ever more bits, until the score falls."""
    top = float("-inf")
    for option in splits:
        score = max((row.score for row in rung.run(option)), default=float("-inf"))
        if score < top:
            break
        top = score


def _narrowed_inputs(rung: _Rung, option: Candidate, table: Table) -> None:
    """An encoder with ever fewer of its inputs, until the score falls by half its error."""
    top = max(rung.run(option), key=lambda r: r.score)
    columns = int(np.sum(option.fit(table).kind != ColumnKind.CONSTANT))
    for share in SHARES:
        if share * columns < FEWEST:
            break
        found = rung.run(replace(option, share=share))
        if not found:
            break
        best = max(found, key=lambda r: r.score)
        if best.score < top.score - 0.5 * top.error:
            break
        top = max(top, best, key=lambda r: r.score)


def _final_look(first: _Rung, options: Sequence[Candidate], table: Table, wide: bool) -> _Rung:
    """The best of either kind again on more rows, where there are more; else the first look."""
    if wide or len(table) <= FIRST or len(first.betas) == 1:
        return first
    last = _Rung(folds_of(table, first.choices.seed, MOST), first.betas, first.choices, first.on_row)
    kinds = [names for names in (first.of(False), first.of(True)) if names]
    leaders = [first.rows[best_of(first.rows, names)] for names in kinds]
    if len(leaders) == 2:
        lead = np.array(leaders[0].scores) - np.array(leaders[1].scores)
        if abs(lead.mean()) > 2 * first.folds.paired_error(lead):  # no need to ask again
            leaders = leaders[:1] if lead.mean() > 0 else leaders[1:]
    last.across = True  # what is far behind the other kind need not go on
    for row in reversed(leaders):  # chosen splits first: they are the narrower inputs
        option = first.options[row.encoder].option
        at = first.betas.index(row.beta)
        # More rows bear a smaller beta, and more bits; MIDDLE bits are there in any case.
        found = last.run(option, first.betas[at : at + 3])
        if option.encoder == "splits":
            best = first.betas.index(found[best_of(found)].beta)
            following = options[options.index(option) + 1 :][:1]
            middle = [o for o in options if o.encoder == "splits" and o.options["count"] == MIDDLE]
            for other in middle if option.options["count"] > MIDDLE else following:
                last.run(other, first.betas[max(0, best - 1) : best + 1])
    last.defaults = last.of(splits=False)
    return last


def _narrowest(rung: _Rung, chosen: Tried, columns: int) -> Tried:
    """The row of the fewest neurons that keep the score; pruned networks join the table."""
    if rung.choices.neurons is not None or columns > MANY:
        return chosen
    validation = rung.options[chosen.encoder]
    if validation.width**2 * columns * len(rung.folds.parts) > MOST_PRUNING:
        return chosen
    for neurons in WIDTHS:
        if neurons >= chosen.neurons:
            break
        row = validation.narrowed(chosen.beta, neurons)
        rung.rows.append(row)
        rung.widths[row.encoder, row.beta, row.neurons] = neurons
        lost = np.array(chosen.scores) - np.array(row.scores)
        if lost.mean() <= rung.folds.paired_error(lost):
            return row
    return chosen


def _leanest(rung: _Rung, chosen: Tried, columns: int) -> Tried:
    """The smallest network that is nearly as good; the narrowest encoder is tried with few neurons, too."""
    near = [r for r in rung.rows if r.score >= chosen.score - 0.5 * chosen.error and r.width < chosen.width]
    if near and rung.choices.neurons is None:
        narrow = min(near, key=lambda r: (r.width, r.neurons))
        if narrow.encoder != chosen.encoder:
            _narrowest(rung, narrow, columns)
    return leanest(rung.rows, chosen)


def _lean_sentence(least: Tried, taken: Tried, measure: str) -> str:
    return (
        f"--lean would take {least.encoder} with beta {least.beta:g} and {least.neurons} neurons: "
        f"{measure} {least.score:.3f} in about {least.size_bytes:,} bytes, not {taken.score:.3f} in "
        f"about {taken.size_bytes:,}"
    )
