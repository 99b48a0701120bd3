"""Problem: what is trained, in the units of docs/theory.md#the-network.

    minimise  sum_i w_i loss(f(x_i), y_i) + beta * d * sum_j |alpha_j|

over networks of any width of one family, with x_i = q_i / unit the encoded rows.
Equal samples (same row, same target) are merged into one with a larger weight:
the objective is the same number, the linear algebra smaller and better conditioned.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import frozen


@dataclass(frozen=True, eq=False)
class Problem:
    """One score column's training problem.

    Attributes:
        q: (n, d) int16 integer rows (odd levels), duplicates merged.
        unit: the integer that stands for 1.0 (the encoder's top level).
        y: (n,) float64 targets (-1 / +1 for margin losses).
        weight: (n,) float64 positive, sums to 1.
        loss: a name in problem/losses.
        family: a name in problem/families.
        weights: first-layer grid: "binary", "ternary", "2bit", "3bit", "4bit".
        activation: (a, b, c) of the polynomial family, else None.
        beta: regularisation, > 0.
    """

    q: NDArray[np.int16]
    unit: int
    y: NDArray[np.float64]
    weight: NDArray[np.float64]
    beta: float
    loss: str = "squared"
    family: str = "bilinear"
    weights: str = "binary"
    activation: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "q", frozen(self.q, np.int16, 2, "q"))
        object.__setattr__(self, "y", frozen(self.y, np.float64, 1, "y"))
        object.__setattr__(self, "weight", frozen(self.weight, np.float64, 1, "weight"))
        # Plain Python numbers: the digest spells them, and numpy scalars spell differently.
        object.__setattr__(self, "unit", int(self.unit))
        object.__setattr__(self, "beta", float(self.beta))
        if self.activation is not None:
            object.__setattr__(self, "activation", tuple(float(k) for k in self.activation))
        n, d = self.q.shape
        if n < 1 or d < 1 or self.y.shape != (n,) or self.weight.shape != (n,):
            raise ValueError(f"q {self.q.shape}, y {self.y.shape} and weight {self.weight.shape} do not fit.")
        if not (np.isfinite(self.y).all() and (self.weight > 0).all()):
            raise ValueError("targets must be finite and weights positive.")
        if not (np.isfinite(self.beta) and self.beta > 0):
            raise ValueError(f"beta is {self.beta}, allowed: a finite number above 0.")
        if self.unit < 1 or np.abs(self.q).max() > self.unit:
            raise ValueError(f"entries of q must lie in -{self.unit}..{self.unit}.")

    @property
    def n(self) -> int:
        """Number of distinct samples."""
        return int(self.q.shape[0])

    @property
    def d(self) -> int:
        """Number of encoded inputs, the lifted constant included."""
        return int(self.q.shape[1])

    @property
    def penalty(self) -> float:
        """The price of one unit of |alpha|: beta * d."""
        return self.beta * self.d

    @cached_property
    def x(self) -> NDArray[np.float64]:
        """(n, d) float64 rows q / unit in [-1, 1]."""
        x = self.q / float(self.unit)
        x.flags.writeable = False
        return x

    @cached_property
    def digest(self) -> str:
        """sha256 over everything that defines the problem; ties a certificate to it."""
        h = hashlib.sha256()
        names = f"{self.loss}|{self.family}|{self.weights}|{self.activation!r}"
        head = f"{self.unit}|{self.beta!r}|{names}|{self.q.shape}"
        h.update(head.encode())
        for a in (self.q.astype("<i2"), self.y.astype("<f8"), self.weight.astype("<f8")):
            h.update(np.ascontiguousarray(a).tobytes())
        return h.hexdigest()


def pose(q: NDArray[Any], unit: int, y: NDArray[Any], beta: float, **choices: Any) -> Problem:
    """Merge equal samples and make a ``Problem``; sample order is lexicographic, so it is unique.

    Args:
        q: (n, d) integer rows.
        unit: the integer that stands for 1.0.
        y: (n,) targets.
        beta: regularisation.
        **choices: loss, family, weights, activation.

    >>> p = pose([[1, -1], [1, 1], [1, -1]], 1, [1.0, -1.0, 1.0], 0.1)
    >>> p.n, p.weight.tolist()
    (2, [0.6666666666666666, 0.3333333333333333])
    """
    q = np.asarray(q)
    y = np.asarray(y, dtype=np.float64)
    keys = np.column_stack([q.astype(np.float64), y])
    distinct, counts = np.unique(keys, axis=0, return_counts=True)
    return Problem(distinct[:, :-1].astype(np.int16), unit, distinct[:, -1], counts / len(q), beta, **choices)
