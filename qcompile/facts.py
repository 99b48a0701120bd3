"""Facts: what each stage reports, as frozen records with units in their names.

Events, report.json, the report page, the metadata of a model and ``--json`` are all written from
these; nothing else says what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Read:
    """A table was read: its source, size, task and classes, and what was done to it in sentences."""

    source: str
    rows: int
    columns: int
    task: str
    classes: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Divided:
    """Rows to train on, and rows set aside for the final test."""

    train: int
    test: int


@dataclass(frozen=True)
class Tried:
    """One row of the validation table.

    Attributes:
        encoder: the candidate, as text.
        beta: regularisation.
        score: accuracy or R2, mean over the folds.
        error: standard error of that mean.
        loss: mean training loss on the held rows.
        width: encoded inputs d, in the first fold.
        neurons: per score column, the mean over folds and columns, rounded up.
        size_bytes: of weights and encoder, about.
        scores: of the single folds.
    """

    encoder: str
    beta: float
    score: float
    error: float
    loss: float
    width: int
    neurons: int = 0
    size_bytes: int = 0
    scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class Encoded:
    """The encoder that is used, its number of inputs and their bits, and why it was chosen."""

    encoder: str
    width: int
    bits: int
    beta: float
    reason: str


@dataclass(frozen=True)
class Step:
    """Where a solver, the search or a proof stands.

    Attributes:
        column: score column.
        name: of its class, or of the label.
        seconds: since the stage began.
        iteration: of the method.
        objective: reached so far.
        bound: proved so far; NaN where there is none yet.
    """

    column: int
    name: str
    seconds: float
    iteration: int
    objective: float
    bound: float


@dataclass(frozen=True)
class Solved:
    """How the relaxations ended.

    Attributes:
        columns: score columns solved.
        methods: training method -> how many columns it solved.
        reason: why that method.
        status: ending, as a sentence -> how many columns ended so.
        iterations: of the slowest column.
        seconds: of the slowest column.
    """

    columns: int
    methods: Mapping[str, int]
    reason: str
    status: Mapping[str, int]
    iterations: int
    seconds: float


@dataclass(frozen=True)
class ColumnBound:
    """Objective reached and bound proved in one score column; gap = (objective - bound) / objective."""

    objective: float
    bound: float
    gap: float


@dataclass(frozen=True)
class Certified:
    """What is proved of a whole network: sums over the score columns, and each of them.

    ``kind`` holds the kinds of proof, sorted.
    """

    objective: float
    bound: float
    gap: float
    kind: tuple[str, ...]
    columns: tuple[ColumnBound, ...]


@dataclass(frozen=True)
class Majority:
    """The most frequent class of the test rows and its share: what answering without looking reaches."""

    name: str
    share: float


@dataclass(frozen=True)
class Accuracy:
    """Scores of the deployed network and of float models on the same split.

    Attributes:
        measure: "accuracy" or "R2".
        train: on the training rows.
        test: on the test rows.
        baselines: float model -> its test score.
        confusion: (C, C) counts, actual by predicted; None in regression.
        baseline_confusion: the same of each float model.
        majority: None in regression.
        points: [actual, predicted] of some test rows in regression.
    """

    measure: str
    train: float
    test: float
    baselines: Mapping[str, float]
    confusion: tuple[tuple[int, ...], ...] | None
    baseline_confusion: Mapping[str, tuple[tuple[int, ...], ...]]
    majority: Majority | None
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class ModelFacts:
    """What a network is, in numbers.

    Attributes:
        task: "classification" or "regression".
        classes: their names.
        columns: that it reads.
        form: "bilinear" or "polynomial".
        activation: (a, b, c) of a polynomial.
        encoder: its name.
        input_bits: of each encoded input.
        inputs: encoded.
        features: columns in front of the encoder.
        neurons: of the first layer.
        score_columns: outputs of the second layer.
        weights: grid of the first layer.
        bits_per_weight: of that grid.
        first_layer_bits: all weights of the first layer.
        alpha_bits: of an integer of the second layer.
        scale: value = scale * score + offset.
        offset: in units of the label.
    """

    task: str
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    form: str
    activation: tuple[int, int, int] | None
    encoder: str
    input_bits: int
    inputs: int
    features: int
    neurons: int
    score_columns: int
    weights: str
    bits_per_weight: int
    first_layer_bits: int
    alpha_bits: int
    scale: float
    offset: float


@dataclass(frozen=True)
class Compared:
    """One back-end against the interpreter: rows, and whether every output bit was equal."""

    backend: str
    rows: int
    equal: bool


@dataclass(frozen=True)
class OneRowLatency:
    """Back-end -> microseconds of one row."""

    latency_us: Mapping[str, float]


@dataclass(frozen=True)
class OneRowEnergy:
    """Back-end -> microjoules of one row, and where the figure is from."""

    energy_uj: Mapping[str, float]
    origin: str


@dataclass(frozen=True)
class Written:
    """A file that was written."""

    path: str
    bytes: int
