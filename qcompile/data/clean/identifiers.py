"""Identifiers and constants: columns that say nothing about rows not yet seen."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from qcompile.model.schema import Column

# Below this many rows, numbers that differ in every row are no evidence of anything.
FEW_ROWS = 20
# A name ends in one of these words, or is one: case_no, EmployeeNumber, RowNumber.
ENDINGS = {
    "id", "ids", "uid", "uuid", "guid", "key", "index", "idx", "no", "nr", "num", "nbr", "number", "serial",
    "identifier", "ident", "pk", "oid", "ref", "reference", "code", "rownames", "rownum", "rowid", "hash",
    "barcode", "isbn", "ssn", "imei", "sku", "mrn", "seqn", "seq", "sequence", "rowname", "rownumber",
    "row", "rows", "record", "observation", "obs", "accession",
}  # fmt: skip
# Written as one word in small or capital letters: customerid, CLIENTNUM, but neither "acid" nor "paid".
NOUNS = (
    "account|acct|agent|animal|applicant|asset|book|case|cell|claim|client|company|contract|cust|customer|device|doc"
    "|document|driver|emp|employee|encounter|entry|event|file|flight|game|house|household|hh|image|img|invoice|item"
    "|job|line|listing|loan|match|meas|member|movie|obj|object|obs|observation|order|part|participant|passenger"
    "|patient|pat|person|phone|plant|player|plot|policy|product|prod|property|pupil|question|record|rec|resp"
    "|respondent|row|sample|school|sensor|seq|serial|session|shop|site|song|staff|station|store|stud|student|study"
    "|sub|subj|subject|survey|team|test|ticket|track|trans|transaction|trial|trip|tweet|unit|user|vehicle|visit|voter"
)
ONE_WORD = re.compile(rf"(?:{NOUNS})(?:id|no|nr|num|nbr|number|key|code|index)")


def named_like_one(name: str) -> bool:
    """Whether a column is named like an identifier.

    >>> [named_like_one(n) for n in ("CustomerId", "MRN", "case_no", "CLIENTNUM", "rownames", "ID Number")]
    [True, True, True, True, True, True]
    >>> [named_like_one(n) for n in ("citric acid", "paid", "number of rooms", "Humid", "x")]
    [False, False, False, False, False]
    """
    name = name.strip()
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    while words and words[-1].isdigit():
        words.pop()
    whole = re.sub(r"[\W_\d]+", "", name).casefold()
    if not words:
        return name == "#"
    return (
        words[-1].casefold() in ENDINGS
        or whole in ENDINGS
        or ONE_WORD.fullmatch(whole) is not None
        or re.fullmatch(r"unnamed: \w+", name, re.I) is not None
    )


def useless(column: Column, values: NDArray[np.float64], whole_numbers: bool, identifiers: bool) -> str:
    """Why a column is left out, as the end of a sentence; empty if it is kept.

    It looks at the cells of one feature, never at labels, and applies these rules:

    - all cells missing, or one and the same value in all of them;
    - text of which more than half of the rows have a value of their own;
    - whole numbers, different in every row, that count in equal steps or only rise or fall
      from row to row;
    - in a column named like an identifier, whole numbers of which nine in ten differ, or that
      count up from row to row in runs.

    Numbers with fractions are never taken for identifiers, however many differ.

    Args:
        column: name and kind.
        values: (n,) cells, NaN where missing.
        whole_numbers: the cells were stored as integers.
        identifiers: whether the last three rules apply.

    >>> useless(Column("n", "numeric"), np.arange(30.0), True, True)
    'counts the rows'
    >>> useless(Column("n", "numeric"), np.arange(30.0), False, True)
    ''
    """
    present = values[~np.isnan(values)]
    if not len(present):
        return "has no value in any row"
    if len(present) == len(values) and present.min() == present.max():
        return "has the same value in every row"
    if not identifiers or len(present) < FEW_ROWS:
        return ""
    if column.kind == "categorical":
        return "has a different text in most rows" if 2 * len(column.categories) > len(present) else ""
    named = named_like_one(column.name)
    if column.kind != "numeric" or not (whole_numbers or (named and (present == np.round(present)).all())):
        return ""
    different = len(np.unique(present))
    in_file = np.diff(present)
    if different == len(present):
        steps = np.diff(np.sort(present))
        if steps.min() == steps.max():
            return "counts the rows"
        if (in_file > 0).all() or (in_file < 0).all():
            return "is different in every row and only rises or falls"
    if named and different >= 0.9 * len(present):
        return "is named like an identifier and differs in most rows"
    if named and different > FEW_ROWS // 2 and (in_file == 1).mean() >= 0.9:
        return "is named like an identifier and counts the rows in runs"
    return ""
