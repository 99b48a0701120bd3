"""Where generated kernels are kept between processes.

The user's cache folder (``QCOMPILE_CACHE`` overrides it); it can be deleted at any time. Where it
cannot be written, a temporary folder serves this process and is deleted at its end.
"""

from __future__ import annotations

import functools
import os
import tempfile
from pathlib import Path

from qcompile.jit import temporary_cache

VARIABLE = "QCOMPILE_CACHE"


def folder() -> Path | None:
    """The folder of generated kernels; it exists and can be written. None where nothing can be."""
    asked = os.environ.get(VARIABLE)
    if asked:
        return _writable(Path(asked) / "kernels")
    import platformdirs

    return _writable(Path(platformdirs.user_cache_dir("qcompile")) / "kernels")


@functools.cache
def _writable(place: Path) -> Path | None:
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except OSError:
        temporary = temporary_cache(VARIABLE, place)
    if temporary is None:
        return None
    kept = temporary / "kernels"
    kept.mkdir(exist_ok=True)
    return kept


def replace(path: Path, content: bytes) -> None:
    """Write a file whole: beside it and moved, so that another process never reads half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    os.replace(temporary, path)
