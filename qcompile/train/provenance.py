"""What a model file says about its training: enough to pose its problems again from the data."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from qcompile.data.dataset import dataset_of
from qcompile.data.split import split_again
from qcompile.data.table import Table
from qcompile.json_records import Json
from qcompile.model.network import Network
from qcompile.problem.problem import Problem
from qcompile.train.choices import Choices
from qcompile.train.fit import DatasetFit, problem_of
from qcompile.train.proof import certified
from qcompile.train.select.choose import Chosen


def provenance_of(rows: Table, choices: Choices, chosen: Chosen, fit: DatasetFit) -> Json:
    """Source, columns and their ranges, split, settings and the certificate's summary; plain data for JSON.

    Args:
        rows: those that were trained on.
        choices: of the training.
        chosen: encoder, loss and beta.
        fit: what came of it.
    """
    return {
        "source": rows.source,
        "schema": rows.schema.to_json(),
        "ranges": ranges(rows.x),
        "seed": choices.seed,
        "test_fraction": choices.test_fraction,
        "split": choices.split,
        "encoder": str(chosen.candidate),
        "loss": chosen.loss,
        "beta": chosen.beta,
        "family": choices.family,
        "weights": fit.weights,
        "activation": list(choices.activation) if choices.activation else None,
        "certificate": json.loads(json.dumps(asdict(certified(fit.proof)))),  # lists, as read back
    }


def ranges(x: NDArray[np.float32]) -> list[list[float] | None]:
    """Least and largest finite value of every column, None where there is none.

    They are the shortest decimals that read back as the same float32.

    >>> ranges(np.array([[0.1, np.nan], [-2.0, np.inf], [np.nan, np.nan]], dtype=np.float32))
    [[-2.0, 0.1], None]
    """
    spans: list[list[float] | None] = []
    for column in x.T:
        finite = column[np.isfinite(column)]
        spans.append([float(str(v)) for v in (finite.min(), finite.max())] if len(finite) else None)
    return spans


def rebuild_problems(network: Network, table: Table) -> list[Problem]:
    """The training problems of a stored network, posed again from the data alone.

    The split is seeded, the encoder is part of the network: nothing is fitted here.

    Args:
        network: with the provenance that training wrote.
        table: the same table.

    Returns:
        one ``Problem`` per score column.
    """
    facts = network.provenance
    train, _ = split_again(table, facts)
    dataset = dataset_of(network.encoder, table.rows(train))
    activation = facts.get("activation")
    choices = Choices(
        loss=str(facts["loss"]),
        family=str(facts["family"]),
        weights=str(facts["weights"]),
        activation=tuple(activation) if activation else None,
    )
    return [problem_of(dataset, c, float(facts["beta"]), choices) for c in range(dataset.y.shape[1])]
