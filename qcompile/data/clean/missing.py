"""Missing cells: the words that mean "nothing is known here"."""

from __future__ import annotations

__all__ = ["MISSING_WORDS", "is_missing_word"]

# Lower-case "none" is not among them: as a category it often means "has none", which is known.
MISSING_WORDS = (
    "", "?", ".", "NA", "N/A", "n/a", "na", "#N/A",
    "#NA", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None",
)  # fmt: skip


def is_missing_word(text: str) -> bool:
    """Whether a text cell, blanks around it removed, stands for a missing value.

    >>> [is_missing_word(t) for t in (" ? ", "", "NaN", "none", "0")]
    [True, True, True, False, False]
    """
    return text.strip() in MISSING_WORDS
