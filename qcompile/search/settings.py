"""How to search for a small network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qcompile.relax.solution import Progress


@dataclass(frozen=True)
class RoundingSettings:
    """Limits and accuracy of ``columns.generate``.

    Attributes:
        neurons: the widest network allowed; a wider optimum is pruned back to it, and its
            weights polished on the problem's own grid (k-bit weights pay off there).
        seed: of the random starts; equal seeds give equal networks.
        tolerance: stop when no atom found prices above (1 + tolerance) beta d, or the dual bound
            that the prices found imply is within this relative distance of the objective.
        accuracy: alpha is refitted until its optimality conditions hold to this share of beta d.
        quick: search from a third of the starts by alternation alone, and believe the first end:
            an estimate of what a network reaches, for a tenth of the time.
        max_seconds: wall-clock limit, or None. A limit that binds makes the result depend on
            the machine's speed.
        on_progress: called once per round (its bound is 0, the trivial one: losses are >= 0).
    """

    neurons: int = 128
    seed: int = 0
    tolerance: float = 1e-4
    accuracy: float = 1e-7
    quick: bool = False
    max_seconds: float | None = None
    on_progress: Callable[[Progress], None] | None = None

    def __post_init__(self) -> None:
        if self.neurons < 1:
            raise ValueError(f"neurons is {self.neurons}, allowed: 1 or more.")
        if not 0 < self.tolerance < 1:
            raise ValueError(f"tolerance is {self.tolerance}, allowed: between 0 and 1.")
