"""From a table to a trained, certified network: split, choose, fit, score against float models."""

from __future__ import annotations

import logging
from dataclasses import replace

from qcompile.data.dataset import dataset_of
from qcompile.data.split import copies_sentence, split
from qcompile.data.table import Table
from qcompile.events import Event, Listener, ignore
from qcompile.facts import Divided, Encoded, Step, Tried
from qcompile.model.encoder import Encoder
from qcompile.numerals import number
from qcompile.relax.solution import Progress
from qcompile.train.choices import Choices
from qcompile.train.fit import fit_dataset, to_network
from qcompile.train.metrics import metrics_of
from qcompile.train.one_thread import one_blas_thread
from qcompile.train.proof import certified
from qcompile.train.provenance import provenance_of
from qcompile.train.select.choose import Chosen, choose
from qcompile.train.solved import solved_facts, solved_sentence
from qcompile.train.trained import Trained

log = logging.getLogger(__name__)


@one_blas_thread()
def train(table: Table, choices: Choices | None = None, on_event: Listener = ignore) -> Trained:
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
    schema = table.schema
    inside, test = parts = split(table, choices.test_fraction, choices.seed, choices.split)
    copies = copies_sentence(table, parts, choices.split)
    sentence = f"{len(inside)} rows to train on, {len(test)} to test"
    sentence += f". {copies}" if copies else ""
    on_event(Event("split", sentence, Divided(len(inside), len(test))))

    rows = table.rows(inside)
    chosen = choose(rows, choices, lambda tried: on_event(_tried(tried)))
    encoder = chosen.candidate.fit(rows)
    on_event(_encoded(encoder, chosen))

    def watch(stage: str, column: int, progress: Progress) -> None:
        name = schema.classes[column] if len(schema.classes) > 2 else schema.label
        bound = f", bound {number(progress.bound, down=True)}" if stage == "prove" else ""
        step = Step(column, name, progress.seconds, progress.iteration, progress.objective, progress.bound)
        on_event(Event(stage, f"{name}: objective {number(progress.objective)}{bound}", step))

    dataset = dataset_of(encoder, rows)
    fit = fit_dataset(dataset, chosen.beta, replace(choices, neurons=chosen.neurons), watch)
    solved = solved_facts(fit.columns)
    log.info("solved by %s: %s", " and ".join(solved.methods), solved.reason)
    on_event(Event("solve", solved_sentence(solved), solved))
    provenance = provenance_of(rows, choices, chosen, fit)
    network = to_network(dataset, fit, schema.names, provenance)
    proved = certified(fit.proof)
    sentence = f"objective {number(proved.objective)}, bound {number(proved.bound, down=True)}"
    on_event(Event("certificate", sentence, proved))
    metrics, values = metrics_of(network, table, inside, test, choices.seed)
    on_event(Event("accuracy", f"test {metrics.measure} {metrics.test:.3f}", metrics))
    return Trained(
        network=network,
        train_index=inside,
        test_index=test,
        metrics=metrics,
        test_values=values,
        choices=choices,
        chosen=chosen,
        columns=fit.columns,
        proof=fit.proof,
        notes=(*table.notes, copies) if copies else table.notes,
    )


def _tried(row: Tried) -> Event:
    return Event("choose", f"{row.encoder}, beta {row.beta:g}: {row.score:.3f}", row)


def _encoded(encoder: Encoder, chosen: Chosen) -> Event:
    sentence = (
        f"{chosen.candidate}: {encoder.features} columns to {encoder.width} inputs of {encoder.bits} bit"
    )
    facts = Encoded(str(chosen.candidate), encoder.width, encoder.bits, chosen.beta, chosen.reason)
    return Event("encoder", sentence, facts)
