"""How good a network is on the test rows, next to ordinary models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.table import Table
from qcompile.facts import Accuracy, Majority
from qcompile.model.network import Network, decide, forward
from qcompile.train.baselines import baselines

POINTS = 400  # test rows of a regression that the report shows one by one


def metrics_of(
    network: Network, table: Table, train: NDArray[np.intp], test: NDArray[np.intp], seed: int
) -> tuple[Accuracy, NDArray[np.float64]]:
    """Scores on both parts of a split, what the report draws of them, and the values on the test rows.

    Args:
        network: trained on the rows ``train``.
        table: all rows.
        train: indices.
        test: indices.
        seed: of the baselines.

    Returns:
        scores of the network and the baselines; (n_test, C) float64 values of the network.
    """
    own, values = own_metrics(network, table, train, test)
    others = baselines(table.rows(train), table.rows(test), seed)
    regression = network.task == "regression"
    score = _score(network.task)
    metrics = replace(
        own,
        baselines={name: float(score(table.y[test], given)) for name, given in others.items()},
        baseline_confusion={}
        if regression
        else {name: _confused(network, table.y[test], given) for name, given in others.items()},
    )
    return metrics, values[test]


def own_metrics(
    network: Network, table: Table, train: NDArray[np.intp], test: NDArray[np.intp]
) -> tuple[Accuracy, NDArray[np.float64]]:
    """``metrics_of`` without baselines, and the (n, C) float64 values of all rows."""
    scores = forward(network, table.x)
    values = np.asarray(network.scale * scores + network.offset, dtype=np.float64)
    regression = network.task == "regression"
    predicted = values[:, 0] if regression else decide(network, scores)
    score = _score(network.task)
    own = Accuracy(
        measure="R2" if regression else "accuracy",
        train=float(score(table.y[train], predicted[train])),
        test=float(score(table.y[test], predicted[test])),
        baselines={},
        confusion=None if regression else _confused(network, table.y[test], predicted[test]),
        baseline_confusion={},
        majority=None if regression else _majority(table, test),
        points=_points(np.asarray(table.y[test], dtype=np.float64), values[test, 0]) if regression else (),
    )
    return own, values


def _score(task: str) -> Callable[..., float]:
    from sklearn.metrics import accuracy_score, r2_score

    found: Callable[..., float] = r2_score if task == "regression" else accuracy_score
    return found


def _confused(network: Network, actual: NDArray[Any], labels: NDArray[Any]) -> tuple[tuple[int, ...], ...]:
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix(actual, labels, labels=np.arange(len(network.classes)))
    return tuple(tuple(int(c) for c in line) for line in counts)


def _majority(table: Table, test: NDArray[np.intp]) -> Majority:
    """The most frequent class of the test rows, and its share: what answering without looking reaches."""
    counts = np.bincount(table.y[test], minlength=len(table.schema.classes))
    return Majority(table.schema.classes[int(counts.argmax())], float(counts.max() / counts.sum()))


def _points(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """[actual, predicted] of at most ``POINTS`` test rows, evenly taken."""
    keep = np.unique(np.linspace(0, len(actual) - 1, POINTS).round().astype(int))
    return tuple((float(a), float(p)) for a, p in zip(actual[keep], predicted[keep], strict=True))
