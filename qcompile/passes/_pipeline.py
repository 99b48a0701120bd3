"""The passes in order, each checked against the interpreter before and after.

A pass is a file of this folder with

    AFTER: tuple[str, ...]          names of the passes that must have run before it
    run(program, target=None)       -> Program with the same outputs on every row

The order is a topological sort of AFTER (names break ties), so a new pass is one new file. After
each pass the program must be well formed (ir/verify.py) and give the same outputs as the
program that came in, on seeded and worst-case rows; a failure names the pass.
"""

from __future__ import annotations

import graphlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile import registry
from qcompile.errors import CompileError
from qcompile.ir.interpret import interpret
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.ir.text import dump
from qcompile.ir.verify import verify

__all__ = ["PassRecord", "optimise", "ordered"]

PACKAGE = "qcompile.passes"
ROWS = 48


@dataclass(frozen=True)
class PassRecord:
    """What one pass did.

    Attributes:
        name: of the pass.
        changed: whether the text of the program differs.
        before: operations and constant entries that came in.
        after: operations and constant entries that went out.
    """

    name: str
    changed: bool
    before: tuple[int, int]
    after: tuple[int, int]


def ordered() -> tuple[str, ...]:
    """Names of all passes in the order in which they run.

    >>> ordered()[-1]
    'select_kernel'
    """
    after = {name: registry.load(PACKAGE, name).AFTER for name in registry.names(PACKAGE)}
    sorter = graphlib.TopologicalSorter(after)
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return tuple(order)


def optimise(program: Program, target: Any = None) -> tuple[Program, tuple[PassRecord, ...]]:
    """Run every pass; the result means the same, and that is checked, not hoped.

    Args:
        program: any well-formed program.
        target: passed on to the passes; None is this machine.

    Raises:
        CompileError: the program is malformed, a bound leaves int64, or a pass changed the meaning.
    """
    verify(program)
    rows = np.concatenate([seeded_rows(program, ROWS), worst_case_rows(program)])
    expected = interpret(program, rows)
    records = []
    for name in ordered():
        before = program
        try:
            program = registry.load(PACKAGE, name).run(program, target)
            verify(program)
        except CompileError as problem:
            raise CompileError(f"pass {name}: {problem}") from problem
        changed = dump(program) != dump(before)
        if changed:
            _same(name, expected, interpret(program, rows), rows)
        records.append(PassRecord(name, changed, _size(before), _size(program)))
    return program, tuple(records)


def _same(name: str, expected: dict[str, NDArray[Any]], found: dict[str, NDArray[Any]], rows: Any) -> None:
    if expected.keys() != found.keys():
        raise CompileError(f"pass {name} changed the outputs from {sorted(expected)} to {sorted(found)}.")
    for role, value in expected.items():
        wrong = np.argwhere(value != found[role])
        if len(wrong):
            row, column = wrong[0]
            raise CompileError(
                f"pass {name} changed the meaning of {role}: element {column} of row {row} was "
                f"{value[row, column]} and is {found[role][row, column]} ({len(wrong)} of {value.size} "
                "differ). This is a bug of the pass: please report it with `qcompile info` of the model."
            )


def _size(program: Program) -> tuple[int, int]:
    entries = sum(v.size for op in program.ops for v in vars(op).values() if isinstance(v, np.ndarray))
    return len(program.ops), entries
