"""The passes in order, each checked against the interpreter before and after.

A pass is a file of this folder that is a ``Pass``: it says how it runs, and AFTER which others. The
order is a topological sort of AFTER (names break ties), so a new pass is one new file. After each
pass the program must be well formed (ir/verify.py) and give the same outputs as the program that
came in, on seeded and worst-case rows; a failure names the pass.
"""

from __future__ import annotations

import graphlib
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qcompile import registry
from qcompile.errors import CompileError
from qcompile.ir.interpret import interpret
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.ir.text import dump
from qcompile.ir.verify import verify
from qcompile.targets.schema import Target

PACKAGE = "qcompile.passes"
ROWS = 48


@runtime_checkable
class Pass(Protocol):
    """A module of this folder.

    Attributes:
        AFTER: names of the passes that must have run before it.
    """

    AFTER: tuple[str, ...]

    def run(self, program: Program, target: Target | None = None) -> Program:
        """A program with the same outputs on every row."""


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


def passes() -> dict[str, Pass]:
    """All passes by name, in the order in which they run; files that are no pass are left out.

    >>> list(passes())[-1]
    'select_kernel'
    """
    modules = {name: registry.load(PACKAGE, name) for name in registry.names(PACKAGE)}
    found = {name: module for name, module in modules.items() if isinstance(module, Pass)}
    sorter = graphlib.TopologicalSorter({name: unit.AFTER for name, unit in found.items()})
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return {name: found[name] for name in order}


def ordered() -> tuple[str, ...]:
    """Names of all passes in the order in which they run."""
    return tuple(passes())


def optimise(program: Program, target: Target | None = None) -> tuple[Program, tuple[PassRecord, ...]]:
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
    for name, unit in passes().items():
        before = program
        try:
            program = unit.run(program, target)
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
