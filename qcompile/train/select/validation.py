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
from qcompile.train.select.score import score_of

# Below this many numbers (rows times inputs) a fit spends its time in the interpreter, and threads wait
# for each other.
THREADED = 20_000
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

    @property
    def width(self) -> int:
        """Encoded inputs d, in the first fold."""
        return self.parts[0][0].encoder.width

    def path(self, betas: Sequence[float], on_row: Callable[[Tried], None] | None = None) -> list[Tried]:
        """Rows along the falling betas.

        Every network is started from its neighbour's neurons; the path ends once the score has been
        falling for two betas, or once by far, because smaller ones only fit the training rows more
        closely, and take longest.
        """
        rows: list[Tried] = []
        warm: dict[tuple[int, int], Atoms] = {}
        # The last digit of alpha tells nothing: 1e-3 asks for a third of the Newton steps of 1e-7.
        settings = RoundingSettings(
            neurons=WIDEST, seed=self.choices.seed, tolerance=0.02, accuracy=1e-3, quick=True
        )
        for beta in betas:

            def fit(fold: int, column: int, beta: float = beta) -> Atoms:
                problem = problem_of(self.parts[fold][0], column, beta, self.choices)
                warm[fold, column] = generate(problem, settings, warm.get((fold, column)))
                return warm[fold, column]

            rows.append(self._row(beta, fit))
            if on_row:
                on_row(rows[-1])
            best = max(rows, key=lambda r: r.score)
            if all(r.score < best.score - 0.5 * best.error for r in rows[-2:]):
                break
            if len(self.parts) > 2 and rows[-1].score < best.score - FAR * best.error:
                break
        return rows

    def narrowed(self, beta: float, neurons: int) -> Tried:
        """The row of the networks at a beta of the path, pruned to so many neurons."""

        def fit(fold: int, column: int) -> Atoms:
            net = self.nets[beta, fold, column]
            problem = problem_of(self.parts[fold][0], column, beta, self.choices)
            u, v, alpha = to_width(problem, (net.u, net.v, net.alpha), neurons)
            return replace(net, u=u, v=v, alpha=alpha)

        return self._row(beta, fit, keep=False)

    def _row(self, beta: float, fit: Callable[[int, int], Atoms], keep: bool = True) -> Tried:
        from joblib import Parallel, delayed

        def run(fold: int, column: int) -> tuple[Atoms, NDArray[np.float64]]:
            atoms = fit(fold, column)
            problem = problem_of(self.parts[fold][0], column, beta, self.choices)
            return atoms, real_scores(problem, atoms, rows_like(problem, self.parts[fold][1].q))

        pairs = [(f, c) for f in range(len(self.parts)) for c in range(self.columns)]
        large = self.parts[0][0].codes.size >= THREADED
        jobs = min(self.choices.workers if large else 1, len(pairs))
        found = Parallel(n_jobs=jobs, prefer="threads")(delayed(run)(f, c) for f, c in pairs)
        if keep:
            self.nets.update({(beta, f, c): atoms for (f, c), (atoms, _) in zip(pairs, found, strict=True)})
        outputs = [
            np.column_stack([values for (g, _), (_, values) in zip(pairs, found, strict=True) if g == f])
            for f in range(len(self.parts))
        ]
        held = [part[1] for part in self.folds.parts]
        scores = np.array([score_of(o, h, p[0]) for o, h, p in zip(outputs, held, self.parts, strict=True)])
        loss = default_loss(self.parts[0][0].task, self.choices.loss)
        risks = [_risk(o, p[1].y, loss) for o, p in zip(outputs, self.parts, strict=True)]
        neurons = int(np.ceil(np.mean([len(atoms.alpha) for atoms, _ in found])))
        return Tried(
            encoder=str(self.option),
            beta=beta,
            score=float(scores.mean()),
            error=self.folds.error(scores),
            loss=float(np.mean(risks)),
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
