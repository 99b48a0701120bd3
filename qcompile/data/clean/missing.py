"""Missing cells: the texts that mean "nothing is known here", in a text column and among numbers."""

from __future__ import annotations

import re

ALWAYS = ("", "?", ".")  # never a category
# Words that are a category where they are frequent: "None" may be the class of those that have none.
# Lower-case "none", "unknown" and "missing" always are: as categories they mean something known.
WORDS = frozenset({
    "NA", "N/A", "n/a", "na", "#N/A", "#NA", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None",
    "NuLL", "Null", "N.A.", "n.a.", "(null)", "\\N",
})  # fmt: skip

# Letters of a text that stands for no number in a column of numbers, without what is around and between.
AMONG_NUMBERS = frozenset({
    "na", "nan", "null", "none", "nil", "missing", "unknown", "unk", "nd", "notavailable", "notapplicable",
    "notknown", "nodata", "novalue", "notmeasured", "notdetermined", "notreported", "notrecorded",
    "undefined", "undef", "unavailable", "unspecified", "blank", "empty", "void", "tbd", "tba", "pending",
    "ka", "sd", "nb", "nv", "nr", "ns", "x", "xx", "xxx", "invalid", "error", "err", "refused", "withheld",
})  # fmt: skip
SPREADSHEET_ERROR = re.compile(r"#[A-Z/0]+[!?]?")


def is_missing_word(text: str) -> bool:
    """Whether a text, blanks around it removed, usually stands for a missing value.

    >>> [is_missing_word(t) for t in (" ? ", "", "NaN", "none", "0", "#DIV/0!")]
    [True, True, True, False, False, True]
    """
    text = text.strip()
    if text[:1].isdigit():
        return False
    return text in ALWAYS or text in WORDS or SPREADSHEET_ERROR.fullmatch(text) is not None


def is_mark(text: str) -> bool:
    """Whether a text in a column of numbers stands for a missing one, whatever its spelling.

    >>> [is_mark(t) for t in ("--", "..", ":", "(NULL)", "not available", "#VALUE!", "*", "blue", "3")]
    [True, True, True, True, True, True, True, False, False]
    """
    text = text.strip()
    if len(text) > 24 or text[:1].isdigit():
        return False
    if is_missing_word(text):
        return True
    letters = re.sub(r"[\W_]+", "", text).casefold()
    return not letters or letters in AMONG_NUMBERS
