"""A quick ranking of encoders, by a kernel machine in place of the network.

Its kernel (x'x / d)^2 on the encoded rows has the same functions x'Zx as the network, with another
norm of Z. It costs milliseconds, and it only ranks: the winner is decided by real networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.table import Table
from qcompile.model.encoder import encode, levels
from qcompile.train.select.candidates import Candidate
from qcompile.train.select.folds import Fold


@dataclass(frozen=True)
class Ranked:
    """A candidate with its mean score over the folds: accuracy or R2 of the kernel machine."""

    candidate: Candidate
    score: float


def rank(options: Sequence[Candidate], table: Table, folds: Sequence[Fold]) -> list[Ranked]:
    """Candidates with their mean validation score by the quick kernel machine, best first.

    Args:
        options: from ``candidates``.
        table: training rows.
        folds: of these rows.

    Returns:
        In falling order of merit; ties keep the given order.
    """
    scored, widths = [], []
    for option in options:
        total = np.zeros((len(folds), len(STRENGTHS)))
        for i, parts in enumerate(folds):
            fitted, held = (table.rows(part) for part in parts)
            encoder = option.fit(fitted)
            rows = [levels(encode(encoder, part.x), encoder.bits) / encoder.top for part in (fitted, held)]
            total[i] = _kernel_scores(rows[0], fitted.y, rows[1], held.y, table.schema.task)
        best = total[:, total.mean(axis=0).argmax()]
        scored.append((float(best.mean()), float(best.std() / np.sqrt(len(folds)))))
        widths.append(encoder.width)
    merits = [merit(score, error, d, min(widths)) for (score, error), d in zip(scored, widths, strict=True)]
    order = sorted(range(len(options)), key=lambda i: -merits[i])
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


STRENGTHS = (0.3, 3.0, 30.0, 300.0)


def _kernel_scores(
    x: NDArray[np.float64], y: NDArray[Any], held: NDArray[np.float64], held_y: NDArray[Any], task: str
) -> NDArray[np.float64]:
    from sklearn import config_context
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.svm import SVC

    d = x.shape[1]
    gram, cross = (x @ x.T / d) ** 2, (held @ x.T / d) ** 2
    scores = []
    # Small folds are fitted by the hundred: checking the arrays cost more than fitting them.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        for strength in STRENGTHS:
            if task == "classification":
                model = SVC(C=strength, kernel="precomputed").fit(gram, y)
                scores.append(float((model.predict(cross) == held_y).mean()))
            else:
                mean = y.mean()
                model = KernelRidge(alpha=10.0 / strength, kernel="precomputed").fit(gram, y - mean)
                left = ((model.predict(cross) + mean - held_y) ** 2).sum()
                spread = ((held_y - held_y.mean()) ** 2).sum()
                scores.append(float(1 - left / spread) if spread > 0 else 0.0)
    return np.array(scores)
