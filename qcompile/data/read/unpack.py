"""Unpack: the bytes of a text file, packed by gzip or not, without taking memory for what is too large."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from qcompile.errors import DataError

MAX_BYTES = 8 * 2**30  # more than this many bytes of text hold more cells than ``raw.MAX_CELLS``
# Tables shrink to a third or a twentieth. What shrinks far more is one value over and over, and
# a small file of it would fill the memory: it has to be unpacked by whoever means it.
SMALL, RATIO = 64 * 2**20, 20
CHUNK = 2**20


def allowed_bytes(packed: int) -> int:
    """How many bytes a packed file of this size may unpack to.

    >>> allowed_bytes(1000) // 2**20, allowed_bytes(50_000_000) // 2**20
    (64, 1017)
    """
    return min(MAX_BYTES, SMALL + RATIO * packed)


def unpacked(path: Path) -> bytes:
    """Content of a file; what a gzip file holds is read in pieces, up to what is allowed.

    Raises:
        DataError: the file is no sound gzip file, or unpacks to too much.
    """
    if path.suffix.lower() != ".gz":
        return path.read_bytes()
    limit, pieces, total = allowed_bytes(path.stat().st_size), [], 0
    try:
        with gzip.open(path) as packed:
            while piece := packed.read(CHUNK):
                pieces.append(piece)
                total += len(piece)
                if total > limit:
                    size = path.stat().st_size / 2**20
                    raise DataError(
                        f"{path} unpacks to more than {limit / 2**20:,.0f} MiB, too much for a file of "
                        f"{size:.2g} MiB; unpack it first, or take a sample of the rows."
                    )
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is not a valid gzip file ({error}); pack it again.") from error
    return b"".join(pieces)
