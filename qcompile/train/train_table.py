"""From a table to a trained, certified network: split, choose, fit, score against float models."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.split import split
from qcompile.data.table import Table
from qcompile.events import Event
from qcompile.model.network import Network, decide, forward
from qcompile.model.schema import Schema
from qcompile.relax.solution import Progress
from qcompile.train.baselines import baselines
from qcompile.train.choices import Choices, default_loss
from qcompile.train.choose import Chosen, choose
from qcompile.train.fit import DatasetFit, fit_dataset, to_network
from qcompile.train.solved import solved_facts, solved_sentence
from qcompile.train.trained import Proof, Trained
from qcompile.train.validation import dataset_of

__all__ = ["certificate_summary", "provenance_of", "rebuild_problems", "train_table"]

log = logging.getLogger(__name__)

POINTS = 400  # test rows of a regression that the report shows one by one


def train_table(
    table: Table, choices: Choices | None = None, on_event: Callable[[Event], None] | None = None
) -> Trained:
    """Train on a seeded part of a table, test on the rest.

    Nothing of the test rows reaches the encoder, the validation or the training.

    Args:
        table: from ``qcompile.data.load``.
        choices: settings; the default leaves encoder and beta to validation.
        on_event: called with progress, from several threads in turn.

    Returns:
        the network with its certificates and its scores.
    """
    choices = choices or Choices()
    tell = on_event or (lambda event: None)
    schema = table.schema
    task, classes, columns = schema.task, schema.classes, schema.columns
    train, test = split(table, choices.test_fraction, choices.seed)
    tell(
        Event(
            "split",
            f"{len(train)} rows to train on, {len(test)} to test",
            {"train": len(train), "test": len(test)},
        )
    )

    loss = default_loss(task, choices.loss)
    x, y = table.x[train], table.y[train]
    chosen = choose(
        x, y, columns, task, classes, loss, choices,
        lambda row: tell(Event("choose", f"{row['encoder']}, beta {row['beta']:g}: {row['score']:.3f}", row)),
    )  # fmt: skip
    encoder = chosen.candidate.fit(x, y, columns, task)
    dataset = dataset_of(encoder, x, y, task, classes)
    tell(
        Event(
            "encoder",
            f"{chosen.candidate}: {encoder.features} columns to {encoder.width} inputs of {encoder.bits} bit",
            {
                "encoder": str(chosen.candidate),
                "width": encoder.width,
                "bits": encoder.bits,
                "beta": chosen.beta,
                "reason": chosen.reason,
            },
        )
    )

    def watch(stage: str, column: int, progress: Progress) -> None:
        name = classes[column] if len(classes) > 2 else schema.label
        tell(
            Event(
                stage,
                f"{name}: objective {progress.objective:.5g}"
                + (f", bound {progress.bound:.5g}" if stage == "prove" else ""),
                {"column": column, "name": name, **asdict(progress)},
            )
        )

    fit = fit_dataset(dataset, chosen.beta, loss, choices, watch)
    solved = solved_facts(fit.columns)
    log.info("solved by %s: %s", " and ".join(solved["methods"]), solved["reason"])
    tell(Event("solve", solved_sentence(solved), solved))
    summary = certificate_summary(fit)
    provenance = provenance_of(
        table.source, schema, replace(choices, weights=fit.weights), chosen, loss, summary
    )
    network = to_network(dataset, fit, tuple(c.name for c in columns), provenance)
    tell(Event("certificate", f"objective {summary['objective']:.5g}, bound {summary['bound']:.5g}", summary))
    metrics, values = _metrics(network, table, train, test, choices.seed)
    tell(Event("accuracy", f"test {metrics['measure']} {metrics['test']:.3f}", metrics))
    return Trained(
        network=network,
        certificates=tuple(f.certificate for f in fit.columns),
        problems=tuple(f.problem for f in fit.columns),
        objectives=fit.objectives,
        histories=tuple({"solve": f.solution.history, "rounding": f.atoms.history} for f in fit.columns),
        stats=tuple(
            {
                "method": f.solution.method,
                "reason": f.reason,
                "iterations": f.solution.iterations,
                "seconds": f.solution.seconds,
                "status": f.solution.status.value,
            }
            for f in fit.columns
        ),
        train_index=train,
        test_index=test,
        metrics=metrics,
        choices=choices,
        chosen={
            "encoder": str(chosen.candidate),
            "beta": chosen.beta,
            "loss": loss,
            "reason": chosen.reason,
            "ranking": list(chosen.ranking),
            "validation": list(chosen.validation),
        },
        test_values=values,
        notes=table.notes,
    )


def provenance_of(
    source: str, schema: Schema, choices: Choices, chosen: Chosen, loss: str, certificate: dict[str, Any]
) -> dict[str, Any]:
    """What a model file says about its origin: enough to pose its problems again from the data."""
    return {
        "source": source,
        "schema": schema.to_json(),
        "seed": choices.seed,
        "test_fraction": choices.test_fraction,
        "encoder": str(chosen.candidate),
        "loss": loss,
        "beta": chosen.beta,
        "family": choices.family,
        "weights": choices.weights,
        "activation": list(choices.activation) if choices.activation else None,
        "certificate": certificate,
    }


def certificate_summary(fit: DatasetFit) -> dict[str, Any]:
    """Objective, bound and gap, in total and per score column; plain numbers for JSON."""
    proof = Proof(fit.objectives, tuple(f.certificate for f in fit.columns))
    return {
        "objective": proof.objective,
        "bound": proof.bound,
        "gap": proof.gap,
        "kind": sorted({c.kind for c in proof.columns}),
        "columns": [
            {"objective": float(o), "bound": float(c.bound), "gap": float(g)}
            for o, c, g in zip(proof.objectives, proof.columns, proof.gaps, strict=True)
        ],
    }


def rebuild_problems(network: Network, table: Table) -> list[Any]:
    """The training problems of a stored network, posed again from the data alone.

    The split is seeded, the encoder is part of the network: nothing is fitted here.

    Args:
        network: with the provenance that ``train_table`` wrote.
        table: the same table.

    Returns:
        one ``Problem`` per score column.
    """
    from qcompile.train.fit import problem_of

    facts = network.provenance
    train, _ = split(table, float(facts["test_fraction"]), int(facts["seed"]))
    dataset = dataset_of(network.encoder, table.x[train], table.y[train], network.task, network.classes)
    activation = facts.get("activation")
    choices = Choices(
        family=str(facts["family"]),
        weights=str(facts["weights"]),
        activation=tuple(activation) if activation else None,
    )
    return [
        problem_of(dataset, c, float(facts["beta"]), str(facts["loss"]), choices)
        for c in range(dataset.y.shape[1])
    ]


def _metrics(
    network: Network, table: Table, train: NDArray[np.intp], test: NDArray[np.intp], seed: int
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    from sklearn.metrics import accuracy_score, confusion_matrix, r2_score

    scores = forward(network, table.x)
    values = np.asarray(network.scale * scores + network.offset, dtype=np.float64)
    others = baselines(table.x, table.y, table.schema.columns, network.task, train, test, seed)
    regression = network.task == "regression"
    predicted = values[:, 0] if regression else decide(network, scores)
    score = r2_score if regression else accuracy_score

    def confused(labels: NDArray[Any]) -> list[list[int]]:
        found: list[list[int]] = confusion_matrix(
            table.y[test], labels, labels=np.arange(len(network.classes))
        ).tolist()
        return found

    metrics: dict[str, Any] = {
        "measure": "R2" if regression else "accuracy",
        "train": float(score(table.y[train], predicted[train])),
        "test": float(score(table.y[test], predicted[test])),
        "baselines": {name: float(score(table.y[test], told)) for name, told in others.items()},
        "confusion": None if regression else confused(predicted[test]),
        "baseline_confusion": {} if regression else {name: confused(told) for name, told in others.items()},
        "majority": None if regression else _majority(table, test),
        "points": _points(np.asarray(table.y[test], dtype=np.float64), values[test, 0]) if regression else [],
    }
    return metrics, values[test]


def _majority(table: Table, test: NDArray[np.intp]) -> dict[str, Any]:
    """The most frequent class of the test rows, and its share: what answering without looking reaches."""
    counts = np.bincount(table.y[test], minlength=len(table.schema.classes))
    return {"name": table.schema.classes[int(counts.argmax())], "share": float(counts.max() / counts.sum())}


def _points(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> list[list[float]]:
    """[actual, predicted] of at most ``POINTS`` test rows, evenly taken."""
    keep = np.unique(np.linspace(0, len(actual) - 1, POINTS).round().astype(int))
    return [[float(a), float(p)] for a, p in zip(actual[keep], predicted[keep], strict=True)]
