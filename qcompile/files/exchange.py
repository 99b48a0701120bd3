"""Two paths swapped in one step of the file system, so that nobody ever sees half of it."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

AT_FDCWD, RENAME_EXCHANGE = -100, 2


def exchange(first: Path, second: Path) -> bool:
    """Swap two existing paths of one file system; False where the system cannot do it.

    >>> exchange(Path("no such file"), Path("nor this"))
    False
    """
    rename = _renameat2()
    if rename is None:
        return False
    given = (AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE)
    return bool(rename(*given) == 0)


@cache
def _renameat2() -> Any:
    """The function of the C library: Linux only, glibc from 2.28 on."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        found = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    found.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    found.restype = ctypes.c_int
    return found
