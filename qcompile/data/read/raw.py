"""Raw: a source that has been opened, before anything in it is interpreted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qcompile.errors import DataError
from qcompile.files import readable

if TYPE_CHECKING:
    import pandas as pd

MAX_CELLS = 2**30  # 4 GiB as float32: more would not fit beside its codes in ordinary memory
MAX_COLUMNS = 2**18  # an image of 256 x 256 x 3 has fewer


@dataclass(frozen=True)
class Wanted:
    """What a model reads of a source.

    Attributes:
        headers: the columns of its features.
        texts: columns whose cells must stay as they are written, not become numbers in passing.
    """

    headers: tuple[str, ...]
    texts: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Raw:
    """Cells as they were found.

    Attributes:
        frame: one column per feature, and the label among them unless ``target`` is given.
        source: what was opened, for reports.
        target: the labels, where the source keeps them apart (npz arrays).
        held_out: number of last rows that the source itself sets aside for testing.
        identifiers: whether columns may be identifiers (columns of a table may, pixels may not).
        decimal: decimal mark of the file's numbers, where a column does not tell.
        notes: sentences about the reading.
    """

    frame: pd.DataFrame
    source: str
    target: pd.Series[Any] | None = None
    held_out: int = 0
    identifiers: bool = True
    decimal: str = "."
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", readable(self.source))
        object.__setattr__(self, "notes", tuple(map(readable, self.notes)))


def brief(error: BaseException) -> str:
    """The first line of a library's message, shortened, to be quoted in a sentence of ours."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0] if len(lines[0]) <= 120 else lines[0][:117] + "..."


def refuse_width(source: str, width: int) -> None:
    """Refuse more columns than can be learned from, before their cells are read.

    Raises:
        DataError: naming the number and the limit.
    """
    if width > MAX_COLUMNS:
        raise DataError(
            f"{source} has {width:,} columns, more than the {MAX_COLUMNS:,} that are allowed; leave out "
            "some, or turn the table if its rows and columns are exchanged."
        )


def named_frame(frame: pd.DataFrame, source: str, wanted: Wanted | None = None) -> pd.DataFrame:
    """The frame with text headers and a plain row index, once its size and headers are sound.

    Args:
        frame: as read.
        source: its name, for messages.
        wanted: what a model reads; then no rows are fine, and so are equal headers of other columns.

    Raises:
        DataError: no rows, no columns, too many cells, or two columns of one name.
    """
    rows, width = frame.shape
    if width == 0 or (rows == 0 and wanted is None):
        raise DataError(f"{source} has {width} columns but {rows} rows; give at least four rows of data.")
    refuse_width(source, width)
    if rows * width > MAX_CELLS:
        raise DataError(
            f"{source} has {rows:,} rows of {width:,} columns, {rows * width:,} cells, more than the "
            f"{MAX_CELLS:,} that are allowed; take a sample of the rows."
        )
    names = [str(name).strip() for name in frame.columns]
    frame = frame.set_axis(names, axis=1).reset_index(drop=True)
    twice = sorted(name for name, n in Counter(names).items() if n > 1) if len(set(names)) < width else []
    if twice and wanted is not None and not set(twice) & set(wanted.headers):
        return frame.loc[:, ~frame.columns.duplicated()]
    if twice:
        raise DataError(
            f"{source} has more than one column named {twice[0]!r}; rename or delete one of them."
        )
    return frame
