"""Boosted trees of depth two, of which only the comparisons matter: which ones, and how much they gain.

Gradient boosting on histograms: a tree splits all rows once and each side once more, by the comparison
of the largest gain

    G_l^2 / (H_l + 1) + G_r^2 / (H_r + 1) - G^2 / (H + 1)

over sums of gradients G and curvatures H of the loss, and moves the scores of its four leaves by
-RATE G / (H + 1). Gradients are rounded to multiples of 2^-24, so that every sum is exact: neither
the order of the rows nor the number of threads changes a choice. Source: [Fri01].
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

RATE, RIDGE = 0.1, 1.0
GRAIN = 2.0**24
LEVEL = 1 - 1e-9  # gains this near to the largest are level: the first one is taken


class _Histograms:
    """Sums over the rows of a node, per column and bin: gradient, curvature, count."""

    def __init__(self, bins: NDArray[np.intp], ordered: NDArray[np.bool_], least: int) -> None:
        self.count = int(bins.max(initial=0)) + 1
        self.columns = bins.shape[1]
        self.cells = bins + np.arange(self.columns) * self.count
        self.ordered, self.least = ordered, least

    def sums(self, rows: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(3, columns, bins) sums of the (3, n) values over some rows."""
        cells = self.cells[rows].ravel()
        size = self.columns * self.count
        each = [np.bincount(cells, np.repeat(v[rows], self.columns), size).astype(float) for v in values]
        return np.stack(each).reshape(3, self.columns, self.count)

    def best(self, sums: NDArray[np.float64]) -> tuple[float, int, int] | None:
        """(gain, column, bin) of the best comparison with enough rows on both sides."""
        left = np.where(self.ordered[:, None], np.cumsum(sums, axis=2), sums)
        total = sums[:, :1].sum(axis=2, keepdims=True)
        (g, h, n), (gt, ht, nt) = left, total
        gain = g**2 / (h + RIDGE) + (gt - g) ** 2 / (ht - h + RIDGE) - gt**2 / (ht + RIDGE)
        gain[(sums[2] == 0) | (n < self.least) | (nt - n < self.least)] = 0.0
        top = float(gain.max(initial=0.0))
        if top <= 0:
            return None
        column, at = divmod(int(np.argmax(gain.ravel() >= top * LEVEL)), self.count)
        return top, column, at


def boost(
    bins: NDArray[np.intp],
    ordered: NDArray[np.bool_],
    wanted: NDArray[np.float64],
    trees: int,
    *,
    logistic: bool,
) -> dict[tuple[int, int], float]:
    """Total gain of every comparison that the trees make.

    Args:
        bins: (n, columns) bin of each row, from 0.
        ordered: (columns,) whether a comparison is bin > t; else it is bin == t.
        wanted: (n,) standardised numbers, or -1 and +1.
        trees: how many.
        logistic: the loss, for signs; else squared, for numbers.

    Returns:
        (column, t) -> gain.

    >>> boost(np.array([[0], [1], [2], [3]] * 9), np.array([True]), np.array([-1.0, -1, 1, 1] * 9), 1,
    ...       logistic=False).keys()
    dict_keys([(0, 1)])
    """
    n = len(wanted)
    grown = _Histograms(bins, ordered, max(3, min(20, n // 20)))
    gains: defaultdict[tuple[int, int], float] = defaultdict(float)
    score, every = np.zeros(n), np.arange(n)
    for _ in range(trees):
        if logistic:
            p = 1 / (1 + np.exp(-score))
            slopes = np.stack([p - (wanted > 0), p * (1 - p), np.ones(n)])
        else:
            slopes = np.stack([score - wanted, np.ones(n), np.ones(n)])
        slopes[:2] = np.rint(slopes[:2] * GRAIN) / GRAIN
        root = grown.sums(every, slopes)
        first = grown.best(root)
        if first is None:
            break
        leaf = 2 * _side(bins, ordered, *first[1:])
        gains[first[1:]] += first[0]
        small = 2 * int(2 * np.count_nonzero(leaf) < n)
        sums = grown.sums(np.flatnonzero(leaf == small), slopes)
        for side, part in ((small, sums), (2 - small, root - sums)):
            split = grown.best(part)
            if split is not None:
                gains[split[1:]] += split[0]
                leaf += (leaf == side) * _side(bins, ordered, *split[1:])
        g, h = (np.bincount(leaf, s, 4) for s in slopes[:2])
        score -= (RATE * g / (h + RIDGE))[leaf]
    return dict(gains)


def _side(bins: NDArray[np.intp], ordered: NDArray[np.bool_], column: int, at: int) -> NDArray[np.intp]:
    """1 where the comparison holds."""
    found = bins[:, column] > at if ordered[column] else bins[:, column] == at
    return found.astype(np.intp)
