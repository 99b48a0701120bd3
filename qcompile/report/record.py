"""The record of a build, from which report.json and report.html are made, and its one reader.

Both are made from this one record, so a figure on the page and in the file cannot differ. Each part
is a free function of what a stage returned; none computes anything new about the model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qcompile.cost.every_target import TargetPart
from qcompile.cost.rows import CostReport
from qcompile.cost.this_machine import Machine
from qcompile.facts import Accuracy, Certified, ModelFacts, Tried
from qcompile.files.seal import SEAL, sealed
from qcompile.json_records import to_json
from qcompile.model.grid import BITS
from qcompile.model_file.form import FilePart
from qcompile.report.program import ProgramPart
from qcompile.report.words import accuracy_sentence, certificate_sentence
from qcompile.verify.equality import Outcome

if TYPE_CHECKING:
    from qcompile.data.table import Table
    from qcompile.model.network import Network
    from qcompile.relax.solution import Progress
    from qcompile.train.select.choose import Chosen
    from qcompile.train.trained import Trained

FORMAT = 2  # 1 had no seal, no digest of the page, and intervals without their sources
POINTS = 200  # of a curve, at most: more cannot be seen in a plot

Curve = tuple[tuple[float | None, ...], ...]  # (seconds, objective, bound) each; None where unknown


@dataclass(frozen=True, kw_only=True)
class CertificatePart(Certified):
    """The claim in words and in numbers."""

    sentence: str


@dataclass(frozen=True, kw_only=True)
class AccuracyPart(Accuracy):
    """Scores in words and in numbers."""

    sentence: str


@dataclass(frozen=True)
class DataPart:
    """Which rows, and what was done to them."""

    source: str
    label: str
    task: str
    rows: int
    columns: int
    train_rows: int
    test_rows: int
    seed: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class RankedPart:
    """An encoder and its score in the quick ranking."""

    encoder: str
    score: float


@dataclass(frozen=True)
class ChosenPart:
    """Encoder, beta and loss, why, and the tables they were picked from."""

    encoder: str
    beta: float
    loss: str
    reason: str
    ranking: tuple[RankedPart, ...]
    validation: tuple[Tried, ...]


@dataclass(frozen=True)
class ColumnPart:
    """One score column: what is reached and proved, how, and the two curves."""

    name: str
    objective: float
    bound: float
    gap: float
    kind: str
    digest: str
    rows: int
    method: str
    reason: str
    iterations: int
    seconds: float
    status: str
    solve: Curve
    rounding: Curve


@dataclass(frozen=True)
class TrainingPart:
    """How the configuration was chosen, and every score column."""

    chosen: ChosenPart | None
    columns: tuple[ColumnPart, ...]


@dataclass(frozen=True)
class Report:
    """Everything that a build reports, in the order in which report.json has it; sealed when written."""

    format: int
    certificate: CertificatePart
    accuracy: AccuracyPart
    model: ModelFacts
    data: DataPart
    training: TrainingPart
    program: ProgramPart
    verification: tuple[Outcome, ...]
    costs: CostReport
    files: Mapping[str, FilePart]
    machine: Machine
    targets: TargetPart
    page: str  # digest of what draws the page
    seal: str = ""


def report_text(report: Report) -> str:
    """report.json: the record, sealed."""
    plain = json.loads(to_json(report))
    del plain[SEAL]
    return to_json(sealed(plain))


def model_part(network: Network) -> ModelFacts:
    """What the network is."""
    bits = BITS[network.weights]
    vectors = 2 if network.form == "bilinear" else 1
    a, b, c = network.activation
    return ModelFacts(
        task=network.task,
        classes=tuple(network.classes),
        columns=tuple(network.columns),
        form=network.form,
        activation=(int(a), int(b), int(c)) if network.form == "polynomial" else None,
        encoder=network.encoder.name,
        input_bits=network.encoder.bits,
        inputs=network.width,
        features=network.encoder.features,
        neurons=network.neurons,
        score_columns=int(network.alpha.shape[1]),
        weights=network.weights,
        bits_per_weight=bits,
        first_layer_bits=vectors * network.neurons * network.width * bits,
        alpha_bits=int(np.abs(network.alpha).max(initial=0)).bit_length() + 1,
        scale=float(network.scale),
        offset=float(network.offset),
    )


def data_part(table: Table, trained: Trained) -> DataPart:
    """Which rows, and what was done to them."""
    return DataPart(
        source=table.source,
        label=table.schema.label,
        task=table.schema.task,
        rows=len(table),
        columns=len(table.schema.columns),
        train_rows=len(trained.train_index),
        test_rows=len(trained.test_index),
        seed=trained.choices.seed,
        notes=tuple(trained.notes),
    )


def certificate_part(proved: Certified) -> CertificatePart:
    """The claim in words and in numbers."""
    return CertificatePart(**vars(proved), sentence=certificate_sentence(proved))


def accuracy_part(scores: Accuracy) -> AccuracyPart:
    """Test score next to the float models' on the same split."""
    return AccuracyPart(**vars(scores), sentence=accuracy_sentence(scores))


def training_part(trained: Trained) -> TrainingPart:
    """How the encoder and beta were chosen, and every score column's curves."""
    names = trained.network.classes
    gaps = trained.proof.gaps if trained.proof else ()
    several = len(trained.columns) > 1
    columns = tuple(
        ColumnPart(
            name=names[c] if several else (names[1] if len(names) == 2 else "value"),
            objective=float(trained.objectives[c]),
            bound=float(fit.certificate.bound),
            gap=float(gaps[c]),
            kind=fit.certificate.kind,
            digest=fit.certificate.digest,
            rows=fit.problem.n,
            method=fit.solution.method,
            reason=fit.reason,
            iterations=fit.solution.iterations,
            seconds=fit.solution.seconds,
            status=fit.solution.status.value,
            solve=_curve(fit.solution.history),
            rounding=_curve(fit.atoms.history),
        )
        for c, fit in enumerate(trained.columns)
    )
    return TrainingPart(_chosen(trained.chosen) if trained.chosen else None, columns)


def _chosen(chosen: Chosen) -> ChosenPart:
    return ChosenPart(
        encoder=str(chosen.candidate),
        beta=chosen.beta,
        loss=chosen.loss,
        reason=chosen.reason,
        ranking=tuple(RankedPart(str(r.candidate), r.score) for r in chosen.ranking),
        validation=chosen.validation,
    )


def _curve(history: Sequence[Progress]) -> Curve:
    """At most ``POINTS`` steps, first and last among them."""
    if not history:
        return ()
    keep = np.unique(np.linspace(0, len(history) - 1, POINTS).round().astype(int))
    return tuple((history[i].seconds, history[i].objective, history[i].bound) for i in keep)
