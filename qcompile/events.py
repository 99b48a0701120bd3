"""Events: what a long run reports.

Every stage of a build says what it did in one sentence, with the same facts as plain data.
The live terminal display, a notebook and a log file are three functions ``Event -> None``;
the code that works never prints. What ``data`` holds, where it is known:

    data         source, rows, columns, task, classes, notes
    split        train, test, fraction, seed
    encoder      name, bits, width
    choose       candidate, score                       one event per candidate, then one sentence
    solve        column, columns, seconds, iteration, objective, bound        while it runs
    rounding     column, columns, seconds, iteration, objective, bound        while it runs
    prove        column, columns, seconds, iteration, objective, bound        while it runs (tight, exact)
    solve        columns, methods, reason, status, iterations, seconds      once, when all columns are done
    certificate  column, columns, name, objective, bound, gap
    accuracy     metric, model, baselines
    program      neurons, width, weight_bits, input_bits, accumulators
    verify       backend, rows, equal
    latency      latency_us                              back-end -> microseconds of one row
    energy       energy_uj, origin                       back-end -> microjoules of one row
    written      path, bytes
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

__all__ = ["STAGES", "Event", "Listener", "ignore"]

# In the order in which a build passes through them.
STAGES: Mapping[str, str] = MappingProxyType(
    {
        "data": "Data",
        "split": "Split",
        "encoder": "Encoder",
        "choose": "Choice",
        "solve": "Training",
        "certificate": "Certificate",
        "rounding": "Rounding",
        "prove": "Proof",
        "accuracy": "Accuracy",
        "program": "Program",
        "verify": "Verification",
        "latency": "Latency",
        "energy": "Energy",
        "written": "Written",
    }
)


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        stage: a key of ``STAGES``.
        message: one sentence for a person; empty for pure progress (a bound that moved).
        data: the same facts for a machine, plain numbers and text.

    >>> Event("split", "426 rows to train, 143 to test.", {"train": 426, "test": 143}).stage
    'split'
    """

    stage: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise ValueError(f"stage is {self.stage!r}, allowed: {', '.join(STAGES)}.")


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of a caller who does not watch."""
