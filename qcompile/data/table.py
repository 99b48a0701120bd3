"""Table: rows of numbers with their labels, and the story of how they came about."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import frozen
from qcompile.model.schema import Schema


@dataclass(frozen=True, eq=False)
class Table:
    """What ``load`` returns. Nothing in it was fitted: no scaling, no filling.

    Attributes:
        x: (n, f) float32 in the column order of ``schema``; NaN is a missing cell.
        y: (n,) int64 class indices, or float64 target values.
        schema: the columns that were kept, the label, the task, the classes.
        source: what was read, for reports.
        notes: sentences that say what was done to the data.
        held_out: the source's own test rows, which are the last ones; 0 if it names none.
    """

    x: NDArray[np.float32]
    y: NDArray[np.int64] | NDArray[np.float64]
    schema: Schema
    source: str
    notes: tuple[str, ...] = ()
    held_out: int = 0

    def __post_init__(self) -> None:
        classification = self.schema.task == "classification"
        object.__setattr__(self, "x", frozen(self.x, np.float32, 2, "x"))
        object.__setattr__(self, "y", frozen(self.y, np.int64 if classification else np.float64, 1, "y"))
        object.__setattr__(self, "notes", tuple(self.notes))
        n, f = self.x.shape
        if len(self.y) != n or f != len(self.schema.columns):
            raise ValueError(
                f"x {self.x.shape}, y {self.y.shape} and {len(self.schema.columns)} columns do not fit."
            )
        if classification and n and not (0 <= self.y.min() and self.y.max() < len(self.schema.classes)):
            raise ValueError("a class index lies outside the classes of the schema.")
        if not 0 <= self.held_out <= n:
            raise ValueError(f"held_out is {self.held_out}, but there are {n} rows.")

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, index: NDArray[np.intp]) -> Table:
        """The rows of these indices, in their order; none of them is the source's own test row.

        >>> from qcompile.model.schema import Column
        >>> schema = Schema((Column("a", "numeric"),), "y", "regression")
        >>> t = Table([[1.0], [2.0], [3.0]], [0.1, 0.2, 0.3], schema, "doc")
        >>> t.rows([2, 0]).y.tolist()
        [0.3, 0.1]
        """
        return replace(self, x=self.x[index], y=self.y[index], held_out=0)
