"""A folder that ``compile`` wrote, as the artifact that it is: its own C files, edited or not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qcompile.api.model import PROGRAM, model_path
from qcompile.backends.artifact import Artifact
from qcompile.backends.c99 import build
from qcompile.errors import ModelError
from qcompile.ir.program import Program
from qcompile.targets.schema import Target

__all__ = ["LAYOUTS", "c_files", "is_c_folder"]

LAYOUTS = ("plain", "arduino", "zephyr")


def is_c_folder(place: Path) -> bool:
    """Whether a folder holds generated C rather than a build or an import."""
    return place.is_dir() and model_path(place).name == PROGRAM


def c_files(place: Path, program: Program, target: Target) -> tuple[Artifact, tuple[str, ...]]:
    """The folder's files as an artifact, and the names of those that were changed since.

    Args:
        place: what ``compile`` wrote.
        program: optimised for the target, from the folder's program.qir.
        target: the one the folder was compiled for; another target's files are not found or differ.

    Raises:
        ModelError: the files of no layout are all there.
    """
    for layout in LAYOUTS:
        fresh = build(program, target, layout=layout)
        if all((place / name).is_file() for name in fresh.files):
            files = {name: (place / name).read_bytes() for name in fresh.files}
            changed = tuple(name for name in files if files[name] != fresh.files[name])
            return replace(fresh, files=files), changed
    raise ModelError(
        f"{place} does not hold the C files of this program for target {target.name!r}; name the target it "
        "was compiled for, or compile it again."
    )
