"""Validation of one encoder: real networks along a falling path of betas, scored on held rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qcompile.data.dataset import Dataset, dataset_of
from qcompile.facts import Tried
from qcompile.model.grid import values as grid
from qcompile.problem.losses import LOSSES
from qcompile.search.atoms import Atoms
from qcompile.search.columns import generate
from qcompile.search.prune import to_width
from qcompile.search.settings import RoundingSettings
from qcompile.train.choices import Choices, default_loss
from qcompile.train.fit import problem_of, real_scores, rows_like
from qcompile.train.select.candidates import Candidate
from qcompile.train.select.folds import Folds
from qcompile.train.select.pick import best_of
from qcompile.train.select.score import score_of

# Below this many numbers (rows times inputs) a fit spends its time in the interpreter, and threads wait
# for each other.
THREADED = 20_000
# Of so many folds or more a few come first: the first repeat, or PROBE where nothing is repeated.
MANY_FOLDS, PROBE = 5, 2
# A fall by so many standard errors is no chance.
FAR = 2.0
# Wider than any network that is deployed: pruning at every step would cost more than it tells.
WIDEST = 512


class Validation:
    """One encoder on some folds; the networks of the last beta are kept for what follows."""

    def __init__(self, option: Candidate, folds: Folds, choices: Choices) -> None:
        self.option, self.folds, self.choices = option, folds, choices
        self.parts: list[tuple[Dataset, Dataset]] = []
        for fitted, held in folds.parts:
            encoder = option.fit(fitted)
            self.parts.append((dataset_of(encoder, fitted), dataset_of(encoder, held)))
        self.columns = self.parts[0][0].y.shape[1]
        self.nets: dict[tuple[float, int, int], Atoms] = {}
        self._warm: dict[tuple[int, int], Atoms] = {}

    @property
    def width(self) -> int:
        """Encoded inputs d, in the first fold."""
        return self.parts[0][0].encoder.width

    def path(
        self,
        betas: Sequence[float],
        on_row: Callable[[Tried], None] | None = None,
        best: Tried | None = None,
    ) -> list[Tried]:
        """Rows along the falling betas; none where the first folds tell that the encoder loses.

        Every network is started from its neighbour's neurons; the path ends once the score has been
        falling for two betas, or once by far, because smaller ones only fit the training rows more
        closely, and take longest. Of many folds a few come first: the others are spent on the best
        beta of those few and on its neighbours, and not on an encoder that is behind on them.

        Args:
            betas: falling.
            on_row: called with each row.
            best: row of another encoder on the same folds, the best so far.
        """
        every = range(len(self.parts))
        few = len(every)
        if few >= MANY_FOLDS:
            few = max(PROBE, few // self.folds.repeats if self.folds.repeats > 1 else 0)
        if few == len(every):
            return self._walk(betas, every, on_row, best)
        looked = self._walk(betas, every[:few])
        if best is not None and self._behind(looked, best):
            return []
        at, rows = best_of(looked), []
        self._warm = {}
        for look in looked[max(0, at - 1) : at + 2]:
            rows.append(self._row(look.beta, every, every[few:]))
            if on_row:
                on_row(rows[-1])
        return rows

    def _walk(
        self,
        betas: Sequence[float],
        folds: range,
        on_row: Callable[[Tried], None] | None = None,
        rival: Tried | None = None,
    ) -> list[Tried]:
        """Rows on some folds, until the score falls or two betas are behind a rival."""
        rows: list[Tried] = []
        self._warm = {}
        for beta in betas:
            rows.append(self._row(beta, folds, folds))
            if on_row:
                on_row(rows[-1])
            best = max(rows, key=lambda r: r.score)
            if all(r.score < best.score - 0.5 * best.error for r in rows[-2:]):
                break
            if len(self.parts) > 2 and rows[-1].score < best.score - FAR * best.error:
                break
            if rival is not None and len(rows) > 1 and self._behind(rows, rival):
                break
        return rows

    def _behind(self, rows: Sequence[Tried], best: Tried) -> bool:
        """Whether no row comes within an error of the best encoder's, on the folds that both have."""
        for row in rows:
            lead = np.array(best.scores[: len(row.scores)]) - np.array(row.scores)
            if lead.mean() <= max(self.folds.paired_error(lead), best.error):
                return False
        return True

    def narrowed(self, beta: float, neurons: int) -> Tried:
        """The row of the networks at a beta of the path, pruned to so many neurons."""

        def fit(fold: int, column: int) -> Atoms:
            net = self.nets[beta, fold, column]
            problem = problem_of(self.parts[fold][0], column, beta, self.choices)
            u, v, alpha = to_width(problem, (net.u, net.v, net.alpha), neurons)
            return replace(net, u=u, v=v, alpha=alpha)

        folds = range(len(self.parts))
        return self._tried(beta, folds, self._each(fit, folds))

    def _row(self, beta: float, folds: range, unknown: range) -> Tried:
        """The row of a beta on these folds, of which the last ones are still to be fitted."""
        # The last digit of alpha tells nothing: 1e-3 asks for a third of the Newton steps of 1e-7.
        settings = RoundingSettings(
            neurons=WIDEST, seed=self.choices.seed, tolerance=0.02, accuracy=1e-3, quick=True
        )

        def fit(fold: int, column: int) -> Atoms:
            problem = problem_of(self.parts[fold][0], column, beta, self.choices)
            return generate(problem, settings, self._warm.get((fold, column)))

        self._warm = self._each(fit, unknown)
        self.nets.update({(beta, f, c): atoms for (f, c), atoms in self._warm.items()})
        nets = {(f, c): self.nets[beta, f, c] for f in folds for c in range(self.columns)}
        return self._tried(beta, folds, nets)

    def _each(self, fit: Callable[[int, int], Atoms], folds: range) -> dict[tuple[int, int], Atoms]:
        """The networks of every fold and score column, in parallel threads."""
        from joblib import Parallel, delayed

        pairs = [(f, c) for f in folds for c in range(self.columns)]
        large = self.parts[0][0].codes.size >= THREADED
        jobs = min(self.choices.workers if large else 1, len(pairs))
        found = Parallel(n_jobs=jobs, prefer="threads")(delayed(fit)(f, c) for f, c in pairs)
        return dict(zip(pairs, found, strict=True))

    def _tried(self, beta: float, folds: range, nets: dict[tuple[int, int], Atoms]) -> Tried:
        """What the held rows of these folds say about networks."""
        loss = default_loss(self.parts[0][0].task, self.choices.loss)
        scores, risks = np.empty(len(folds)), np.empty(len(folds))
        for f in folds:
            fitted, held = self.parts[f]
            problem = problem_of(fitted, 0, beta, self.choices)
            rows = rows_like(problem, held.q)
            values = [real_scores(problem, nets[f, c], rows) for c in range(self.columns)]
            scores[f] = score_of(np.column_stack(values), self.folds.parts[f][1], fitted)
            risks[f] = _risk(np.column_stack(values), held.y, loss)
        neurons = int(np.ceil(np.mean([len(atoms.alpha) for atoms in nets.values()])))
        return Tried(
            encoder=str(self.option),
            beta=beta,
            score=float(scores.mean()),
            error=(self.folds if len(folds) == len(self.parts) else Folds(self.folds.parts)).error(scores),
            loss=float(risks.mean()),
            width=self.width,
            neurons=neurons,
            size_bytes=self._size(neurons),
            scores=tuple(scores.tolist()),
        )

    def _size(self, neurons: int) -> int:
        """Bytes of both layers and of the encoder's constants, at most nine per input."""
        weight_bits = (len(grid(self.choices.weights)) - 1).bit_length()
        layer = self.columns * neurons * (2 * self.width * weight_bits / 8 + self.choices.alpha_bits / 8)
        return int(np.ceil(layer + 5 * self.width))


def _risk(values: NDArray[np.float64], y: NDArray[np.float64], loss: str) -> float:
    """Mean training loss on held rows, summed over score columns."""
    value = LOSSES[loss].value
    return float(sum(value(values[:, c], y[:, c]).mean() for c in range(y.shape[1])))
