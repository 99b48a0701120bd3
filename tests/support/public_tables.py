"""Tables as public files have them: one generator per kind, with the truth that it dressed up.

Every kind tells the same story (two numbers and a category decide a class) in another spelling. The
truth is known before it is written, so a reader is compared with it exactly.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qcompile.model.reading import Reading

N = 240
COLOURS = ("blue", "green", "red")


@dataclass
class Truth:
    """Numbers a and b, category c, class y of N rows; NaN and None where a cell is missing."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    c: list[str | None]
    y: list[str]


@dataclass
class Made:
    """A file, and what must be read from it.

    Attributes:
        name: of the file.
        content: its bytes.
        columns: name -> the numbers of its cells, or the texts of a categorical column.
        y: class per row, or target.
        said: parts of sentences that must be said.
        left_out: columns that must not be learned from.
        reading: options.
    """

    name: str
    content: bytes
    columns: dict[str, Sequence[float] | Sequence[str | None]]
    y: Sequence[str] | Sequence[float]
    said: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    reading: Reading = field(default_factory=Reading)


KINDS: dict[str, Callable[[np.random.Generator], Made]] = {}


def kind(make: Callable[[np.random.Generator], Made]) -> Callable[[np.random.Generator], Made]:
    KINDS[make.__name__] = make
    return make


def truth(rng: np.random.Generator, decimals: int = 1, scale: float = 100.0) -> Truth:
    a = np.round(rng.normal(size=N) * scale, decimals)
    b = rng.integers(0, 40, N).astype(float)
    c = rng.choice(COLOURS, N)
    score = a / scale + (b - 20) / 20 + (c == "red") + 0.4 * rng.normal(size=N)
    return Truth(a, b, c.tolist(), ["yes" if s > 0.3 else "no" for s in score])


def lines(head: Sequence[str], *columns: Sequence[object], mark: str = ",") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(zip(*columns, strict=True))
    return out.getvalue()


def spelled(values: NDArray[np.float64], point: str = ".", group: str = "", decimals: int = 1) -> list[str]:
    texts = [f"{v:,.{decimals}f}".replace(",", "G").replace(".", point).replace("G", group) for v in values]
    return [t.removeprefix("-") if t.strip("-0,.") == "" else t for t in texts]


def holes(rng: np.random.Generator, t: Truth, marks: Sequence[str], texts: list[str]) -> list[str]:
    """Marks in a tenth of the cells of a, which then are missing."""
    for i in rng.choice(N, N // 10, replace=False):
        texts[i], t.a[i] = str(rng.choice(marks)), np.nan
    return texts


def made(t: Truth, text: str | bytes, name: str = "t.csv", **facts: object) -> Made:
    content = text.encode() if isinstance(text, str) else text
    columns = facts.pop("columns", {"a": t.a, "b": t.b, "c": t.c})
    return Made(name, content, columns, facts.pop("y", t.y), **facts)  # type: ignore[arg-type]


def _marks(name: str, marks: tuple[str, ...], **form: object) -> None:
    def make(rng: np.random.Generator) -> Made:
        t = truth(rng)
        texts = holes(rng, t, marks, spelled(t.a, **form))  # type: ignore[arg-type]
        return made(t, lines("abcy", texts, spelled(t.b, decimals=0), t.c, t.y), said=("count as missing",))

    make.__name__ = name
    kind(make)


_marks("statistical_office_dashes", ("-", "..", ":"))
_marks("laboratory_not_determined", ("n.d.", "nd", "not measured", "NONE"))
_marks("spreadsheet_errors", ("#DIV/0!", "#VALUE!", "#N/A", "#REF!"))
_marks("database_nulls", ("\\N", "(null)", "NuLL"))
_marks("european_decimals", ("k.A.", "--"), point=",", group=".")
_marks("swiss_thousands", ("unknown",), group="'")
_marks("french_thousands", ("N.A.",), point=",", group="\u202f")


def _dressed(name: str, dress: Callable[[float, str], str], *said: str, scale: float = 100.0) -> None:
    def make(rng: np.random.Generator) -> Made:
        t = truth(rng, scale=scale)
        texts = [dress(v, s) for v, s in zip(t.a, spelled(np.abs(t.a), group=","), strict=True)]
        return made(t, lines("abcy", texts, spelled(t.b, decimals=0), t.c, t.y), said=said)

    make.__name__ = name
    kind(make)


_dressed("scale_with_units", lambda v, s: ("-" if v < 0 else "") + s + " kg", "all in kg")
_dressed(
    "accounts_with_parentheses", lambda v, s: f"(${s})" if v < 0 else f"${s}", "read as a number", scale=4000
)
_dressed("shares_in_percent", lambda v, s: ("-" if v < 0 else "") + s + "%", "read as a number")
_dressed("typeset_minus", lambda v, s: ("\u2212" if v < 0 else "") + s, "read as a number")
_dressed("trailing_minus", lambda v, s: s + ("-" if v < 0 else ""), "read as a number")


def write(folder: Path, table: Made) -> Path:
    """Write the file; returns its path."""
    path = folder / table.name
    path.write_bytes(table.content)
    return path
