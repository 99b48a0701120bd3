"""Kinds of public tables: apps, censuses, banks, surveys, joined and exported files.

Importing this module fills ``KINDS`` of ``public_tables``.
"""

from __future__ import annotations

import gzip
import io

import numpy as np
import pandas as pd

from qcompile.model.reading import Reading
from support.public_tables import KINDS, Made, N, kind, lines, made, spelled, truth

__all__ = ["KINDS"]


@kind
def detection_limits(rng: np.random.Generator) -> Made:
    t = truth(rng)
    low, high = np.quantile(t.a, [0.1, 0.95]).round(1)
    texts = [f"<{low}" if v < low else f">{high}" if v > high else f"{v}" for v in t.a]
    t.a = np.clip(t.a, low, high)
    return made(t, lines("abcy", texts, t.b.astype(int), t.c, t.y), said=("are a bound, which was taken",))


@kind
def app_store(rng: np.random.Generator) -> Made:
    t = truth(rng)
    t.a = 10.0 ** rng.integers(1, 8, N)
    t.b = rng.integers(1, 90, N) * np.where(rng.random(N) < 0.5, 1e3, 1e6)
    sizes = [f"{v / 1e6:g}M" if v >= 1e6 else f"{v / 1e3:g}k" for v in t.b]
    installs = [f"{int(v):,}+" if rng.random() < 0.4 else f"{int(v):,}" for v in t.a]
    return made(t, lines("abcy", installs, sizes, t.c, t.y), said=("bound", "read as a number"))


@kind
def class_called_none(rng: np.random.Generator) -> Made:
    t = truth(rng)
    t.y = ["None" if y == "no" else y for y in t.y]
    return made(t, lines("abcy", t.a, t.b, t.c, t.y), said=("'None' were kept as a category",))


@kind
def category_called_na(rng: np.random.Generator) -> Made:
    t = truth(rng)
    t.c = ["NA" if c == "green" else c for c in t.c]
    return made(t, lines("abcy", t.a, t.b, t.c, t.y), said=("'NA' were kept as a category", "--missing NA"))


@kind
def census_question_marks(rng: np.random.Generator) -> Made:
    t = truth(rng)
    for i in range(0, N, 17):
        t.c[i] = None
    return made(t, lines("abcy", t.a, t.b, [c or "?" for c in t.c], t.y), said=("cells are missing",))


@kind
def bank_churn(rng: np.random.Generator) -> Made:
    t = truth(rng)
    ids = rng.choice(10**8, N, replace=False)
    rows = np.arange(1, N + 1)
    rows[50:54] = rows[49]
    text = lines(("RowNumber", "CustomerId", *"abcy"), rows, ids, t.a, t.b, t.c, t.y)
    return made(t, text, left_out=("RowNumber", "CustomerId"), said=("--keep COLUMN",))


@kind
def passengers(rng: np.random.Generator) -> Made:
    t = truth(rng)
    names = [f"Person {i}, Mr." for i in rng.permutation(N)]
    text = lines(("PassengerId", "Name", *"abcy"), rng.permutation(N) + 1, names, t.a, t.b, t.c, t.y)
    return made(t, text, left_out=("PassengerId", "Name"))


@kind
def health_survey(rng: np.random.Generator) -> Made:
    t = truth(rng)
    text = lines(
        ("SEQN", "case_no", *"abcy"),
        83732 + np.arange(N) * 3,
        rng.choice(10**6, N, False),
        t.a,
        t.b,
        t.c,
        t.y,
    )
    return made(t, text, left_out=("SEQN", "case_no"))


@kind
def row_names_in_two_runs(rng: np.random.Generator) -> Made:
    t = truth(rng)
    text = lines(("rownames", *"abcy"), np.tile(np.arange(1, N // 2 + 1), 2), t.a, t.b, t.c, t.y)
    return made(t, text, left_out=("rownames",))


@kind
def label_twice(rng: np.random.Generator) -> Made:
    t = truth(rng)
    code = [7 if y == "yes" else 3 for y in t.y]
    return made(
        t, lines(("code", *"abcy"), code, t.a, t.b, t.c, t.y), left_out=("code",), said=("copy of the label",)
    )


def days(rng: np.random.Generator) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(
        np.datetime64("2009-01-01T00:00") + rng.integers(0, 2_000_000, N).astype("timedelta64[m]")
    )


@kind
def dates_left_out(rng: np.random.Generator) -> Made:
    t, when = truth(rng), days(rng)
    text = lines(("day", "month", "at", *"abcy"), when.strftime("%d.%m.%Y"), when.strftime("%Y-%m"),
                 when.strftime("%H:%M:%S"), t.a, t.b, t.c, t.y)  # fmt: skip
    return made(
        t, text, left_out=("day", "month", "at"), said=("holds dates", "holds times", "--dates parts")
    )


@kind
def dates_as_parts(rng: np.random.Generator) -> Made:
    t, when = truth(rng), days(rng)
    text = lines(("when", *"abcy"), when.strftime("%m/%d/%Y %I:%M %p"), t.a, t.b, t.c, t.y)
    parts = {
        "when.year": when.year,
        "when.month": when.month,
        "when.weekday": when.day_of_week,
        "when.hour": when.hour,
    }
    return made(t, text, columns={**parts, "a": t.a, "b": t.b, "c": t.c}, reading=Reading(dates="parts"))


@kind
def files_joined(rng: np.random.Generator) -> Made:
    t = truth(rng)
    rows = lines("abcy", t.a, t.b, t.c, t.y).splitlines()
    for place in (200, 120, 61):
        rows.insert(place, rows[0])
    return made(t, "\n".join(rows), said=("3 lines that repeat the header",))


@kind
def spreadsheet_sep_line(rng: np.random.Generator) -> Made:
    t = truth(rng)
    text = lines("abcy", spelled(t.a, ","), spelled(t.b, decimals=0), t.c, t.y, mark=";")
    return made(t, "sep=;\n" + text, said=("names the delimiter",))


@kind
def quoted_twice(rng: np.random.Generator) -> Made:
    t = truth(rng)
    rows = ['"' + row.replace('"', '""') + '"' for row in lines("abcy", t.a, t.b, t.c, t.y).splitlines()]
    return made(t, "\n".join(rows), said=("is one quoted cell",))


@kind
def title_and_footer(rng: np.random.Generator) -> Made:
    t = truth(rng)
    text = lines("abcy", t.a, t.b, t.c, t.y)
    return made(t, f"Table 3. Answers, by colour\n\n{text}Total,,,\nSource: Office of Colours\n",
                said=("above the table", "below the table"))  # fmt: skip


@kind
def large_offsets(rng: np.random.Generator) -> Made:
    t = truth(rng, decimals=3, scale=1.0)
    return made(t, lines("abcy", [f"{400_000_000 + v:.3f}" for v in t.a], t.b, t.c, t.y),
                columns={"a": 400_000_000 + t.a, "b": t.b, "c": t.c}, said=("is read less",))  # fmt: skip


@kind
def packed_tabs(rng: np.random.Generator) -> Made:
    t = truth(rng)
    return made(t, gzip.compress(lines("abcy", t.a, t.b, t.c, t.y, mark="\t").encode("utf-16")), "t.tsv.gz")


@kind
def parquet_with_categories(rng: np.random.Generator) -> Made:
    t = truth(rng)
    frame = pd.DataFrame(
        {"when": days(rng), "a": t.a, "b": t.b.astype(int), "c": pd.Categorical(t.c), "y": t.y}
    )
    out = io.BytesIO()
    frame.to_parquet(out)
    return made(t, out.getvalue(), "t.parquet", left_out=("when",))
