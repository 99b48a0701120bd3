"""Load: from a file name, a data set's name or a frame to a Table.

What may look at all rows here: the kind of a column and the names of its categories, whether it is
constant or an identifier, and its offset. All of this reads feature cells only, so no label can leak
through it; that a column copies the label is found with the labels, and leaves the column out. Everything
with a fitted value (fill values, ranges, thresholds, which categories get a code) belongs to the
encoders, which are given training rows only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data import story
from qcompile.data.clean.columns import Cells, interpret, parts_of, refuse_infinite
from qcompile.data.clean.identifiers import useless
from qcompile.data.clean.label_copies import COPY, TELLS, relation
from qcompile.data.clean.labels import LABEL_NAMES, Labels, read_labels
from qcompile.data.read.raw import Raw
from qcompile.data.read.source import open_source
from qcompile.data.table import Table
from qcompile.errors import DataError, did_you_mean
from qcompile.model.offsets import offset_of
from qcompile.model.reading import Reading
from qcompile.model.schema import Column, Schema

if TYPE_CHECKING:
    import pandas as pd

    from qcompile.data.read.source import Source

KEEP = "--keep COLUMN keeps a column that was left out."
COPY_SAID = "is a copy of the label up to the names of its values, and left out"


def load(
    source: Source, label: str | None = None, task: str | None = None, reading: Reading | None = None
) -> Table:
    """Read a table for training.

    Args:
        source: a .csv, .tsv, .parquet or .npz file, ``sklearn:NAME``, ``openml:NAME``, or a frame.
        label: name of the label column; the last column if not given.
        task: "classification" or "regression"; decided from the labels if not given.
        reading: how missing cells are written, which columns are kept or dropped, how dates are read.

    Raises:
        DataError: one sentence about what is wrong and what to do.

    >>> table = load("sklearn:iris")
    >>> table.x.shape, table.schema.classes
    ((150, 4), ('setosa', 'versicolor', 'virginica'))
    """
    reading = reading or Reading()
    raw = open_source(source)
    features, target = _take_label(raw, label)
    reading.check([str(name) for name in features.columns], str(target.name))
    width = features.shape[1]
    features = features.drop(columns=list(reading.drop))
    labels = read_labels(target, task, reading, raw.decimal)
    if not labels.keep.all():
        features = features.loc[labels.keep]
    held_out = int(labels.keep[len(labels.keep) - raw.held_out :].sum()) if raw.held_out else 0

    chosen = _Chosen(labels, reading, raw)
    for name in features.columns:
        chosen.add(features[name])
    chosen.spare_copies()
    if not chosen.columns:
        told = "; ".join(f"{story.named(names)} {reason}" for reason, names in chosen.left_out.items())
        raise DataError(
            f"{raw.source} has no column to learn from besides the label ({told or 'it is the only one'})."
        )
    x = np.column_stack(chosen.blocks)
    schema = Schema(tuple(chosen.columns), str(target.name), labels.task, labels.classes, reading)
    notes = (
        f"Read {len(target):,} rows and {width:,} columns, plus the label, from {raw.source}.",
        *chosen.warnings,
        *raw.notes,
        *labels.notes,
        *_label_hint(features.columns, target, label),
        *([f"Dropped, as asked: {story.named(reading.drop)}."] if reading.drop else []),
        *story.left_out(chosen.left_out),
        *([KEEP] if chosen.may_be_kept else []),
        *story.joined(chosen.notes),
        *story.about(schema, x, held_out),
    )
    return Table(x, labels.y, schema, raw.source, notes, held_out)


class _Chosen:
    """The columns that are learned from, as they are gathered one by one."""

    def __init__(self, labels: Labels, reading: Reading, raw: Raw) -> None:
        self.labels, self.reading, self.raw = labels, reading, raw
        self.columns: list[Column] = []
        self.blocks: list[NDArray[np.float32]] = []
        self.notes: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self.left_out: dict[str, list[str]] = {}
        self.may_be_kept = False
        self.copies: list[tuple[Cells, str]] = []

    def add(self, series: pd.Series[Any]) -> None:
        """Interpret a column; keep it, its parts, or the reason why not."""
        name = str(series.name)
        cells = interpret(series, self.reading, self.raw.decimal)
        kept = name in self.reading.keep
        if not cells.date:
            self._judge(cells, name, _whole(series, cells), kept, self.raw.identifiers)
        elif kept or self.reading.dates == "parts":
            parts, said = parts_of(series)
            order = f" ({said})" if said else ""
            listed = ", ".join(c.column.part for c in parts) or "nothing that can be read"
            self.notes.append(
                (name, f"{{}} holds dates or times such as {cells.date!r}, read as {listed}{order}.")
            )
            for part in parts:
                self._judge(self._free(part), name, True, kept, False)
        else:
            what = "times" if ":" in cells.date and len(cells.date) < 12 else "dates"
            hint = "--dates parts reads their year, month, weekday and hour"
            self.left_out.setdefault(f"holds {what} such as {cells.date!r} ({hint})", []).append(name)

    def spare_copies(self) -> None:
        """Copies of the label are left out, unless there is nothing else to learn from."""
        others = bool(self.columns)
        for cells, name in self.copies:
            column = cells.column.name
            if others:
                self.warnings.append(f"Warning: column {column!r} {COPY_SAID}; --keep {name} keeps it.")
            else:
                self._take(cells, name)
                self._warn(column, name, "is a copy of the label and all there is to learn from")

    def _judge(self, cells: Cells, name: str, whole: bool, kept: bool, identifiers: bool) -> None:
        reason = "" if kept else useless(cells.column, cells.values, whole, identifiers)
        if reason:
            self.left_out.setdefault(reason, []).append(cells.column.name)
            self.may_be_kept |= "value in" not in reason
            self.notes += [(name, note) for note in cells.notes if "different units" in note]
            return
        refuse_infinite(cells.column.name, cells.values)
        found = relation(cells.values, self.labels.y, self.labels.task == "regression")
        if found == COPY and not kept:
            self.copies.append((cells, name))
            return
        if found in (COPY, TELLS):
            self._warn(cells.column.name, name, "predicts the label perfectly by itself")
        self._take(cells, name)

    def _take(self, cells: Cells, name: str) -> None:
        numeric = cells.column.kind == "numeric"
        offset = offset_of(cells.values) if numeric else 0.0
        self.columns.append(replace(cells.column, offset=offset))
        self.blocks.append((cells.values - offset).astype(np.float32))
        self.notes += [(name, note) for note in cells.notes]

    def _warn(self, column: str, name: str, what: str) -> None:
        self.warnings.append(
            f"Warning: column {column!r} {what}; if it is known only after the label is, "
            f"leave it out (--drop {name})."
        )

    def _free(self, part: Cells) -> Cells:
        """The part under a name that no other column has."""
        taken = {c.name for c in self.columns} | {str(name) for name in self.raw.frame.columns}
        name = part.column.name
        while name in taken:
            name += "'"
        return replace(part, column=replace(part.column, name=name))


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
