"""Trained: everything one training run found out, and nothing that must be recomputed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.certificate.make import Certificate
from qcompile.model.network import Network
from qcompile.problem.problem import Problem
from qcompile.relax.solution import Progress
from qcompile.train.choices import Choices

__all__ = ["Proof", "Trained"]


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


@dataclass(frozen=True, eq=False)
class Trained:
    """One score column per class (one for two classes, one for regression).

    Attributes:
        network: the deployable integer network, its provenance filled in.
        certificates: proof per score column.
        problems: what the proofs are about.
        objectives: training objective of the deployed integer network, per column.
        histories: per column {"solve": Progress.., "rounding": Progress..}.
        stats: per column {"method", "reason", "iterations", "seconds", "status"}.
        train_index: rows the model was fitted on.
        test_index: rows it never saw.
        metrics: {"measure", "train", "test", "baselines", "confusion", "baseline_confusion", "majority",
            "points"}, see ``train_table``.
        choices: the user's settings.
        chosen: {"encoder", "beta", "loss", "reason", "ranking", "validation"}.
        test_values: (n_test, C) float64 values of the deployed network.
        notes: what was done to the table, one sentence each.
    """

    network: Network
    certificates: tuple[Certificate, ...]
    problems: tuple[Problem, ...]
    objectives: tuple[float, ...]
    histories: tuple[dict[str, tuple[Progress, ...]], ...]
    stats: tuple[dict[str, Any], ...]
    train_index: NDArray[np.intp]
    test_index: NDArray[np.intp]
    metrics: dict[str, Any]
    choices: Choices
    chosen: dict[str, Any]
    test_values: NDArray[np.float64]
    notes: tuple[str, ...] = field(default=())

    @property
    def proof(self) -> Proof:
        """Objective, bound and gap of the whole network."""
        return Proof(self.objectives, self.certificates)
