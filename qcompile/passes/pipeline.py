"""The passes in order, each checked against the interpreter before and after.

A pass is a file of this folder that is a ``Pass``: it says how it runs, and AFTER which others. The
order is a topological sort of AFTER (names break ties), so a new pass is one new file. After each
pass the program must be well formed (ir/verify.py) and give the same outputs as the program that
came in, on seeded and worst-case rows; a failure names the pass.
"""

from __future__ import annotations

import graphlib
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qcompile import registry
from qcompile.errors import CompileError
from qcompile.ir.interpret import interpret
from qcompile.ir.operation import Op
from qcompile.ir.ops import Add, Affine, Argmax, Dot, Encode, Input, Mul, Poly, Scale, Sign, Threshold
from qcompile.ir.probe import affordable, seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.ir.verify import verify
from qcompile.targets.schema import Target

PACKAGE = "qcompile.passes"
ROWS = 48
EVERYWHERE: tuple[type[Op], ...] = (
    *(Input, Encode, Affine, Dot, Mul, Add, Poly, Threshold, Argmax, Sign, Scale),
)  # what every back-end runs, on vectors


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


@runtime_checkable
class Introduces(Pass, Protocol):
    """A pass that writes operations which not every back-end runs.

    Attributes:
        MAKES: those operations.
    """

    MAKES: tuple[type[Op], ...]


@runtime_checkable
class Expresses(Pass, Protocol):
    """A pass that writes an operation in those that every back-end runs.

    Attributes:
        REMOVES: what it takes out.
    """

    REMOVES: tuple[type[Op], ...]


def passes(runs: Collection[type[Op]] | None = EVERYWHERE) -> dict[str, Pass]:
    """Passes by name, in the order in which they run; files that are no pass are left out.

    Args:
        runs: operations that the back-end runs: passes that would introduce others do not run, and
            none that would take out one of these. None is for all passes there are.

    >>> list(passes())[-1]
    'select_kernel'
    """
    modules = {name: registry.load(PACKAGE, name) for name in registry.names(PACKAGE)}
    found = {name: unit for name, unit in modules.items() if isinstance(unit, Pass)}
    sorter = graphlib.TopologicalSorter({name: unit.AFTER for name, unit in found.items()})
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return {name: found[name] for name in order if runs is None or _wanted(found[name], runs)}


def _wanted(unit: Pass, runs: Collection[type[Op]]) -> bool:
    if isinstance(unit, Introduces) and not set(unit.MAKES) <= set(runs):
        return False
    return not (isinstance(unit, Expresses) and set(unit.REMOVES) & set(runs))


def ordered(runs: Collection[type[Op]] | None = EVERYWHERE) -> tuple[str, ...]:
    """Names of ``passes``."""
    return tuple(passes(runs))


Optimised = tuple[Program, tuple[PassRecord, ...]]
# The last programs that were optimised: a build asks for the same one for its kernels, its cost and its
# report, and each run of the passes interprets rows after every pass.
_RECENT: deque[tuple[Program, Target | None, frozenset[type[Op]], Optimised]] = deque(maxlen=8)


def optimise(
    program: Program, target: Target | None = None, runs: Collection[type[Op]] = EVERYWHERE
) -> Optimised:
    """Run every pass; the result means the same, and that is checked, not hoped.

    The same program for the same target is optimised once.

    Args:
        program: any well-formed program.
        target: passed on to the passes; None is this machine.
        runs: operations that the back-end runs.

    Raises:
        CompileError: the program is malformed, a bound leaves int64, or a pass changed the meaning.
    """
    kinds = frozenset(runs)
    for known, goal, allowed, result in tuple(_RECENT):
        if known is program and goal == target and allowed == kinds:
            return result
    result = _optimise(program, target, runs)
    _RECENT.append((program, target, kinds, result))
    return result


def _optimise(program: Program, target: Target | None, runs: Collection[type[Op]]) -> Optimised:
    verify(program)
    rows = np.concatenate([seeded_rows(program, affordable(program, ROWS)), worst_case_rows(program)])
    expected = interpret(program, rows)
    records = []
    for name, unit in passes(runs).items():
        before = program
        try:
            program = unit.run(program, target)
            verify(program)
        except CompileError as problem:
            raise CompileError(f"pass {name}: {problem}") from problem
        changed = not program.equals(before)
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
