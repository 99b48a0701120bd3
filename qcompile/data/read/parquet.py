"""Read parquet files, once their own statement of rows and columns is within limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qcompile.data.read.raw import Raw, Wanted, brief, named_frame, refuse_width
from qcompile.errors import DataError

# Cells that a file may hold at least, and per byte: a column of one value takes no bytes at all.
SMALL, PER_BYTE = 2**24, 4


def read_parquet(path: Path, wanted: Wanted | None = None) -> Raw:
    """Read a parquet file; only the columns that a model reads, where it is known.

    Raises:
        DataError: the file is damaged, or holds far more cells than its size suggests.
    """
    from pyarrow import parquet
    from pyarrow.lib import ArrowException

    try:
        file = parquet.ParquetFile(path)
        rows, width = file.metadata.num_rows, file.metadata.num_columns
        refuse_width(str(path), width)
        allowed = SMALL + PER_BYTE * path.stat().st_size
        if rows * width > allowed:
            raise DataError(
                f"{path} holds {rows:,} rows of {width:,} columns, too much for a file of "
                f"{path.stat().st_size / 2**20:.2g} MiB (up to {allowed:,} cells); take a sample of the rows."
            )
        schema = file.schema_arrow
        # Text stays the index into its different texts that the file holds.
        text = [f.name for f in schema if str(f.type) in ("string", "large_string", "binary")]
        table = parquet.read_table(path, read_dictionary=text)
        table.validate(full=True)  # parquet pages need not carry checksums: is the text in them text?
        frame = table.to_pandas()
        declared = [f.name for f in schema if str(f.type).startswith("dictionary")]
        for name in frame.columns:
            if str(frame[name].dtype) == "category" and name not in declared:
                frame[name] = _as_text(frame[name])
    except DataError:
        raise
    except (ArrowException, OSError, ValueError, TypeError, LookupError) as error:
        raise DataError(f"{path} is not a valid parquet file ({brief(error)}); write it again.") from error
    return Raw(named_frame(frame, str(path), wanted), path.name)


def _as_text(series: Any) -> Any:
    """Categories that only the file's encoding made, as the texts they are."""
    return series.astype(object)
