"""Functions compiled by Numba, kept between processes wherever a folder for them can be written.

Numba keeps machine code beside the source file or in the user's cache folder, and refuses to import
a function that it shall keep where neither can be written (a read-only installation without a home,
as in containers). Here such a process gets a temporary folder, or compiles in memory where there is none
either; one line says so.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

VARIABLE = "NUMBA_CACHE_DIR"
Function = Callable[..., Any]
# Options of a function that only compiled code calls: an entry for Python takes a fifth of its compilation.
INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def njit(**options: Any) -> Callable[[Function], Function]:
    """``numba.njit`` with options, which also serves where compiled code cannot be kept.

    >>> @njit(cache=True)
    ... def double(x):
    ...     return 2 * x
    >>> double(21)
    42
    """
    import numba

    def decorate(function: Function) -> Function:
        compiled: Function
        try:
            compiled = numba.njit(**options)(function)
            return compiled
        except RuntimeError as problem:
            if "cannot cache function" not in str(problem):
                raise
        place = temporary_cache(VARIABLE, Path(function.__code__.co_filename).parent)
        if place is not None:
            setattr(numba.config, "CACHE_DIR", str(place))  # noqa: B010  (made at run time)
        try:
            compiled = numba.njit(**options)(function)
        except RuntimeError:
            compiled = numba.njit(**{**options, "cache": False})(function)
        return compiled

    return decorate


def temporary_cache(variable: str, wanted: Path) -> Path | None:
    """A folder for compiled code that serves this process and those it starts; None where there is none.

    Args:
        variable: environment variable that names a better one; it is set for processes started later.
        wanted: the folder that cannot be written, for the line that says so (once in a process).
    """
    _say(variable, wanted)
    place = _temporary()
    if place is not None:
        os.environ[variable] = str(place)
    return place


@functools.cache
def _temporary() -> Path | None:
    try:
        place = Path(tempfile.mkdtemp(prefix="qcompile-cache-"))
    except OSError:
        return None
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a forked process must not take it away
            shutil.rmtree(place, ignore_errors=True)

    atexit.register(remove)
    return place


_said: list[str] = []


def _say(variable: str, wanted: Path) -> None:
    if not _said:
        _said.append(variable)
        print(
            f"qcompile: {wanted} cannot be written, so compiled code is kept for this run only; "
            f"set {variable} to a folder that can be written.",
            file=sys.stderr,
        )
