"""Read a file: the extension decides how."""

from __future__ import annotations

import difflib
from pathlib import Path

from qcompile.data.read.arrays import read_arrays
from qcompile.data.read.parquet import read_parquet
from qcompile.data.read.raw import Raw, Wanted
from qcompile.data.read.text import read_text
from qcompile.data.read.unpack import MAX_BYTES
from qcompile.errors import DataError

EXTENSIONS = (".csv", ".tsv", ".parquet", ".npz", ".txt", ".data", ".csv.gz", ".tsv.gz")
EXAMPLES = " Give a file, sklearn:NAME (sklearn:iris) or openml:NAME (openml:credit-g)."


def read_file(path: Path, wanted: Wanted | None = None) -> Raw:
    """Open a table file.

    Args:
        path: its extension says how it is read.
        wanted: columns that a model reads; None in training.

    Raises:
        DataError: the file is missing, of an unknown extension, or damaged.
    """
    if not path.exists():
        raise DataError(f"there is no file {path}.{_near(path) or EXAMPLES}")
    if path.is_dir():
        raise DataError(f"{path} is a folder; give one file of type {', '.join(EXTENSIONS)}.")
    name = path.name.lower()
    extension = next((e for e in EXTENSIONS if name.endswith(e)), path.suffix.lower())
    if extension not in EXTENSIONS:
        raise DataError(
            f"{path} has the extension {extension or 'none'!r}, but {', '.join(EXTENSIONS)} can be read; "
            "convert or rename it."
        )
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(
                f"{path} has {size / 2**30:.3g} GiB, more than the {MAX_BYTES / 2**30:.3g} that are allowed; "
                "take a sample of the rows."
            )
        if size == 0:
            raise DataError(f"{path} is empty; give a table with a header line and at least four rows.")
        if extension == ".parquet":
            return read_parquet(path, wanted)
        return read_arrays(path) if extension == ".npz" else read_text(path, wanted)
    except OSError as error:
        raise DataError(
            f"{path} cannot be opened ({error.strerror or error}); check its permissions."
        ) from error


def _near(path: Path) -> str:
    """`` Did you mean ..?`` for a table of a similar name, its extension aside, in the same folder."""
    if not path.parent.is_dir():
        return ""
    names = [other.name for other in path.parent.iterdir() if other.name.lower().endswith(EXTENSIONS)]
    stems = {name.partition(".")[0]: name for name in sorted(names)}
    near = difflib.get_close_matches(path.name.partition(".")[0], stems, n=1, cutoff=0.6)
    return f" Did you mean {stems[near[0]]!r}?" if near else ""
