"""Which row of a validation table to take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qcompile.facts import Tried
from qcompile.train.select.folds import Folds

# From so many training rows on, the higher mean of the folds is believed.
MANY = 1000


def best_of(rows: Sequence[Tried], names: Sequence[str] | None = None) -> int:
    """Row of the best score among these encoders, each averaged with its neighbours in beta.

    One fold's luck is not shared by the neighbours. Scores count errors, so on few rows many are
    level: then the loss on the held rows decides, and at last the larger beta.
    """
    keys = _keys(rows)
    return max((i for i, r in enumerate(rows) if names is None or r.encoder in names), key=keys.__getitem__)


def pick(rows: Sequence[Tried], defaults: Sequence[str], folds: Folds, count: int) -> int:
    """Row of the configuration to train.

    A default encoder stays unless another one of fixed cuts beats it by a standard error: the best
    of a dozen noisy scores is mostly luck (on wine it cost 0.8 points against always taking the
    default). Then the winner meets the best encoder of chosen splits: see ``splits_win``.

    Args:
        rows: of all candidates on the same folds.
        defaults: names of the default encoders.
        folds: those folds.
        count: training rows.
    """
    splits = [r.encoder for r in rows if r.encoder.startswith("splits")]
    fixed = [r.encoder for r in rows if r.encoder not in splits]
    if not fixed:
        return best_of(rows)
    best, keys = best_of(rows, fixed), _keys(rows)
    if any(r.encoder in defaults for r in rows):
        kept = best_of(rows, defaults)
        if keys[best][0] - keys[kept][0] <= rows[kept].error:
            best = kept
    if splits:
        other = best_of(rows, splits)
        if splits_win(rows[other], rows[best], folds, count):
            return other
    return best


def splits_win(splits: Tried, fixed: Tried, folds: Folds, count: int) -> bool:
    """Whether bits that were chosen by the targets have earned it.

    With many rows the higher mean decides. With few, the difference on the same folds must exceed
    its standard error, counted for overlapping folds.
    """
    differences = np.array(splits.scores) - np.array(fixed.scores)
    needed = 0.0 if count > MANY else folds.paired_error(differences)
    return bool(differences.mean() > needed)


def leanest(rows: Sequence[Tried], chosen: Tried) -> Tried:
    """The smallest network within half a standard error of the chosen one."""
    enough = chosen.score - 0.5 * chosen.error
    return min((r for r in [chosen, *rows] if r is chosen or r.score >= enough), key=lambda r: r.size_bytes)


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
