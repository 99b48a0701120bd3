"""Areas: where files wait until all of them are complete.

An area is a folder ``.qcompile-PID-START-RANDOM`` in the user's cache folder (``QCOMPILE_CACHE``
overrides it), else in a private temporary folder; beside the destination only while the files move
there, where the cache lies on another file system. Its process holds a lock on it, which ends with
the process whatever ends that. The next start sweeps areas whose lock is free (another container's
process may have any number) and whose process has ended (some file systems have no locks).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from qcompile.errors import QCompileError
from qcompile.files.locks import Lock, alive, lock, started

PREFIX = ".qcompile-"
NAME = re.compile(r"\.qcompile-(\d+)-(\d+)-\w+")
LOCK, JOURNAL, NEW = "lock", "journal.json", "new"


class Area:
    """A folder of this process for files in waiting, locked while the process lives.

    Attributes:
        path: of the area.
        new: the folder that files are written into.
        journal: what is to be done with them, once they are complete.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700)
        self.lock: Lock | None = None
        self.new, self.journal = path / NEW, path / JOURNAL
        try:
            self.lock = lock(path / LOCK)
            self.new.mkdir()
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        """Delete the area with everything in it."""
        for _ in range(2):  # what could not be deleted at first (a scanner has it open) may be now
            shutil.rmtree(self.path, ignore_errors=True)
            if not self.path.exists():
                break
        if self.lock is not None:
            self.lock.release()


def root() -> Path:
    """The folder of areas and locks.

    >>> root().is_dir()
    True
    """
    return _root(os.environ.get("QCOMPILE_CACHE"))


@cache
def _root(asked: str | None) -> Path:
    import platformdirs

    cache_folder = Path(asked) if asked else Path(platformdirs.user_cache_dir("qcompile"))
    user = os.getuid() if hasattr(os, "getuid") else "user"
    for place in (cache_folder / "staging", Path(tempfile.gettempdir()) / f"qcompile-{user}"):
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                pass
        except OSError:
            continue
        if _ours(place):
            return place
    raise QCompileError(
        "neither the cache folder nor the temporary folder can be written; set QCOMPILE_CACHE to a folder "
        "that can be."
    )


def _ours(place: Path) -> bool:
    """Whether nobody else may put journals there."""
    status = os.lstat(place)
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(status.st_mode)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def opened() -> Area:
    """A new area in the cache folder."""
    return Area(root() / f"{PREFIX}{os.getpid()}-{started(os.getpid())}-{secrets.token_hex(4)}")


@contextmanager
def claimed(target: Path, shown: Path) -> Iterator[None]:
    """Keep other runs from writing the same destination while this one works on it.

    Raises:
        QCompileError: another run is at work on it.
    """
    key = hashlib.sha256(os.fsencode(target)).hexdigest()[:32]
    path = root() / f"{key}.lock"
    held: Lock | None = lock(path)
    if held is None:
        raise QCompileError(
            f"another qcompile is writing {shown} now; wait until it has finished, or give another place "
            "with -o."
        )
    try:
        yield
    finally:
        held.release(path)


def stale(home: Path) -> Iterator[tuple[Path, Lock]]:
    """Areas whose process has ended, each locked for the caller."""
    try:
        found = [Path(entry.path) for entry in os.scandir(home) if NAME.fullmatch(entry.name)]
    except OSError:
        return
    for path in found:
        pid, start = map(int, NAME.fullmatch(path.name).groups())  # type: ignore[union-attr]
        try:
            if alive(pid, start) or not _ours(path):
                continue
            got = lock(path / LOCK)
        except OSError:
            continue
        if got is not None:
            yield path, got


def sweep(finish: Callable[[Path], None], home: Path | None = None) -> None:
    """Finish or remove what ended processes have left behind.

    Args:
        finish: completes what the journal of an area says.
        home: folder to look into; the folder of areas by default.
    """
    try:
        place = root() if home is None else home
    except QCompileError:
        return
    for path, got in stale(place):
        try:
            finish(path)
        finally:
            shutil.rmtree(path, ignore_errors=True)
            got.release()
