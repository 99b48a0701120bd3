"""Answers: what each command returns, as frozen records; ``--json`` prints them as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qcompile.checks import Check
from qcompile.facts import ModelFacts
from qcompile.model_file.form import FilePart, FormFacts

if TYPE_CHECKING:
    from qcompile.cost.profile import OperatorTime
    from qcompile.cost.rows import CostRow, Interval
    from qcompile.cost.this_machine import Machine
    from qcompile.report.program import ProgramPart
    from qcompile.targets.schema import Compiler
    from qcompile.verify.equality import Outcome


@dataclass(frozen=True)
class Costs:
    """Every figure of a model on a target, and how it was obtained."""

    model: str
    how: str
    target: str
    rows: tuple[CostRow, ...]


@dataclass(frozen=True)
class Side:
    """Totals of one model on one target; None where there is no figure."""

    model: str
    target: str
    how: str
    instructions: Interval | None
    cycles: Interval | None
    latency: Interval | None
    energy: Interval | None
    flash: Interval | None
    ram: Interval | None


@dataclass(frozen=True)
class Comparison:
    """Models by targets, in the given order."""

    rows: tuple[Side, ...]


@dataclass(frozen=True)
class VerdictLine:
    """One limit against one figure, both in ``unit``; ``row`` is where the figure is from."""

    limit: str
    unit: str
    budget: float
    expected: float
    high: float
    row: CostRow | None
    within: bool
    sentence: str


@dataclass(frozen=True)
class Budgeted:
    """A model against a budget: where the limits are from, and a verdict for each."""

    folder: str
    target: str
    budget: str
    passed: bool
    verdicts: tuple[VerdictLine, ...]


@dataclass(frozen=True)
class Verification:
    """Every check that was made of a folder."""

    folder: str
    passed: bool
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Predictions:
    """What a model says of rows.

    Attributes:
        model: its file.
        task: "classification" or "regression".
        label: column that is predicted.
        rows: how many.
        unseen: cells with a category that training did not see.
        unreadable: cells that are neither a number (or date) nor a mark for none.
        predictions: class names, or numbers.
        scores: exact integers, one list per row.
        quality: accuracy or R2, where the table has the label.
        sentence: the same in words, or why there is none.
    """

    model: str
    task: str
    label: str
    rows: int
    unseen: int
    unreadable: int
    predictions: tuple[str, ...] | tuple[float, ...]
    scores: tuple[tuple[int, ...], ...]
    quality: float | None
    sentence: str


@dataclass(frozen=True)
class TargetLine:
    """A target in one line."""

    name: str
    kind: str
    isa: str
    clock_mhz: float
    title: str


@dataclass(frozen=True)
class TargetList:
    """Every target of this installation."""

    targets: tuple[TargetLine, ...]


@dataclass(frozen=True)
class FigureOf:
    """One figure of a target's file, with its interval, kind, date and source."""

    field: str
    expected: float
    low: float
    high: float
    kind: str
    date: str
    source: str


@dataclass(frozen=True)
class TargetFigures:
    """Everything that a target's file says."""

    name: str
    title: str
    kind: str
    isa: str
    features: tuple[str, ...]
    regulator: str
    compiler: Compiler | None
    runner: str
    figures: tuple[FigureOf, ...]


@dataclass(frozen=True)
class Information:
    """A model file: facts in words, and the parts they are from."""

    model: str
    facts: Mapping[str, str]
    onnx: FormFacts | None
    network: ModelFacts | None
    program: ProgramPart
    provenance: Mapping[str, object]


@dataclass(frozen=True)
class ImportedProgram:
    """An imported program, compared and written."""

    source: str
    program: ProgramPart
    verification: tuple[Outcome, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExportedFile(FormFacts):
    """An exported file: what it asks of a runtime, and how it was compared."""

    model: str
    output: str
    runtime: str
    verified: Outcome | None
    files: Mapping[str, FilePart]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class CompiledC:
    """Files for a target, their sizes in bytes, and the figures of one row.

    ``provenance`` says what the back-end chose: kernels, names, scratch.
    """

    out: str
    target: str
    files: Mapping[str, int]
    digest: str
    figures: Mapping[str, Interval]
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class ProfiledFile:
    """One ONNX file in ONNX Runtime; operators by batch size, slowest first."""

    path: str
    size_bytes: int
    session_ms: float
    first_run_ms: float
    memory_bytes: int | None
    threads: int
    providers: tuple[str, ...]
    latency: tuple[CostRow, ...]
    operators: Mapping[str, tuple[OperatorTime, ...]]


@dataclass(frozen=True)
class Profiles:
    """Latency percentiles of everything that was timed."""

    models: tuple[str, ...]
    target: str
    rows: tuple[CostRow, ...]
    notes: tuple[str, ...]
    files: tuple[ProfiledFile, ...]
    machine: Machine


@dataclass(frozen=True)
class MethodCost:
    """A dot-product method: picoseconds per one-bit product, nanoseconds per input of its table."""

    mode: str
    method: str
    product_ps: float
    table_ns: float
    shipped_product_ps: float | None


@dataclass(frozen=True)
class Calibration:
    """Costs of the methods on this machine, and where they are kept."""

    isa: str
    file: str
    machine: Machine
    costs: tuple[MethodCost, ...]
