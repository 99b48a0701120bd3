"""Generated C on the core it is for: compiled, run in the emulator, compared bit by bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qcompile.backends.artifact import Artifact
from qcompile.backends.c99.build import build
from qcompile.errors import UnsupportedError
from qcompile.ir.program import Program
from qcompile.passes.pipeline import optimise
from qcompile.run import native_c
from qcompile.run.runner import EMULATORS
from qcompile.targets.schema import Target, load_target
from qcompile.verify.equality import Outcome, outcome, test_bench
from qcompile.verify.folder import read_firmware

RUNNERS = ("unicorn", "wasm", "qemu", "native", "host")


def on_core(program: Program, target: str | Path, rows: int, seed: int) -> Outcome:
    """Compile a program's C for a target, run it in the target's emulator, and compare every bit.

    Args:
        program: the model.
        target: one that an emulator here serves.
        rows: seeded rows, besides the worst-case rows.
        seed: seed of these rows.

    Raises:
        UnsupportedError: no emulator here runs the target, with the reason.
    """
    goal = load_target(target)
    fast, _ = optimise(program, goal)
    return _compared(program, build(fast, goal), goal, rows, seed)


def folder_on_core(place: Path, target: str | Path, rows: int, seed: int) -> Outcome:
    """The C files in a folder that ``compile`` wrote, as they are on disk, run and compared.

    Raises:
        UnsupportedError: they were made for another target, or no emulator here runs it.
        ModelError: a file is missing or unreadable.
    """
    artifact, _ = read_firmware(place)
    goal, made_for = load_target(target), artifact.provenance.get("target")
    if goal.name != made_for:
        raise UnsupportedError(
            f"{place} holds C for {made_for}, not for {goal.name}; compile the model for {goal.name} first."
        )
    assert artifact.program is not None
    return _compared(artifact.program, artifact, goal, rows, seed)


def _compared(program: Program, artifact: Artifact, goal: Target, rows: int, seed: int) -> Outcome:
    if goal.runner not in RUNNERS:
        raise UnsupportedError(
            f"target {goal.name!r} names {f'the runner {goal.runner!r}' if goal.runner else 'no runner'}; "
            f"code can be run for targets that name one of {', '.join(RUNNERS)}."
        )
    here = goal.runner in ("native", "host")
    core = native_c.open_artifact(artifact) if here else EMULATORS[goal.runner].open_artifact(artifact, goal)
    found = outcome(f"C on {goal.name}", program, core, test_bench(program, rows, seed))
    return replace(found, compiler=core.build)
