"""A quick ranking of encoders, by kernel ridge regression in place of the network.

Its kernel (x'x / d)^2 on the encoded rows has the same functions x'Zx as the network, with another
norm of Z. It costs milliseconds, and it only ranks: the winner is decided by real networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.data.dataset import Dataset, dataset_of
from qcompile.train.select.candidates import Candidate
from qcompile.train.select.folds import Folds
from qcompile.train.select.score import score_of

RIDGES = (10.0, 1.0, 0.1)


@dataclass(frozen=True)
class Ranked:
    """A candidate with its mean score over the folds: accuracy or R2 of kernel ridge regression."""

    candidate: Candidate
    score: float


def rank(options: Sequence[Candidate], folds: Folds) -> list[Ranked]:
    """Candidates with their mean validation score, best first.

    Args:
        options: from ``candidates``.
        folds: of the training rows.

    Returns:
        In falling order of merit; ties keep the given order.
    """
    scored, widths = [], []
    for option in options:
        total = np.zeros((len(folds.parts), len(RIDGES)))
        for i, (fitted, held) in enumerate(folds.parts):
            encoder = option.fit(fitted)
            data = dataset_of(encoder, fitted)
            found = _ridge_scores(data, dataset_of(encoder, held).q / encoder.top)
            total[i] = [score_of(values, held, data) for values in found]
        best = total[:, total.mean(axis=0).argmax()]
        scored.append((float(best.mean()), float(best.std() / np.sqrt(len(folds.parts)))))
        widths.append(encoder.width)
    merits = [merit(score, error, d, min(widths)) for (score, error), d in zip(scored, widths, strict=True)]
    order = sorted(range(len(options)), key=lambda i: -round(merits[i], 9))
    return [Ranked(options[i], scored[i][0]) for i in order]


def merit(score: float, error: float, width: int, narrowest: int) -> float:
    """A validation score less what a wider input must earn: a quarter of its error per doubling.

    Args:
        score: mean over folds.
        error: standard error of that mean.
        width: encoded inputs d.
        narrowest: least d of the candidates.

    >>> merit(0.9, 0.04, 40, 10)
    0.88
    """
    return float(score - 0.25 * error * np.log2(width / narrowest))


def _ridge_scores(data: Dataset, held: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """(n_held, C) values of the held rows for each ridge."""
    from scipy.linalg import cho_factor, cho_solve

    x = data.q / data.encoder.top
    d = x.shape[1]
    gram, cross = (x @ x.T / d) ** 2, (held @ x.T / d) ** 2
    mean = data.y.mean(axis=0)
    found = []
    for ridge in RIDGES:
        factor = cho_factor(gram + ridge * np.eye(len(gram)), lower=True, check_finite=False)
        found.append(cross @ cho_solve(factor, data.y - mean, check_finite=False) + mean)
    return found
