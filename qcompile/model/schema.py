"""Schema: what a model must know of a table in order to read more rows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any

from qcompile.errors import DataError
from qcompile.json_records import Json
from qcompile.model.reading import Reading

KINDS = ("numeric", "boolean", "categorical")
TASKS = ("classification", "regression")


@dataclass(frozen=True)
class Column:
    """One feature, and how its cells become float32.

    Attributes:
        name: header of the column, with the part after a point where it is a part of a date.
        kind: "numeric" (the number), "boolean" (0 or 1), "categorical" (index into ``categories``).
        categories: the texts of a categorical column; empty for the other kinds.
        decimal: decimal mark of numbers that are text, "." or ",".
        unit: what stands after them, in lower case.
        marks: texts among them that count as missing although they are no usual word for it.
        source: header of the column of dates that this is a part of; empty for other columns.
        part: "year", "month", "weekday" or "hour"; empty for other columns.
        order: whether the day or the month comes first in a date, "dmy" or "mdy".
        offset: subtracted from the number in float64, before it is narrowed to float32: what the
            encoder and every compiled artifact read is the difference.

    >>> Column("colour", "categorical", ("blue", "red")).categories
    ('blue', 'red')
    """

    name: str
    kind: str
    categories: tuple[str, ...] = ()
    decimal: str = field(default=".", compare=False)  # how a column is written makes it no other column
    unit: str = field(default="", compare=False)
    marks: tuple[str, ...] = field(default=(), compare=False)
    source: str = ""
    part: str = ""
    order: str = ""
    offset: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "categories", tuple(self.categories))
        object.__setattr__(self, "marks", tuple(self.marks))
        if self.kind not in KINDS:
            raise ValueError(f"column {self.name!r} is {self.kind!r}, allowed: {', '.join(KINDS)}.")
        if bool(self.categories) != (self.kind == "categorical"):
            raise ValueError(f"column {self.name!r}: a categorical column, and no other, has categories.")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError(f"column {self.name!r} has equal categories.")
        if self.decimal not in (".", ","):
            raise ValueError(f"column {self.name!r} has the decimal mark {self.decimal!r}, allowed: . and ,.")
        if not isfinite(self.offset):
            raise ValueError(f"column {self.name!r} has the offset {self.offset}.")

    @property
    def header(self) -> str:
        """Name of the column of a table that is read."""
        return self.source or self.name

    def to_json(self) -> Json:
        """Name, kind, categories, and what else differs from the default, as plain values."""
        told = {f.name: getattr(self, f.name) for f in fields(self)}
        always = ("name", "kind", "categories")
        return {
            f.name: list(told[f.name]) if isinstance(told[f.name], tuple) else told[f.name]
            for f in fields(self)
            if f.name in always or told[f.name] != f.default
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Column:
        """Inverse of ``to_json``."""
        texts = {name: str(plain.get(name, "")) for name in ("unit", "source", "part", "order")}
        return cls(
            str(plain["name"]),
            str(plain["kind"]),
            tuple(map(str, plain["categories"])),
            str(plain.get("decimal", ".")),
            marks=tuple(map(str, plain.get("marks", ()))),
            offset=float(plain.get("offset", 0.0)),
            **texts,
        )


@dataclass(frozen=True)
class Schema:
    """Names, kinds and meanings of the columns that a model reads, in its order.

    Attributes:
        columns: the features that were kept, in the order of ``Table.x``.
        label: name of the label column.
        task: "classification" or "regression".
        classes: class names in the order of the class index; empty in regression.
        reading: how the table was read that the columns are from.
    """

    columns: tuple[Column, ...]
    label: str
    task: str
    classes: tuple[str, ...] = ()
    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "classes", tuple(self.classes))
        if self.task not in TASKS:
            raise ValueError(f"task is {self.task!r}, allowed: {', '.join(TASKS)}.")
        names = [c.name for c in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("two columns of a schema have the same name.")
        if (len(self.classes) >= 2) != (self.task == "classification"):
            raise ValueError(f"{len(self.classes)} classes do not fit the task {self.task!r}.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the feature columns."""
        return tuple(c.name for c in self.columns)

    def to_json(self) -> Json:
        """The schema as plain dicts, lists and strings.

        >>> s = Schema((Column("a", "numeric"),), "y", "regression")
        >>> Schema.from_json(s.to_json()) == s
        True
        """
        plain = {
            "columns": [column.to_json() for column in self.columns],
            "label": self.label,
            "task": self.task,
            "classes": list(self.classes),
        }
        reading = self.reading.to_json()
        return {**plain, "reading": reading} if reading else plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Schema:
        """Inverse of ``to_json``.

        Raises:
            DataError: a key is missing, or the values contradict each other.
        """
        try:
            columns = tuple(Column.from_json(c) for c in plain["columns"])
            classes = tuple(map(str, plain["classes"]))
            reading = Reading.from_json(plain.get("reading", {}))
            return cls(columns, str(plain["label"]), str(plain["task"]), classes, reading)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"the stored description of the columns is damaged ({error}); write the model file again."
            ) from error
