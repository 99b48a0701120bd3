"""Proof: what is certified about a whole network."""

from __future__ import annotations

from dataclasses import dataclass

from qcompile.certificate.make import Certificate


@dataclass(frozen=True, eq=False)
class Proof:
    """What is proved about a network: its objective, and a bound that no network can beat.

    The problem separates over score columns, so objectives and bounds add up.

    Attributes:
        objectives: training objective of the deployed integer network, per score column.
        columns: one certificate per score column.
    """

    objectives: tuple[float, ...]
    columns: tuple[Certificate, ...]

    @property
    def objective(self) -> float:
        """Training objective, summed over score columns."""
        return float(sum(self.objectives))

    @property
    def bound(self) -> float:
        """Certified lower bound on the objective of any network of the family, of any width."""
        return float(sum(c.bound for c in self.columns))

    @property
    def gap(self) -> float:
        """(objective - bound) / objective: at most this share of the objective is left to gain."""
        return (self.objective - self.bound) / self.objective if self.objective > 0 else 0.0

    @property
    def gaps(self) -> tuple[float, ...]:
        """The gap of each score column."""
        return tuple(
            (o - c.bound) / o if o > 0 else 0.0 for o, c in zip(self.objectives, self.columns, strict=True)
        )
