"""Numbers in text: cells such as ``$1,250.50``, ``1.234,5``, ``12.3 kg`` or ``<0.5`` as the numbers they are.

    1'234.5  1 234,5  1.234,5  1,234.5      thousands and decimal marks
    (67.91)  67.91-  −67.91                 negative, as accountants and typesetters write it
    <0.5  >100  >= 3  10+                   a bound, which stands for the value
    12 %  $3  3 EUR  12.3 kg                a sign or a unit, the same in the whole column
    1.2k  3M                                thousands and millions

One decimal mark serves a whole column: ``1.234`` alone may be either, its neighbours decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST = 48  # characters; a longer text is no number
PLAIN_MARKS = str.maketrans({
    "\u2212": "-", "\u2012": "-", "\u2013": "-", "\ufe63": "-", "\uff0d": "-", "\u00a0": " ", "\u202f": " ",
    "\u2009": " ", "\u2007": " ", "\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'",
    "\u2264": "<", "\u2265": ">",
})  # fmt: skip
CURRENCY = (
    r"(?:[A-Z]{1,2}\$|[$€£¥₹₽₩₺₴]|Rs\.?|kr\.?|zł|Fr\.?"
    r"|(?:CHF|EUR|USD|GBP|JPY|CNY|INR|CAD|AUD|NZD|NOK|SEK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR)(?![A-Za-z]))"
)
WORD = r"[^\W\d_]+[²³]?"
UNIT = rf"(?:[%‰]|°?{WORD}(?:\^?[23])?(?:[ /·.*]?°?{WORD}(?:\^?-?[1-3])?){{0,3}}\.?|[°\"'′″])"
BELOW_OR_ABOVE = r"[<>]=?|=[<>]|(?:less|more) than\b|at (?:least|most)\b|up to\b|over\b|under\b"
BODY = r"\d(?:[\d.,' ]*[\d.,])?|[.,]\d+"
PATTERN = re.compile(
    rf"(?P<open>\()?\s*(?P<bound>{BELOW_OR_ABOVE})?\s*[~≈]?\s*(?P<sign>[+-])?\s*(?P<before>{CURRENCY})?\s*"
    rf"(?P<sign2>[+-])?\s*(?P<body>{BODY})(?P<power>[eE][+-]?\d+)?\s*"
    rf"(?P<more>\+| or (?:more|less|over|under)\b)?(?P<minus>-)?\s*(?P<after>{CURRENCY}|{UNIT})?"
    r"\s*(?P<close>\))?",
)
OTHER = {".": ",", ",": "."}
GROUPED = {d: re.compile(rf"[1-9]\d{{0,2}}([{OTHER[d]}' ])\d{{3}}(?:\1\d{{3}})*(?:[{d}]\d*)?") for d in OTHER}
LAKHS = re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d*)?")
UNGROUPED = {d: re.compile(rf"\d+(?:[{d}]\d*)?|[{d}]\d+") for d in OTHER}
FACTORS = {"k": 1e3, "K": 1e3, "M": 1e6, "mn": 1e6, "mio": 1e6, "Mio": 1e6, "B": 1e9, "bn": 1e9}
SIGNS = re.compile(rf"{CURRENCY}|[%‰]")


@dataclass(frozen=True)
class NumberText:
    """A text that may be a number, taken apart.

    Attributes:
        body: digits and the marks between them.
        power: exponent with its e, or nothing.
        negative: a minus, or parentheses around it.
        bound: "<", ">" or nothing.
        unit: what stands around it, in lower case and without a plural s.
        factor: 1, or 1000 for k, and so on.
    """

    body: str
    power: str = ""
    negative: bool = False
    bound: str = ""
    unit: str = ""
    factor: float = 1.0

    def text(self, decimal: str) -> str:
        """The number as ``float`` takes it, or nothing if its marks do not fit the decimal mark.

        >>> NumberText("1.234,5").text(","), NumberText("1.234,5").text("."), NumberText("1,5").text(".")
        ('1234.5', '', '')
        """
        body = self.body
        if GROUPED[decimal].fullmatch(body) or (decimal == "." and LAKHS.fullmatch(body)):
            body = re.sub(rf"[{OTHER[decimal]}' ]", "", body)
        elif not UNGROUPED[decimal].fullmatch(body):
            return ""
        return ("-" if self.negative else "") + body.replace(",", ".") + self.power


@dataclass(frozen=True)
class Written:
    """How the numbers of a column are written: their decimal mark and the unit after them.

    Attributes:
        decimal: "." or ",".
        unit: such as "kg", in lower case and without a plural s; empty if there is none.
    """

    decimal: str = "."
    unit: str = ""


def number_texts(text: str) -> NumberText | None:
    """A text taken apart, if it may be a number at all.

    >>> number_texts("<0.5 mg/l")
    NumberText(body='0.5', power='', negative=False, bound='<', unit='mg/l', factor=1.0)
    >>> number_texts("10-20") is None and number_texts("Q5") is None
    True
    """
    if len(text) > LONGEST or not any(c.isdigit() for c in text):
        return None
    plain = text.translate(PLAIN_MARKS).strip()
    match = PATTERN.fullmatch(plain.removeprefix("'"))
    if not match or (match["open"] is None) != (match["close"] is None):
        return None
    signs = [sign for sign in (match["sign"], match["sign2"], match["minus"], match["open"]) if sign]
    bound = match["bound"] or match["more"] or ""
    if len(signs) > 1 or (match["minus"] and bound):
        return None
    if bound:
        low = bound[0] in "<lu" or bound in ("=<", "at most") or bound.endswith(("less", "under"))
        bound = "<" if low else ">"
    after = match["after"] or ""
    factor = FACTORS.get(after, 1.0)
    unit = "" if factor != 1.0 else _unit(after or match["before"] or "")
    return NumberText(
        match["body"].strip(), match["power"] or "", signs not in ([], ["+"]), bound, unit, factor
    )


def _unit(text: str) -> str:
    """A unit as it is compared: "Years" and "year" are one, and signs of money or share are none."""
    if SIGNS.fullmatch(text):
        return "" if text == "%" else text
    text = text.casefold().rstrip(".")
    return text[:-1] if len(text) > 2 and text.isalpha() and text.endswith("s") else text


def decimal_mark(parts: Sequence[NumberText], plain: Sequence[str], hint: str = ".") -> str:
    """The decimal mark of a column, by its texts that can be read in one way only.

    Args:
        parts: the texts that ``float`` does not take.
        plain: those that it takes, and which mean a point unless they have thousands like 1.234.
        hint: of the file; it decides if nothing in the column does.

    >>> decimal_mark([NumberText("2.082,0")], ["1.234"]), decimal_mark([], ["1.234"], ",")
    (',', ',')
    >>> decimal_mark([NumberText("1,234")], ["1.5"], ",")
    '.'
    """
    only = dict.fromkeys(OTHER, 0)
    for part in parts:
        fits = [d for d in OTHER if part.text(d)]
        if len(fits) == 1 and any(mark in part.body for mark in OTHER):
            only[fits[0]] += 1
    if only[","] or hint == ",":
        only["."] += sum("." in text and not GROUPED[","].fullmatch(text.lstrip("+-")) for text in plain)
    if only["."] == only[","]:
        return hint
    return "." if only["."] > only[","] else ","


def written(texts: Sequence[str], counts: NDArray[np.int64], hint: str = ".") -> Written:
    """How a column of texts writes its numbers.

    One unit alone is that of the numbers without it, too; of several, the one that half of them have.

    >>> written(["2.082,0", "1.234"], np.array([1, 1]))
    Written(decimal=',', unit='')
    >>> written(["12.3 kg", "7 kg", "9"], np.array([1, 1, 1])).unit
    'kg'
    """
    plain = _plain(texts)
    rest = [(number_texts(texts[i]), int(counts[i])) for i in np.flatnonzero(np.isnan(plain)).tolist()]
    found = [(part, count) for part, count in rest if part is not None]
    units: dict[str, int] = {}
    for part, count in found:
        units[part.unit] = units.get(part.unit, 0) + count
    usual = max((unit for unit in units if unit), key=lambda unit: units[unit], default="")
    numbers = int(counts[~np.isnan(plain)].sum()) + sum(units.values())
    told = [texts[i] for i in np.flatnonzero(~np.isnan(plain)).tolist()] if found or hint == "," else []
    mark = decimal_mark([part for part, _ in found], told, hint)
    alone = sum(bool(unit) for unit in units) == 1
    return Written(mark, usual if usual and (alone or 2 * units[usual] >= numbers) else "")


def numbers_in(texts: Sequence[str], form: Written | None = None) -> NDArray[np.float64]:
    """One float64 per text, NaN where it is no number; a bound is the number of it.

    Args:
        texts: cells.
        form: how the column writes its numbers; what can only be read with the other decimal mark
            is. None: with a point, and nothing like ``1,5``.

    >>> numbers_in(["1e3", "$1,250.50", "12 %", "-1.234,5", "1,5", "abc"]).tolist()
    [1000.0, 1250.5, 12.0, -1234.5, nan, nan]
    >>> numbers_in(["2.082,0", "1.234", "(5,5 kg)", "3 g"], Written(",", "kg")).tolist()
    [2082.0, 1234.0, -5.5, nan]
    """
    strict, form = form is None, form or Written()
    values = _plain(texts)
    again = np.isnan(values)
    if form.decimal == ",":
        again |= np.array(["." in text for text in texts], dtype=bool)
    for i in np.flatnonzero(again).tolist():
        part = number_texts(texts[i])
        values[i] = np.nan if part is None else _value(part, form, strict)
    return values


def _value(part: NumberText, form: Written, strict: bool) -> float:
    if part.unit not in ("", form.unit) and not (strict and SIGNS.fullmatch(part.unit)):
        return np.nan
    text = part.text(form.decimal)
    if not text and (not strict or {".", ","} <= set(part.body)):
        text = part.text(OTHER[form.decimal])
    return float(text) * part.factor if text else np.nan


def dressed(text: str) -> str:
    """The plain number in a text with signs of money, share or thousands, or nothing.

    >>> dressed("€ 3"), dressed("5more"), dressed("1,234")
    ('3', '', '1234')
    """
    part = number_texts(text)
    if part is None or part.bound or (part.unit and not SIGNS.fullmatch(part.unit)):
        return ""
    return part.text(".") or (part.text(",") if {".", ","} <= set(part.body) else "")


def _plain(texts: Sequence[str]) -> NDArray[np.float64]:
    """What ``float`` takes, and NaN."""
    import pandas as pd

    values: NDArray[np.float64] = pd.to_numeric(
        pd.Series(list(texts), dtype=object), errors="coerce"
    ).to_numpy(np.float64, copy=True)
    return values
