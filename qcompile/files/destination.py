"""Destinations: what may be written to, found out before any work.

A destination is a regular file or a folder, or a name in a folder that may be written. Links are
resolved, so that the link stays and what it leads to is replaced. Devices, pipes and sockets are
refused: replacing one would destroy it, and a model cannot be written piece by piece.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qcompile.errors import QCompileError
from qcompile.files.system_errors import reason_of
from qcompile.signals import held

SPECIAL = (
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)
LONGEST = 255  # bytes of a name, in every common file system
OUTPUTS = (1, 2)  # descriptors of standard output and standard error


def file_destination(target: Path) -> Path:
    """The regular file, there or not yet, that a name stands for.

    Raises:
        QCompileError: it is a folder, a device, a pipe, a socket or this program's own output, or it
            cannot be written.
    """
    real, status = _resolved(target)
    if status is not None and stat.S_ISDIR(status.st_mode):
        raise QCompileError(
            f"{target} is a folder; give a file name for the output, for example -o model.onnx."
        )
    if status is not None and not os.access(real, os.W_OK):
        raise QCompileError(f"{target} cannot be written (it is read-only); choose another place with -o.")
    _probe(real.parent, target)
    return real


def folder_destination(target: Path) -> Path:
    """The folder, there or not yet, that a name stands for.

    Raises:
        QCompileError: it is a file, a device, a pipe or a socket, or it cannot be written.
    """
    real, status = _resolved(target)
    if status is not None and not stat.S_ISDIR(status.st_mode):
        raise QCompileError(f"{target} is a file; give a folder for the output, for example -o build/.")
    _probe(real, target)
    return real


def missing_top(folder: Path) -> Path | None:
    """The outermost part of a path that does not exist; None where all of it does.

    >>> missing_top(Path(os.getcwd())) is None
    True
    """
    top = None
    while not folder.exists():
        top, folder = folder, folder.parent
    return top


@contextmanager
def writable(target: Path) -> Iterator[None]:
    """What the operating system refuses inside the block is one sentence about ``target``."""
    try:
        yield
    except OSError as error:
        raise QCompileError(
            f"{target} cannot be written ({reason_of(error)}); choose another place with -o."
        ) from error


def _resolved(target: Path) -> tuple[Path, os.stat_result | None]:
    """The real path, and what is there; the name itself is looked at, since /dev/stdout leads nowhere."""
    try:
        real = Path(os.path.realpath(target))
        status = os.stat(target)
    except FileNotFoundError:
        return real, None
    except ValueError:  # a null byte
        raise QCompileError(f"{str(target)!r} is not a file name; choose another place with -o.") from None
    except OSError as error:
        raise QCompileError(
            f"{_short(target)} cannot be written ({reason_of(error)}); choose another place with -o."
        ) from None
    for is_kind, name in SPECIAL:
        if is_kind(status.st_mode):
            raise QCompileError(
                f"{target} is {name}, which is not written to; give the name of a file or a folder, "
                "and send that on afterwards."
            )
    if any(_same(status, number) for number in OUTPUTS):
        raise QCompileError(f"{target} is where this program's messages go; give another file.")
    return real, status


def _same(status: os.stat_result, descriptor: int) -> bool:
    try:
        return stat.S_ISREG(status.st_mode) and os.path.samestat(status, os.fstat(descriptor))
    except OSError:
        return False


def _probe(folder: Path, target: Path) -> None:
    """Make a file in the nearest folder that exists; only that says whether one can be made."""
    with held(), writable(target):
        top = missing_top(folder)
        home = folder if top is None else top.parent
        if not home.is_dir():
            raise QCompileError(
                f"{target} cannot be written ({home} is a file, not a folder); choose another place with -o."
            )
        missing = folder.relative_to(home).parts
        if max((len(os.fsencode(part)) for part in (*missing, target.name)), default=0) > LONGEST:
            raise OSError(errno.ENAMETOOLONG, "")
        try:  # a file without a name: there is nothing to leave behind
            os.close(os.open(home, os.O_TMPFILE | os.O_RDWR, 0o600))
        except (AttributeError, OSError):
            os.rmdir(tempfile.mkdtemp(prefix=".qcompile-probe-", dir=home))


def _short(target: Path) -> str:
    text = str(target)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"
