"""Dataset: encoded integers and training targets, ready to be posed as problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.table import Table
from qcompile.model.arrays import frozen
from qcompile.model.encoder import Encoder, encode, levels


@dataclass(frozen=True, eq=False)
class Dataset:
    """Encoded rows with one target column per score.

    Attributes:
        codes: (n, d) uint8 from ``encode``.
        y: (n, C) float64; classification -1 / +1 per class (one column for two classes),
            regression the standardised target.
        encoder: what made the codes.
        task: "classification" or "regression".
        classes: class names in column order (two names share one column).
        offset: mean of the raw regression target, else 0.
        spread: standard deviation of the raw regression target, else 1.
    """

    codes: NDArray[np.uint8]
    y: NDArray[np.float64]
    encoder: Encoder
    task: str
    classes: tuple[str, ...] = ()
    offset: float = 0.0
    spread: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", frozen(self.codes, np.uint8, 2, "codes"))
        object.__setattr__(self, "y", frozen(self.y, np.float64, 2, "y"))
        if len(self.codes) != len(self.y):
            raise ValueError(f"{len(self.codes)} encoded rows, but {len(self.y)} targets.")

    @property
    def q(self) -> NDArray[np.int16]:
        """(n, d) odd integer levels; ``q / encoder.top`` is the x of docs/theory.md#the-network."""
        return levels(self.codes, self.encoder.bits)


def dataset_of(encoder: Encoder, table: Table) -> Dataset:
    """Encoded rows of a table with the training targets of its task."""
    if table.schema.task == "classification":
        return classification_dataset(encoder, table.x, table.y, table.schema.classes)
    return regression_dataset(encoder, table.x, table.y)


def targets(table: Table) -> NDArray[np.float64]:
    """(n, C) training targets of a table: +-1 per class, or the standardised numbers."""
    if table.schema.task == "classification":
        return class_targets(table.y, len(table.schema.classes))
    return standardised(table.y)[0]


def class_targets(labels: NDArray[Any], classes: int) -> NDArray[np.float64]:
    """(n, k) +-1: one column per class against the rest, one for two classes.

    >>> class_targets(np.array([0, 1]), 2).tolist()
    [[-1.0], [1.0]]
    """
    members = np.arange(classes) if classes != 2 else np.array([1])
    return np.where(np.asarray(labels)[:, None] == members, 1.0, -1.0)


def standardised(target: NDArray[Any]) -> tuple[NDArray[np.float64], float, float]:
    """(n, 1) target less its mean, over its standard deviation (1 for a constant); mean; deviation."""
    target = np.asarray(target, dtype=np.float64)
    offset, spread = float(target.mean()), float(target.std())
    spread = spread if spread > 0 else 1.0
    return ((target - offset) / spread)[:, None], offset, spread


def classification_dataset(
    encoder: Encoder, x: NDArray[Any], labels: NDArray[Any], classes: tuple[str, ...]
) -> Dataset:
    """Encode raw rows; labels are indices into ``classes``; one +-1 column per class (one for two)."""
    return Dataset(
        encode(encoder, x), class_targets(labels, len(classes)), encoder, "classification", classes
    )


def regression_dataset(encoder: Encoder, x: NDArray[Any], target: NDArray[Any]) -> Dataset:
    """Encode raw rows; the target is centred and divided by its standard deviation."""
    y, offset, spread = standardised(target)
    return Dataset(encode(encoder, x), y, encoder, "regression", (), offset, spread)
