"""Schema: what a model must know of a table in order to read more rows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from qcompile.errors import DataError

__all__ = ["KINDS", "TASKS", "Column", "Schema"]

KINDS = ("numeric", "boolean", "categorical")
TASKS = ("classification", "regression")


@dataclass(frozen=True)
class Column:
    """One feature, and how its cells become float32.

    Attributes:
        name: header of the column.
        kind: "numeric" (the number), "boolean" (0 or 1), "categorical" (index into ``categories``).
        categories: the texts of a categorical column; empty for the other kinds.

    >>> Column("colour", "categorical", ("blue", "red")).categories
    ('blue', 'red')
    """

    name: str
    kind: str
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "categories", tuple(self.categories))
        if self.kind not in KINDS:
            raise ValueError(f"column {self.name!r} is {self.kind!r}, allowed: {', '.join(KINDS)}.")
        if bool(self.categories) != (self.kind == "categorical"):
            raise ValueError(f"column {self.name!r}: a categorical column, and no other, has categories.")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError(f"column {self.name!r} has equal categories.")


@dataclass(frozen=True)
class Schema:
    """Names, kinds and meanings of the columns that a model reads, in its order.

    Attributes:
        columns: the features that were kept, in the order of ``Table.x``.
        label: name of the label column.
        task: "classification" or "regression".
        classes: class names in the order of the class index; empty in regression.
    """

    columns: tuple[Column, ...]
    label: str
    task: str
    classes: tuple[str, ...] = ()

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

    def to_json(self) -> dict[str, Any]:
        """The schema as plain dicts, lists and strings.

        >>> s = Schema((Column("a", "numeric"),), "y", "regression")
        >>> Schema.from_json(s.to_json()) == s
        True
        """
        plain = asdict(self)
        plain["classes"] = list(self.classes)
        plain["columns"] = [{**c, "categories": list(c["categories"])} for c in plain["columns"]]
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Schema:
        """Inverse of ``to_json``.

        Raises:
            DataError: a key is missing, or the values contradict each other.
        """
        try:
            columns = tuple(
                Column(str(c["name"]), str(c["kind"]), tuple(map(str, c["categories"])))
                for c in plain["columns"]
            )
            classes = tuple(map(str, plain["classes"]))
            return cls(columns, str(plain["label"]), str(plain["task"]), classes)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"the stored description of the columns is damaged ({error}); write the model file again."
            ) from error
