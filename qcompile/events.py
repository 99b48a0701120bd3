"""Events: what a long run reports.

Every stage of a build says what it did in one sentence, with the same facts as a frozen record.
The live terminal display, a notebook and a log file are three functions ``Event -> None``;
the code that works never prints. Which record a stage sends stands in ``STAGES``; the fields are
those of the record (qcompile/facts.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from qcompile.facts import (
    Accuracy,
    Certified,
    Compared,
    Divided,
    Encoded,
    ModelFacts,
    OneRowEnergy,
    OneRowLatency,
    Read,
    Solved,
    Step,
    Tried,
    Written,
)

Facts = (
    Accuracy
    | Certified
    | Compared
    | Divided
    | Encoded
    | ModelFacts
    | OneRowEnergy
    | OneRowLatency
    | Read
    | Solved
    | Step
    | Tried
    | Written
)


@dataclass(frozen=True)
class Stage:
    """A stage of a build.

    Attributes:
        title: as displays show it.
        sends: the records its events carry.
    """

    title: str
    sends: tuple[type[Facts], ...]


# In the order in which a build passes through them.
STAGES: Mapping[str, Stage] = MappingProxyType(
    {
        "data": Stage("Data", (Read,)),
        "split": Stage("Split", (Divided,)),
        "encoder": Stage("Encoder", (Encoded,)),
        "choose": Stage("Choice", (Tried,)),
        "solve": Stage("Training", (Step, Solved)),
        "certificate": Stage("Certificate", (Certified,)),
        "rounding": Stage("Rounding", (Step,)),
        "prove": Stage("Proof", (Step,)),
        "accuracy": Stage("Accuracy", (Accuracy,)),
        "program": Stage("Program", (ModelFacts,)),
        "verify": Stage("Verification", (Compared,)),
        "latency": Stage("Latency", (OneRowLatency,)),
        "energy": Stage("Energy", (OneRowEnergy,)),
        "written": Stage("Written", (Written,)),
    }
)


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        stage: a key of ``STAGES``.
        message: one sentence for a person; empty for pure progress (a bound that moved).
        facts: the same for a machine, one of the records that the stage sends.

    Raises:
        ValueError: there is no such stage, or it does not send such a record.

    >>> Event("split", "426 rows to train, 143 to test.", Divided(426, 143)).facts.test
    143
    """

    stage: str
    message: str
    facts: Facts

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            raise ValueError(f"stage is {self.stage!r}, allowed: {', '.join(STAGES)}.")
        sends = STAGES[self.stage].sends
        if not isinstance(self.facts, sends):
            raise ValueError(
                f"stage {self.stage!r} sends {' or '.join(s.__name__ for s in sends)}, "
                f"not {type(self.facts).__name__}."
            )

    @property
    def data(self) -> Mapping[str, object]:
        """The facts as plain values, for a log or a notebook."""
        return asdict(self.facts)


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of a caller who does not watch."""
