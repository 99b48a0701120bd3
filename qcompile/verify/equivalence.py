"""Is a compiled model the same function as its program? Every output bit, on the rows given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.ir.interpret import interpret
from qcompile.ir.program import Program
from qcompile.run.runner import Runner

CHUNK = 2048  # rows per interpreted batch: bounds the memory of the exact reference
ELEMENTS = 1 << 21  # of the largest value of a batch; a runtime may hold some for every level of a threshold


@dataclass(frozen=True)
class Equivalence:
    """The answer of a comparison.

    Attributes:
        equal: whether every score and every prediction agreed.
        rows: how many rows were compared.
        detail: one sentence; the first difference where there is one.
    """

    equal: bool
    rows: int
    detail: str

    def __bool__(self) -> bool:
        return self.equal


def compare(program: Program, runner: Runner, x: NDArray[Any]) -> Equivalence:
    """Compare a runner with the interpreter on raw rows, exactly.

    Scores are integers and must be equal. Predictions must be equal too: labels as integers,
    values in the float type that the runner returns (float32 is the rounding of the exact float64).

    Args:
        program: the meaning.
        runner: anything with ``scores`` and ``predict``.
        x: (n, features) raw rows; see ``verify.rows`` for those worth taking.
    """
    chunk = max(1, min(CHUNK, ELEMENTS // max(1, *(op.type.length for op in program.ops))))
    for start in range(0, len(x), chunk):
        rows = x[start : start + chunk]
        expected = interpret(program, rows)
        scores = np.asarray(runner.scores(rows))
        wrong = _difference("scores", expected["scores"], scores, start)
        if not wrong:
            role = "label" if "label" in expected else "values"
            predicted = np.asarray(runner.predict(rows))
            wanted = expected.get(role, expected["scores"]).reshape(len(rows), -1)
            found = predicted.reshape(len(rows), -1) if len(rows) else wanted
            if found.dtype.kind == "f":
                wanted = wanted.astype(found.dtype)
            wrong = _difference("predictions", wanted, found, start)
        if wrong:
            return Equivalence(False, len(x), f"{runner.name}: {wrong}")
    return Equivalence(True, len(x), f"{runner.name}: every output equals the interpreter on {len(x)} rows")


def _difference(what: str, expected: NDArray[Any], found: NDArray[Any], start: int) -> str:
    """The first difference as a phrase, or nothing."""
    if found.shape != expected.shape:
        return f"{what} have shape {found.shape}, expected {expected.shape}"
    wrong = np.argwhere(expected != found)
    if not len(wrong):
        return ""
    row, column = (int(k) for k in wrong[0])
    return (
        f"{what} of row {start + row}, column {column}: expected {expected[row, column]}, "
        f"found {found[row, column]} ({len(wrong)} of {expected.size} differ in this block)"
    )
