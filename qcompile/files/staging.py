"""Staging: a block writes files into a waiting folder; when it has ended well they come into place.

Every destination is checked before the block runs, every one of them again before the first file
moves. A failure or a signal at any moment leaves what was there before, and nothing else.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from qcompile import signals
from qcompile.errors import QCompileError
from qcompile.files import commit, owned
from qcompile.files.area import Area, claimed, opened, sweep
from qcompile.files.destination import file_destination, folder_destination, writable
from qcompile.files.system_errors import reason_of

FULL = {getattr(errno, name) for name in ("ENOSPC", "EFBIG", "EDQUOT", "EIO") if hasattr(errno, name)}


@contextmanager
def staged_folder(
    target: Path, names: Sequence[str] = (), known: owned.Owned | None = None, force: bool = False
) -> Iterator[Path]:
    """Yield an empty folder; its files become those of ``target`` if the block ends well.

    Files of an existing target that have other names are left alone.

    Args:
        target: a folder, there or not yet.
        names: files that will be written, as far as they are known beforehand.
        known: says which files there are from an earlier run; any file is replaced when left out.
        force: replace other files too, and keep their old content as NAME.bak.

    Raises:
        QCompileError: the target is no folder or cannot be written, a file there is not ours, or
            another run is at work on it; found out before the block runs, where it can be.
    """
    target = Path(target)
    real = folder_destination(target)
    with claimed(real, target):
        sweep_all()
        sweep_all(real.parent)
        sweep_all(real)
        waiting = Waiting(target, real, names if real.is_dir() else (), known, force, whole=True)
        with waiting.folder() as new:
            yield new
            waiting.move(sorted(p.relative_to(new).as_posix() for p in new.rglob("*") if p.is_file()))


@contextmanager
def staged_file(target: Path, known: owned.Owned | None = None, force: bool = False) -> Iterator[Path]:
    """Yield a path to write; it becomes ``target`` if the block ends well.

    Raises:
        QCompileError: as for ``staged_folder``.
    """
    with staged_files([Path(target)], known, force) as folder:
        yield folder / Path(target).name


@contextmanager
def staged_files(
    targets: Sequence[Path], known: owned.Owned | None = None, force: bool = False
) -> Iterator[Path]:
    """Yield a folder in which files of the targets' names become the targets, all of them or none.

    Args:
        targets: files of one folder; the first is the one that the user named.
        known: as for ``staged_folder``, of the folder the targets are in.
        force: as there.

    Raises:
        QCompileError: as for ``staged_folder``.
    """
    first = Path(targets[0])
    reals = {Path(target).name: file_destination(Path(target)) for target in targets}
    real = reals[first.name]
    # One file goes to what a link leads to; what accompanies a file lies beside the link.
    home = real.parent if len(targets) == 1 else Path(os.path.realpath(first.parent))
    with claimed(real, first):
        sweep_all()
        sweep_all(home)
        waiting = Waiting(first.parent, home, tuple(reals), known, force)
        with waiting.folder() as new:
            yield new
            waiting.move([name for name in reals if (new / name).exists()])


def sweep_all(home: Path | None = None) -> None:
    """Finish or remove what killed runs have left behind, in the cache folder or another place."""
    with signals.held():
        sweep(commit.finish, home)


class Waiting:
    """Files in an area, and the folder that they belong to."""

    def __init__(
        self,
        target: Path,
        home: Path,
        names: Sequence[str],
        known: owned.Owned | None,
        force: bool,
        whole: bool = False,
    ) -> None:
        self.target, self.home, self.known, self.force = target, home, known, force
        self.whole, self.base = whole, home if whole else target
        self.area: Area | None = None
        self.check(names)

    def check(self, names: Sequence[str], new: Path | None = None) -> tuple[dict[str, Path], list[Path]]:
        """Every destination of these files, and those that hold what is not ours and is to be replaced.

        Raises:
            QCompileError: a destination cannot be written, or holds what is not ours.
        """
        moves = {name: file_destination(self.base / name) for name in names}
        if self.known is None or not self.home.is_dir():
            return moves, []
        digests = self.known(self.home)
        found = [
            dest
            for name, dest in moves.items()
            if owned.foreign(
                dest, None if new is None else new / name, digests.get(self.known_as(name, dest))
            )
        ]
        if not self.force:
            owned.refuse_foreign([self.target / self.known_as("", f) for f in found])
        return moves, found

    def known_as(self, name: str, dest: Path) -> str:
        """The name by which an earlier run noted a file."""
        return dest.relative_to(self.home).as_posix() if dest.is_relative_to(self.home) else name or str(dest)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Where to write; removed at the end, whatever happens."""
        try:
            with writable(self.target), signals.held():
                self.area = opened()
            with self.failures():
                yield self.area.new
        finally:
            with signals.held():
                if self.area is not None:
                    self.area.remove()

    @contextmanager
    def failures(self) -> Iterator[None]:
        """A full disk is said of the destination, not of the folder where files wait."""
        try:
            yield
        except OSError as error:
            assert self.area is not None
            here = error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(self.area.path)
            if error.errno not in FULL or not here:
                raise
            raise QCompileError(f"{self.target} cannot be written ({reason_of(error)}).") from error

    def move(self, names: Sequence[str]) -> None:
        """Bring the files into place."""
        assert self.area is not None
        signals.check()
        with writable(self.target), signals.held():
            moves, found = self.check(names, self.area.new)
            owned.backups(found)
            commit.put(self.area, self.home, moves, self.whole)
