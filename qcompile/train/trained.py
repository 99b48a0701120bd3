"""Trained: everything one training run learnt, and nothing that must be recomputed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.certificate.make import Certificate
from qcompile.facts import Accuracy
from qcompile.model.network import Network
from qcompile.problem.problem import Problem
from qcompile.train.choices import Choices
from qcompile.train.fit import ColumnFit
from qcompile.train.proof import Proof
from qcompile.train.select.choose import Chosen


@dataclass(frozen=True, eq=False)
class Trained:
    """One score column per class (one for two classes, one for regression).

    Attributes:
        network: the deployable integer network, its provenance filled in.
        train_index: rows the model was fitted on.
        test_index: rows it never saw.
        metrics: scores of the network and the baselines.
        test_values: (n_test, C) float64 values of the deployed network.
        choices: the user's settings.
        chosen: encoder and beta with the validation behind them; None if nothing is chosen.
        columns: problem, solution and certificate per score column; empty without a proof.
        proof: of the deployed network; None from a trainer that proves nothing.
        notes: what was done to the data, one sentence each.
    """

    network: Network
    train_index: NDArray[np.intp]
    test_index: NDArray[np.intp]
    metrics: Accuracy
    test_values: NDArray[np.float64]
    choices: Choices
    chosen: Chosen | None = None
    columns: tuple[ColumnFit, ...] = ()
    proof: Proof | None = None
    notes: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is proved, per score column."""
        return tuple(c.problem for c in self.columns)

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The proof, per score column."""
        return tuple(c.certificate for c in self.columns)

    @property
    def objectives(self) -> tuple[float, ...]:
        """Training objective of the deployed integer network, per score column."""
        return self.proof.objectives if self.proof else ()
