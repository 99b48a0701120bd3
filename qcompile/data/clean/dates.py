"""Dates and times in text: which columns hold them, and their year, month, weekday and hour.

    2010-07-03  3.7.2010  7/3/10  3 Jul 2010  July 3, 2010  20100703T18:00Z
    2010-07  07/2010  Jul 2010  19-Dec  2010Q3
    18:00:00  6:30 PM

Whether the day or the month comes first in 7/3/10 is decided once for a column.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PARTS = ("year", "month", "weekday", "hour")
ORDERS = ("mdy", "dmy")
DAY_WORDS = {"date", "day", "dt", "datum", "fecha", "dia", "jour", "tag", "ymd", "yyyymmdd"}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2}(?:[.,]\d+)?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?:z|utc|gmt|[+-]\d{2}:?\d{2})?"
)
DAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
FORMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?:[ tT]+{TIME})?",
        rf"{DAY}(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<second>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}})"
        rf"(?:,?[ tT]+{TIME})?",
        rf"{DAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ -]{MONTH}[ ,-]\s*(?P<year>\d{{4}}|\d{{2}})"
        rf"(?:,?[ tT]+{TIME})?",
        rf"{DAY}{MONTH}[ -](?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?:,?[ tT]+{TIME})?",
        r"(?P<year>\d{4})[-/](?P<month>\d{1,2})",
        rf"(?P<year>\d{{4}})[- ]{MONTH}",
        r"(?P<month>\d{1,2})/(?P<year>\d{4})",
        rf"{MONTH}[ -/]?'?(?P<year>\d{{4}})",
        rf"{MONTH}[ -](?P<day>\d{{1,2}})",
        rf"(?P<day>\d{{1,2}})[ -]{MONTH}",
        r"(?P<year>\d{4})[ -]?q(?P<quarter>[1-4])",
        r"(?P<year>\d{4})-?w\d{1,2}",
        r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<hour>\d{1,2})\s*(?P<half>[ap]\.?m\.?)",
        r"q(?P<quarter>[1-4])[ -/](?P<year>\d{4})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})[t ](?P<hour>\d{2}):?(?P<minute>\d{2})(?::?\d{2})?z?",
        TIME,
    )
)  # fmt: skip


def is_date(text: str) -> bool:
    """Whether a text is a date or a time of day.

    >>> [is_date(t) for t in ("2010-07", "18:00:00", "19-Dec", "3/4/21", "2010-13-01", "10-20", "1.5")]
    [True, True, True, True, False, False, False]
    """
    return _match(text, "mdy") is not None or _match(text, "dmy") is not None


def are_day_numbers(name: str, values: NDArray[np.float64]) -> bool:
    """Whether numbers such as 20100703, in a column named after dates, are days.

    >>> days = np.array([20100703.0, np.nan])
    >>> are_day_numbers("OrderDate", days), are_day_numbers("n", days)
    (True, False)
    """
    words = {word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}
    present = np.unique(values[~np.isnan(values)])
    if not words & DAY_WORDS or not len(present) or not ((present >= 19e6) & (present < 21e6)).all():
        return False
    return bool((present == np.round(present)).all()) and all(is_date(f"{value:.0f}") for value in present)


def day_order(texts: Sequence[str]) -> tuple[str, bool]:
    """Whether months or days come first in texts such as 7/3/2010, and whether the texts tell.

    Points between them, and numbers above 12, decide; if nothing does, slashes mean the American way.

    >>> day_order(["13/4/1999", "1/2/2000"]), day_order(["1.2.2000"]), day_order(["1/2/2000"])
    (('dmy', True), ('dmy', True), ('mdy', False))
    """
    votes = dict.fromkeys(ORDERS, 0)
    pointed = ambiguous = False
    for text in texts:
        match = FORMS[1].fullmatch(text.strip())
        if match:
            first, second = int(match["first"]), int(match["second"])
            votes["dmy"] += first > 12 >= second
            votes["mdy"] += second > 12 >= first
            pointed |= match["mark"] == "."
            ambiguous = True
    if votes["dmy"] != votes["mdy"]:
        return max(votes, key=lambda order: votes[order]), True
    return ("dmy", True) if pointed else ("mdy", not ambiguous)


def date_parts(texts: Sequence[str], order: str = "mdy") -> dict[str, NDArray[np.float64]]:
    """One (k,) array per part, NaN where a text does not have it; Monday is weekday 0.

    >>> {k: v.tolist() for k, v in date_parts(["2010-07-03 18:30"]).items()}
    {'year': [2010.0], 'month': [7.0], 'weekday': [5.0], 'hour': [18.0]}
    """
    found = np.full((len(PARTS), len(texts)), np.nan)
    for i, text in enumerate(texts):
        parts = _match(text, order)
        if parts is not None:
            found[:, i] = parts
    return dict(zip(PARTS, found, strict=True))


def _match(text: str, order: str) -> tuple[float, float, float, float] | None:
    """Year, month, weekday and hour, or nothing if the text is no date."""
    text = text.strip()
    if not 3 < len(text) <= 40 or not any(c.isdigit() for c in text):
        return None
    for form in FORMS:
        match = form.fullmatch(text)
        parts = _parts(match.groupdict(), order) if match else None
        if parts is not None:
            return parts
    return None


def _parts(found: dict[str, str | None], order: str) -> tuple[float, float, float, float] | None:
    def number(name: str) -> int | None:
        given = found.get(name)
        return None if given is None else int(given)

    year, month, day, hour = number("year"), number("month"), number("day"), number("hour")
    if found.get("first"):
        month, day = (
            (number("first"), number("second")) if order == "mdy" else (number("second"), number("first"))
        )
    if found.get("name"):
        month = 1 + MONTHS.index(str(found["name"])[:3].lower())
    if found.get("quarter"):
        month = 3 * (number("quarter") or 1) - 2
    if year is not None and year < 100:
        year += 1900 if year >= 70 else 2000
    if hour is not None:
        half = (found.get("half") or "").lower()
        if (half and not 1 <= hour <= 12) or hour > 24 or (number("minute") or 0) > 59:
            return None
        hour = hour % 12 + 12 * half.startswith("p") if half else hour % 24
    if month is not None and not 1 <= month <= 12:
        return None
    weekday = np.nan
    if day is not None:
        try:
            date = datetime.date(year or 2000, month or 1, day)
        except ValueError:
            return None
        weekday = float(date.weekday()) if year is not None else np.nan
    return tuple(np.nan if part is None else float(part) for part in (year, month, weekday, hour))  # type: ignore[return-value]
