"""Locks that end with their process, however it ends; and whether a process still runs."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class Lock:
    """A lock held on an open file."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def release(self, remove: Path | None = None) -> None:
        """Let go of the lock, and delete its file first if it is named."""
        if self.descriptor < 0:
            return
        try:
            if remove is not None:
                remove.unlink(missing_ok=True)
        except OSError:  # Windows does not delete an open file; it stays, empty
            pass
        os.close(self.descriptor)
        self.descriptor = -1


def lock(path: Path) -> Lock | None:
    """Take the lock of a file, which is made if need be; None where another process holds it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _take(descriptor)
        except OSError as error:
            if error.errno in HELD:
                os.close(descriptor)
                return None
            return Lock(descriptor)  # a file system without locks: better unlocked than refused
        try:  # whoever held it before may have deleted the file between the two steps
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return Lock(descriptor)
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _take(descriptor: int) -> None:
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    import msvcrt

    windows: Any = msvcrt
    windows.locking(descriptor, windows.LK_NBLCK, 1)


def started(pid: int) -> int:
    """When a process began, in clock ticks since the system's start; 0 where the system does not say."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return int(text.rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


def alive(pid: int, start: int) -> bool:
    """Whether the process with this number still runs and began then.

    >>> alive(os.getpid(), started(os.getpid()))
    True
    """
    if os.name == "nt":  # where signal 0 would end the process
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return not start or started(pid) in (0, start)
