"""Reading: what a user may say about how a table is read; stored with the schema of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from qcompile.errors import DataError, did_you_mean
from qcompile.json_records import Json

DATES = ("leave", "parts")


@dataclass(frozen=True)
class Reading:
    """How the cells and columns of a table are understood.

    Attributes:
        missing: the texts that mean a missing cell, besides an empty cell; None: the usual ones
            (NA, ?, null, ..), of which a word is kept where it is frequent among other words.
        keep: columns that are kept although they look like identifiers, dates or copies of the label.
        drop: columns that are left out.
        dates: "leave" columns of dates and times out, or turn them into their "parts":
            year, month, weekday and hour.

    >>> Reading(dates="parts").to_json()
    {'dates': 'parts'}
    """

    missing: tuple[str, ...] | None = field(
        default=None,
        metadata={
            "metavar": "TEXT",
            "help": "Text that means a missing cell, besides an empty one; several with commas, or by "
            "repeating. In text columns it replaces the usual words (?, NA, null, ..).",
        },
    )
    keep: tuple[str, ...] = field(
        default=(),
        metadata={
            "metavar": "COLUMN",
            "help": "Keep a column that would be left out as an identifier, as dates or as a copy of the "
            "label; repeatable.",
        },
    )
    drop: tuple[str, ...] = field(
        default=(), metadata={"metavar": "COLUMN", "help": "Leave this column out; repeatable."}
    )
    dates: str = field(
        default=DATES[0],
        metadata={
            "choices": DATES,
            "help": "Leave columns of dates and times out, or read their parts: year, month, weekday, hour.",
        },
    )

    def __post_init__(self) -> None:
        for name in ("keep", "drop"):
            object.__setattr__(self, name, tuple(str(column) for column in getattr(self, name)))
        if self.missing is not None:
            object.__setattr__(self, "missing", tuple(str(text).strip() for text in self.missing))
        if self.dates not in DATES:
            raise DataError(
                f"dates is {self.dates!r}, allowed: {', '.join(DATES)}.{did_you_mean(self.dates, DATES)}"
            )
        both = [name for name in self.keep if name in self.drop]
        if both:
            raise DataError(f"column {both[0]!r} is to be kept and dropped; choose one of the two.")

    def check(self, names: list[str], label: str) -> None:
        """Refuse names that a table does not have.

        Raises:
            DataError: naming the option and the column.
        """
        for option in ("keep", "drop"):
            for name in getattr(self, option):
                if name == label and option == "drop":
                    raise DataError(
                        f"column {name!r} is the label and cannot be dropped; choose another label."
                    )
                if name not in names and name != label:
                    raise DataError(
                        f"there is no column {name!r} to {option}; the columns are {', '.join(names[:12])}"
                        f"{', ...' if len(names) > 12 else ''}.{did_you_mean(name, names)}"
                    )

    def for_model(self, stored: Reading) -> Reading:
        """What to read rows for a model with: its own reading, with the texts that mean missing here.

        Raises:
            DataError: it says otherwise which columns are read than training did.
        """
        for option in ("keep", "drop"):
            others = [name for name in getattr(self, option) if name not in getattr(stored, option)]
            if others:
                raise DataError(
                    f"--{option} {others[0]} was not given in training, so the model knows nothing of it; "
                    "leave it out: the model reads its own columns and no others."
                )
        if self.dates not in (DATES[0], stored.dates):
            raise DataError(
                f"--dates {self.dates} is given, but the model was trained with --dates {stored.dates}; "
                "leave it out, or train again."
            )
        return stored if self.missing is None else replace(stored, missing=self.missing)

    def to_json(self) -> Json:
        """What differs from the default, as plain values."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in plain.items()}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Reading:
        """Inverse of ``to_json``."""
        missing = plain.get("missing")
        return cls(
            None if missing is None else tuple(map(str, missing)),
            tuple(map(str, plain.get("keep", ()))),
            tuple(map(str, plain.get("drop", ()))),
            str(plain.get("dates", "leave")),
        )
