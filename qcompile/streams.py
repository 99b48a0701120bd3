r"""Standard output as it comes: a closed pipe, a full disk, a terminal that knows ASCII only.

closed pipe   (``| head -1``) the rest of the output is dropped and the work goes on to its end
full disk     the run ends with one sentence
ASCII         what the encoding lacks is written in other words, or as an escape like \xe9
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

ERRORS = "qcompile"
NAME = "Standard output"  # in the place of a file name, where it cannot be written
WORDS = dict(zip("µ–—±×²≤≥·…", ("u", "-", "-", "+-", "x", "2", "<=", ">=", "*", "..."), strict=True))


def _spelt(error: UnicodeError) -> tuple[str | bytes, int]:
    """Error handler of a codec: what is lacking in other words, else as an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    told = "".join(WORDS.get(c) or c.encode("ascii", "backslashreplace").decode() for c in part)
    return told, error.end


class Pipe(io.FileIO):
    """Standard output, dropped when its reader has gone."""

    def write(self, data: Any) -> int:
        """Write, or drop."""
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            abandon(self.fileno())
            return memoryview(data).nbytes
        except OSError as error:
            abandon(self.fileno())
            raise OSError(error.errno, error.strerror, NAME) from None


def abandon(descriptor: int = 1) -> None:
    """Let what is still written to a descriptor go nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


@contextmanager
def prepared() -> Iterator[None]:
    """Standard output and standard error as above while the block runs."""
    codecs.register_error(ERRORS, _spelt)
    before = sys.stdout
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)
    if os.name == "posix" and _is_ours(before):
        raw = Pipe(before.fileno(), "w", closefd=False)
        lines = bool(before.line_buffering)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw), before.encoding, ERRORS, "\n", line_buffering=lines, write_through=False
        )
    try:
        yield
    finally:
        if sys.stdout is not before:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
            sys.stdout = before


def _is_ours(stream: object) -> bool:
    """Whether this is the process's standard output, not what a test or a notebook put in its place."""
    try:
        return isinstance(stream, io.TextIOWrapper) and stream.fileno() == 1
    except (OSError, ValueError):
        return False
