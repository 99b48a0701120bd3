"""Raw: a source that has been opened, before anything in it is interpreted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qcompile.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MAX_CELLS", "Raw", "brief", "named_frame"]

MAX_CELLS = 2**30  # 4 GiB as float32: more would not fit beside its codes in ordinary memory


@dataclass(frozen=True, eq=False)
class Raw:
    """Cells as they were found.

    Attributes:
        frame: one column per feature, and the label among them unless ``target`` is given.
        source: what was opened, for reports.
        target: the labels, where the source keeps them apart (npz arrays).
        held_out: number of last rows that the source itself sets aside for testing.
        identifiers: whether columns may be identifiers (columns of a table may, pixels may not).
        notes: sentences about the reading.
    """

    frame: pd.DataFrame
    source: str
    target: pd.Series[Any] | None = None
    held_out: int = 0
    identifiers: bool = True
    notes: tuple[str, ...] = ()


def brief(error: BaseException) -> str:
    """The first line of a library's message, shortened, to be quoted in a sentence of ours."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0] if len(lines[0]) <= 120 else lines[0][:117] + "..."


def named_frame(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The frame with text headers and a plain row index, once its size and headers are sound.

    Raises:
        DataError: no rows, no columns, too many cells, or two columns of one name.
    """
    rows, width = frame.shape
    if width == 0 or rows == 0:
        raise DataError(f"{source} has {width} columns but {rows} rows; give at least four rows of data.")
    if rows * width > MAX_CELLS:
        raise DataError(
            f"{source} has {rows:,} rows of {width:,} columns, {rows * width:,} cells, more than the "
            f"{MAX_CELLS:,} that are allowed; take a sample of the rows."
        )
    names = [str(name).strip() for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < width else []
    if twice:
        raise DataError(
            f"{source} has more than one column named {twice[0]!r}; rename or delete one of them."
        )
    return frame.set_axis(names, axis=1).reset_index(drop=True)
