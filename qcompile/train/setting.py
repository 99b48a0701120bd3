"""A setting: one annotated field of a frozen record, from which its check and its options are made.

    neurons: Annotated[int, Number.within(1, 100_000)] = 128        and its line under ``Attributes:``

is all there is to write: the record checks the value, the command line gets ``--neurons`` with
the line as help, the estimators get the parameter.
"""

from __future__ import annotations

import inspect
import numbers
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from math import inf
from types import NoneType
from typing import Any, Protocol, get_args, get_type_hints

from qcompile.errors import QCompileError, did_you_mean
from qcompile.registry import names


class Rule(Protocol):
    """Which values a setting may have."""

    @property
    def metavar(self) -> str | None:
        """What help shows for the value, if its type does not say it."""

    def refusal(self, kind: type, value: Any) -> str | None:
        """What is allowed instead of the value, or None where it is allowed."""


@dataclass(frozen=True)
class Words:
    """Some words, and the file names of a folder."""

    words: tuple[str, ...] = ()
    package: str | None = None

    def allowed(self) -> tuple[str, ...]:
        """All that may be given; the folder is read now."""
        return (*self.words, *(names(self.package) if self.package else ()))

    @property
    def metavar(self) -> str:
        """Every allowed word."""
        return "[" + "|".join(self.allowed()) + "]"

    def refusal(self, kind: type, value: Any) -> str | None:
        """The allowed words."""
        allowed = self.allowed()
        return None if value in allowed else f"{', '.join(allowed)}.{did_you_mean(str(value), allowed)}"


@dataclass(frozen=True)
class Number:
    """A finite number, or three, between two ends.

    Attributes:
        low: least value.
        high: largest value.
        says: the same in words.
        ends: whether the ends themselves are allowed.
        also: values outside that are allowed, too.
    """

    low: float
    high: float
    says: str
    ends: bool = True
    also: tuple[float, ...] = ()

    metavar = None

    @classmethod
    def within(cls, low: int, high: int) -> Number:
        """Both ends are allowed."""
        return cls(low, high, f"{low} to {high}")

    def refusal(self, kind: type, value: Any) -> str | None:
        """The range, for what is not a number of this kind inside it."""
        fits = isinstance(value, numbers.Integral if kind is int else numbers.Real)
        inside = fits and (self.low <= value <= self.high if self.ends else self.low < value < self.high)
        return None if inside or (fits and value in self.also) else f"{self.says}."


@dataclass(frozen=True)
class Numbers:
    """As many finite numbers as there are names."""

    metavar: str

    def refusal(self, kind: type, value: Any) -> str | None:
        """Their count."""
        count = len(self.metavar.split(","))
        good = (
            isinstance(value, tuple | list)
            and len(value) == count
            and all(isinstance(v, numbers.Real) and -inf < float(v) < inf for v in value)
        )
        return None if good else f"{count} finite numbers {self.metavar.lower()}."


@dataclass(frozen=True)
class Switch:
    """On or off."""

    metavar = None

    def refusal(self, kind: type, value: Any) -> str | None:
        """Both values."""
        return None if value in (True, False) else "True or False."


@dataclass(frozen=True)
class Setting:
    """One field of a record of settings.

    Attributes:
        name: of the field.
        kind: int, float, str, bool or tuple.
        optional: whether None is allowed.
        default: its value when left out.
        rule: which values are allowed.
        text: its line in the docstring of the record.
    """

    name: str
    kind: type
    optional: bool
    default: Any
    rule: Rule
    text: str

    def check(self, value: Any) -> None:
        """Refuse a value that the rule does not allow.

        Raises:
            QCompileError: with what was given and what is allowed.
        """
        if value is None and self.optional:
            return
        allowed = self.rule.refusal(self.kind, value)
        if allowed:
            raise QCompileError(f"{self.name} is {value!r}, allowed: {allowed}")


@cache
def settings(record: type) -> tuple[Setting, ...]:
    """The settings of a frozen record, in the order of its fields."""
    hints, texts = get_type_hints(record, include_extras=True), dict(_attributes(record))
    return tuple(_setting(field.name, hints[field.name], field.default, texts) for field in fields(record))


def _setting(name: str, hint: Any, default: Any, texts: dict[str, str]) -> Setting:
    given, rule = get_args(hint)
    kinds = [kind for kind in get_args(given) or (given,) if kind is not NoneType]
    kind = tuple if isinstance(rule, Numbers) else kinds[0]
    return Setting(name, kind, NoneType in get_args(given), default, rule, texts[name])


def _attributes(record: type) -> Iterator[tuple[str, str]]:
    """(name, text) of every entry under ``Attributes:``."""
    section = inspect.cleandoc(record.__doc__ or "").partition("Attributes:\n")[2].partition("\n\n")[0]
    for entry in re.split(r"\n(?=    \w)", "\n" + section):
        name, _, text = entry.strip().partition(": ")
        if name:
            yield name, " ".join(text.split())
