"""Load: from a file name, a data set's name or a frame to a Table.

What may look at all rows here: the kind of a column and the names of its categories, and
whether it is constant or an identifier. All of this reads feature cells only, so no label
can leak through it. Everything with a fitted value (fill values, ranges, thresholds, which
categories get a code) belongs to the encoders, which are given training rows only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.assemble import MAX_CATEGORIES
from qcompile.data.clean.columns import Cells, interpret, read_as, refuse_infinite
from qcompile.data.clean.identifiers import useless
from qcompile.data.clean.labels import known_labels, read_labels
from qcompile.data.read.file import read_file
from qcompile.data.read.named import read_named
from qcompile.data.read.raw import Raw, named_frame
from qcompile.data.table import Table
from qcompile.errors import DataError, did_you_mean
from qcompile.model.schema import Schema

if TYPE_CHECKING:
    from typing import TypeAlias

    import pandas as pd

    Source: TypeAlias = str | Path | pd.DataFrame

__all__ = ["load", "load_cells", "load_rows"]

LABEL_NAMES = ("class", "label", "target", "outcome", "y", "diagnosis", "species", "survived")


def load(source: Source, label: str | None = None, task: str | None = None) -> Table:
    """Read a table for training.

    Args:
        source: a .csv, .tsv, .parquet or .npz file, ``sklearn:NAME``, ``openml:NAME``, or a frame.
        label: name of the label column; the last column if not given.
        task: "classification" or "regression"; decided from the labels if not given.

    Raises:
        DataError: one sentence about what is wrong and what to do.

    >>> table = load("sklearn:iris")
    >>> table.x.shape, table.schema.classes
    ((150, 4), ('setosa', 'versicolor', 'virginica'))
    """
    raw = _open(source)
    features, target = _take_label(raw, label)
    labels = read_labels(target, task)
    if not labels.keep.all():
        features = features.loc[labels.keep]
    held_out = int(labels.keep[len(labels.keep) - raw.held_out :].sum()) if raw.held_out else 0

    columns, blocks, notes = [], [], []
    left_out: dict[str, list[str]] = {}
    for name in features.columns:
        series = features[name]
        cells = interpret(series)
        reason = useless(cells.column, cells.values, _whole(series, cells), raw.identifiers)
        if reason:
            left_out.setdefault(reason, []).append(name)
            continue
        refuse_infinite(name, cells.values)
        columns.append(cells.column)
        blocks.append(cells.values.astype(np.float32))
        notes += [cells.note] if cells.note else []
    if not columns:
        told = "; ".join(f"{_names(names)} {reason}" for reason, names in left_out.items())
        raise DataError(
            f"{raw.source} has no column to learn from besides the label ({told or 'it is the only one'})."
        )
    x = np.column_stack(blocks)
    schema = Schema(tuple(columns), str(target.name), labels.task, labels.classes)
    story = (
        f"Read {len(target):,} rows and {features.shape[1]:,} columns, plus the label, from {raw.source}.",
        *raw.notes,
        *labels.notes,
        *_label_hint(features.columns, target, label),
        *(
            f"Left out: {_names(names)}, {'which' if len(names) == 1 else 'each of which'} {reason}."
            for reason, names in left_out.items()
        ),
        *notes,
        *_about(schema, x, held_out),
    )
    return Table(x, labels.y, schema, raw.source, story, held_out)


def load_rows(source: Source, schema: Schema) -> tuple[NDArray[np.float32], NDArray[Any] | None]:
    """Read rows for a model whose schema is known; columns may come in any order.

    Args:
        source: as for ``load``; other columns than those of the schema are ignored.
        schema: of the model.

    Returns:
        x: (n, f) float32; missing cells and unknown categories are NaN.
        y: (n,) class indices (-1 where missing) or targets (NaN where missing), or None if
            the label column is not there.

    Raises:
        DataError: a column is missing, or a label is not one of the classes.
    """
    raw = _open(source)
    absent = [name for name in schema.names if name not in raw.frame.columns]
    if absent:
        raise DataError(
            f"{raw.source} has no column {absent[0]!r}, which the model reads ({len(absent)} of "
            f"{len(schema.columns)} are missing).{did_you_mean(absent[0], raw.frame.columns)}"
        )
    x = np.empty((len(raw.frame), len(schema.columns)), dtype=np.float32, order="F")
    with np.errstate(over="ignore"):
        for j, column in enumerate(schema.columns):
            x[:, j] = read_as(raw.frame[column.name], column)
    target = raw.target
    if schema.label in raw.frame.columns and schema.label not in schema.names:
        target = raw.frame[schema.label]
    y = None if target is None else known_labels(target, schema.task, schema.classes)
    return np.ascontiguousarray(x), y


def load_cells(source: Source, width: int) -> tuple[NDArray[np.float32], pd.Series[Any] | None]:
    """Read rows for a model that knows its columns by their order alone.

    Args:
        source: as for ``load``, with exactly the model's columns, and a column of labels if any.
        width: columns that the model reads.

    Returns:
        x: (n, width) float32; missing cells are NaN.
        labels: the cells of a column called class, label, target, .., if there is one more than ``width``.

    Raises:
        DataError: more or fewer columns, or a cell that is not a number.
    """
    import pandas as pd

    raw = _open(source)
    frame, target = raw.frame, raw.target
    if len(frame.columns) == width + 1:
        named = [name for name in frame.columns if str(name).strip().lower() in LABEL_NAMES]
        if len(named) == 1:
            frame, target = frame.drop(columns=named[0]), frame[named[0]]
    if len(frame.columns) != width:
        raise DataError(
            f"{raw.source} has {len(frame.columns)} columns, the model reads {width}, in the order of its "
            "input; leave out the others (one more, called label, is compared with the predictions)."
        )
    x = np.empty((len(frame), width), dtype=np.float32)
    for j, name in enumerate(frame.columns):
        cells = pd.to_numeric(frame[name], errors="coerce")
        wrong = frame[name][cells.isna() & frame[name].notna() & (frame[name] != "")]
        if len(wrong):
            raise DataError(
                f"column {str(name)!r} of {raw.source} holds {str(wrong.iloc[0])[:40]!r}; an imported model "
                "reads numbers."
            )
        x[:, j] = cells
    return x, target


def _open(source: Source) -> Raw:
    if isinstance(source, Path):
        return read_file(source)
    if isinstance(source, str):
        prefix = source.partition(":")[0]
        # One letter before a colon is a drive, not a kind of source.
        named = ":" in source and len(prefix) > 1 and prefix.isalnum() and not Path(source).exists()
        return read_named(source) if named else read_file(Path(source).expanduser())
    import pandas as pd

    if not isinstance(source, pd.DataFrame):
        raise DataError(
            f"data is a {type(source).__name__}, allowed: a file name, sklearn:NAME, openml:NAME "
            "or a DataFrame."
        )
    return Raw(named_frame(source, "the frame"), "the frame")


def _take_label(raw: Raw, label: str | None) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Part the features from the labels."""
    if raw.target is not None:
        if label is not None and label != raw.target.name:
            raise DataError(
                f"the labels of {raw.source} are the array {raw.target.name!r}, not {label!r}; "
                "leave label out."
            )
        return raw.frame, raw.target
    names = list(raw.frame.columns)
    label = names[-1] if label is None else label
    if label not in names:
        shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        raise DataError(
            f"{raw.source} has no column {label!r}; its columns are {shown}.{did_you_mean(label, names)}"
        )
    return raw.frame.drop(columns=label), raw.frame[label]


def _label_hint(names: Iterable[str], target: pd.Series[Any], label: str | None) -> list[str]:
    """A sentence, if the last column was not chosen and another one is named like a label."""
    if label is not None or str(target.name).strip().lower() in LABEL_NAMES:
        return []
    like = [name for name in names if name.strip().lower() in LABEL_NAMES]
    return (
        [f"The label is the last column; {like[0]!r} is named like one (choose with --label)."]
        if like
        else []
    )


def _whole(series: pd.Series[Any], cells: Cells) -> bool:
    """Whether the cells are integers by type, or would be but for missing cells."""
    if cells.column.kind != "numeric":
        return False
    import pandas as pd

    if pd.api.types.is_integer_dtype(series.dtype):
        return True
    present = cells.values[~np.isnan(cells.values)]
    return len(present) < len(cells.values) and bool((present == np.round(present)).all())


def _about(schema: Schema, x: NDArray[np.float32], held_out: int) -> list[str]:
    """Sentences on kinds, missing cells and a given test set."""
    notes = []
    text = [c.name for c in schema.columns if c.kind == "categorical"]
    if text:
        most = max(len(c.categories) for c in schema.columns)
        limit = f" (the {MAX_CATEGORIES} most frequent)" if most > MAX_CATEGORIES else ""
        notes.append(f"Text in {_names(text)}: one input per category of the training rows{limit}.")
    missing = np.isnan(x).sum(axis=0)
    cells = int(missing.sum())
    if cells:
        names = [schema.columns[j].name for j in np.flatnonzero(missing)]
        notes.append(
            f"{cells:,} cell{'s are' if cells > 1 else ' is'} missing, in {_names(names)}: filled with the "
            "median or most frequent value of the training rows; an extra input marks them."
        )
    if held_out:
        notes.append(f"The source sets {held_out:,} rows aside for testing; they are used for that only.")
    return notes


def _names(names: list[str]) -> str:
    """Column names in a sentence, the first few of many."""
    shown = ", ".join(repr(n) for n in names[:6])
    noun = "column" if len(names) == 1 else "columns"
    return f"{noun} {shown}" + (f" and {len(names) - 6:,} more" if len(names) > 6 else "")
