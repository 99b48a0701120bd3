"""Proof: what is certified about a whole network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qcompile.errors import ModelError
from qcompile.facts import Certified, ColumnBound

if TYPE_CHECKING:
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


def certified(proof: Proof) -> Certified:
    """The certificates' claim in numbers, as events, reports and the model's metadata state it."""
    return Certified(
        objective=proof.objective,
        bound=proof.bound,
        gap=proof.gap,
        kind=tuple(sorted({c.kind for c in proof.columns})),
        columns=tuple(
            ColumnBound(float(o), float(c.bound), float(g))
            for o, c, g in zip(proof.objectives, proof.columns, proof.gaps, strict=True)
        ),
    )


def stated(provenance: Mapping[str, Any]) -> Certified:
    """The claim that a model file states in its metadata.

    Raises:
        ModelError: it states none, or not in the form that training writes.
    """
    try:
        summary = provenance["certificate"]
        columns = tuple(
            ColumnBound(float(c["objective"]), float(c["bound"]), float(c["gap"])) for c in summary["columns"]
        )
        objective, bound, gap = (float(summary[name]) for name in ("objective", "bound", "gap"))
        return Certified(objective, bound, gap, tuple(map(str, summary["kind"])), columns)
    except (KeyError, TypeError, ValueError):
        raise ModelError("the model does not state its certificate as training writes it.") from None
