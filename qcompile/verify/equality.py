"""Every artifact against the interpreter: the same bits on seeded, worst-case and real rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.titles import backend_name
from qcompile.errors import CheckFailed
from qcompile.events import Event, Listener
from qcompile.facts import Compared
from qcompile.ir.probe import affordable, seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.verify.equivalence import compare

SEEDED = 1000


@dataclass(frozen=True)
class Outcome:
    """One artifact's comparison."""

    backend: str
    rows: int
    equal: bool
    detail: str
    compiler: str = ""

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        if self.equal:
            by = f" ({self.compiler})" if self.compiler else ""
            return f"every output bit equals the interpreter's on {self.rows:,} rows{by}"
        return f"differs from the interpreter: {self.detail}"


def test_bench(program: Program, rows: int, seed: int, real: NDArray[Any] | None = None) -> NDArray[Any]:
    """Seeded rows, rows that drive the accumulators to their limits, and given rows.

    They are float32, or int64 where the program reads integers.

    Of a network of many million products a row there are fewer seeded ones: ``affordable``.
    """
    parts = [seeded_rows(program, affordable(program, rows), seed), worst_case_rows(program)]
    if real is not None and len(real):
        parts.append(np.asarray(real, dtype=parts[0].dtype))
    return np.concatenate(parts)


def outcome(name: str, program: Program, runner: Any, x: NDArray[Any]) -> Outcome:
    """Compare one runner."""
    found = compare(program, runner, x)
    return Outcome(name, int(found.rows), bool(found.equal), str(found.detail))


def compare_all(
    program: Program, runners: Mapping[str, Any], real: NDArray[Any] | None, on_event: Listener
) -> tuple[Outcome, ...]:
    """Compare every runner; a build whose artifact differs is refused.

    Raises:
        CheckFailed: an artifact differs.
    """
    x = test_bench(program, SEEDED, 0, real)
    outcomes = []
    for name, runner in runners.items():
        found = outcome(name, program, runner, x)
        outcomes.append(found)
        on_event(
            Event(
                "verify",
                f"{backend_name(name)}: {found.sentence}",
                Compared(name, found.rows, found.equal),
            )
        )
        if not found.equal:
            raise CheckFailed(f"the {name} artifact {found.sentence}; nothing was written. Please report it.")
    return tuple(outcomes)
