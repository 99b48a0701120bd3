"""What every training method takes and returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import frozen


class Status(Enum):
    """Outcome of a method; the value is the sentence shown to the user."""

    SOLVED = "Solved to the requested certified gap."
    STALLED = "No further progress; the certificate still holds, its gap is larger than asked."
    TIME_LIMIT = "Stopped at the time limit; the certificate still holds, its gap is larger than asked."
    ITERATION_LIMIT = "Stopped at the iteration limit; the certificate still holds."
    INTERRUPTED = "Stopped by the user; the certificate of the last iterate still holds."


@dataclass(frozen=True)
class Progress:
    """One line of a run: what the live display and the report's first plot draw."""

    seconds: float
    iteration: int
    objective: float
    bound: float


@dataclass(frozen=True)
class Settings:
    """How to run a method.

    Attributes:
        gap: relative certified gap (objective - bound) / |objective| to stop at.
        max_seconds: wall-clock limit, or None.
        max_iterations: limit in the method's own iterations, or None for its default.
        seed: for methods that start at random.
        warm: a solution of a neighbouring problem (same rows, other beta or loss), or None.
        on_progress: called after every iteration that computed a bound.
    """

    gap: float = 1e-4
    max_seconds: float | None = None
    max_iterations: int | None = None
    seed: int = 0
    warm: Solution | None = None
    on_progress: Callable[[Progress], None] | None = None


@dataclass(frozen=True, eq=False)
class Solution:
    """An approximate optimum of the SDP: Z = P P' - N N'.

    Attributes:
        positive: (d, r) float64 factor P of A = P P'.
        negative: (d, s) float64 factor N of B = N N'.
        rho: the radius: the family's diagonal rule holds at this value (for families with two
            radii: their sum).
        dual: (n,) float64 dual vector l, one entry per sample of the problem.
        multiplier: (d,) or (k, d) float64 diagonal(s) L that the method proposes, or None.
        objective: sum_i w_i loss(x_i' Z x_i, y_i) + beta d rho.
        status: how it ended.
        method: file name of the method.
        iterations: of the method.
        seconds: wall clock.
        history: bound and objective over time.
    """

    positive: NDArray[np.float64]
    negative: NDArray[np.float64]
    rho: float
    dual: NDArray[np.float64]
    multiplier: NDArray[np.float64] | None
    objective: float
    status: Status
    method: str
    iterations: int
    seconds: float
    history: tuple[Progress, ...] = field(default=())

    def __post_init__(self) -> None:
        for name in ("positive", "negative"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.float64, 2, name))
        object.__setattr__(self, "dual", frozen(self.dual, np.float64, 1, "dual"))

    @property
    def z(self) -> NDArray[np.float64]:
        """(d, d) symmetric Z = A - B; the relaxed network is f(x) = x' Z x."""
        return self.positive @ self.positive.T - self.negative @ self.negative.T
