"""Open a source: a file, the name of a data set, or a frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qcompile.data.read.file import read_file
from qcompile.data.read.named import read_named
from qcompile.data.read.raw import Raw, Wanted, named_frame
from qcompile.errors import DataError

if TYPE_CHECKING:
    from typing import TypeAlias

    import pandas as pd

    Source: TypeAlias = str | Path | pd.DataFrame


def open_source(source: Source, wanted: Wanted | None = None) -> Raw:
    """Open a source, its cells as they are.

    Args:
        source: a .csv, .tsv, .parquet or .npz file, ``sklearn:NAME``, ``openml:NAME``, or a frame.
        wanted: columns that a model reads; None in training, when all of them are.

    Raises:
        DataError: there is nothing of this name, or it cannot be read.
    """
    if isinstance(source, Path):
        return read_file(source, wanted)
    if isinstance(source, str):
        prefix = source.partition(":")[0]
        # One letter before a colon is a drive, not a kind of source.
        named = ":" in source and len(prefix) > 1 and prefix.isalnum() and not Path(source).exists()
        return read_named(source) if named else read_file(Path(source).expanduser(), wanted)
    import pandas as pd

    if not isinstance(source, pd.DataFrame):
        raise DataError(
            f"data is a {type(source).__name__}, allowed: a file name, sklearn:NAME, openml:NAME "
            "or a DataFrame."
        )
    return Raw(named_frame(source, "the frame", wanted), "the frame")
