"""Where generated kernels are kept between processes.

The user's cache folder (``QCOMPILE_CACHE`` overrides it); it can be deleted at any time. Where it
cannot be written, a temporary folder serves this process and is deleted at its end.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sys
import tempfile
from pathlib import Path

__all__ = ["folder", "replace"]

VARIABLE = "QCOMPILE_CACHE"


def folder() -> Path:
    """The folder of generated kernels; it exists and can be written."""
    asked = os.environ.get(VARIABLE)
    if asked:
        return _writable(Path(asked) / "kernels")
    import platformdirs

    return _writable(Path(platformdirs.user_cache_dir("qcompile")) / "kernels")


@functools.cache
def _writable(place: Path) -> Path:
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except OSError:
        pass
    temporary = Path(tempfile.mkdtemp(prefix="qcompile-kernels-"))
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a forked process must not take it away
            shutil.rmtree(temporary, ignore_errors=True)

    atexit.register(remove)
    print(
        f"qcompile: {place} cannot be written, so compiled kernels are kept for this process only; "
        f"set {VARIABLE} to a folder that can.",
        file=sys.stderr,
    )
    return temporary


def replace(path: Path, content: bytes) -> None:
    """Write a file whole: beside it and moved, so that another process never reads half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    os.replace(temporary, path)
