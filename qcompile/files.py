"""Staging: files appear complete or not at all.

Everything is written under a hidden name beside its destination and moved there in the last
step, so that a failure or Ctrl-C half-way leaves what was there before, and nothing else.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from qcompile.errors import QCompileError

__all__ = ["staged_file", "staged_folder"]

PREFIX = ".qcompile-"


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder; its files become those of ``target`` if the block ends well.

    A new target appears by one rename. Into an existing one each file is moved by its own
    rename, replacing an older file of that name; other files there are left alone.

    Raises:
        QCompileError: the target is a file, or cannot be written; found out before the block runs.
    """
    target = Path(target)
    if target.exists() and not target.is_dir():
        raise QCompileError(f"{target} is a file; give a folder for the output, for example -o build/.")
    fresh = not target.exists()
    home = target.absolute().parent if fresh else target
    with _writable(target):
        made = _make_parents(home)
        staging = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
    try:
        yield staging
        with _writable(target), _uninterrupted():
            if fresh:
                staging.chmod(0o777 & ~_umask())
                staging.rename(target)
            else:
                for file in sorted(path for path in staging.rglob("*") if not path.is_dir()):
                    place = target / file.relative_to(staging)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(file, place)
            made = []
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        _remove_empty(made)


@contextmanager
def staged_file(target: Path) -> Iterator[Path]:
    """Yield a path to write; it becomes ``target`` by one rename if the block ends well.

    Raises:
        QCompileError: the target is a folder, or cannot be written; found out before the block runs.
    """
    target = Path(target)
    if target.is_dir():
        raise QCompileError(
            f"{target} is a folder; give a file name for the output, for example -o model.onnx."
        )
    home = target.absolute().parent
    with _writable(target):
        made = _make_parents(home)
        staging = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
    try:
        yield staging / target.name
        with _writable(target), _uninterrupted():
            os.replace(staging / target.name, target)
            made = []
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        _remove_empty(made)


@contextmanager
def _writable(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise QCompileError(
            f"{target} cannot be written ({reason}); choose another place with -o."
        ) from error


def _make_parents(home: Path) -> list[Path]:
    """Create missing parents; return those created, innermost first, to undo on failure."""
    missing = []
    folder = home
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    home.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back for the few renames that must happen together."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        pressed.append(number)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
