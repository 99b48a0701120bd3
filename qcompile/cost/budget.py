"""Budgets: limits a user sets, and the verdict on a report, naming what is over and by how much."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from qcompile.cost.rows import CostReport, CostRow
from qcompile.errors import DataError, did_you_mean

# limit -> (quantities that are judged, unit shown, units of the row per unit shown)
LIMITS: Mapping[str, tuple[tuple[str, ...], str, float]] = {
    "max_latency_us": (("latency", "latency_p50"), "us", 1.0),
    "max_energy_uj": (("energy",), "uJ", 1.0),
    "max_size_kb": (("size",), "kB", 1000.0),
    "max_flash_kb": (("flash",), "kB", 1000.0),
    "max_ram_kb": (("ram",), "kB", 1000.0),
}


@dataclass(frozen=True)
class Budget:
    """Limits per row of data; None is no limit. 1 kB is 1000 bytes.

    Raises:
        DataError: a limit is not a positive finite number, or none is given.

    >>> Budget(max_size_kb=12).max_size_kb
    12
    """

    max_latency_us: float | None = None
    max_energy_uj: float | None = None
    max_size_kb: float | None = None
    max_flash_kb: float | None = None
    max_ram_kb: float | None = None

    def __post_init__(self) -> None:
        given = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        for name, value in given.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (number and math.isfinite(value) and value > 0):
                raise DataError(f"{name} is {value!r}; a budget is a positive number.")
        if not given:
            raise DataError(f"the budget is empty; set at least one of {', '.join(LIMITS)}.")


@dataclass(frozen=True)
class Verdict:
    """One limit against one figure, both in ``unit``.

    Attributes:
        limit: name of the limit, such as "max_latency_us".
        budget: the limit.
        expected: the figure.
        high: its upper end, which decides.
        row: where the figure is from; None if the report has no such figure, which is not within.
    """

    limit: str
    unit: str
    budget: float
    expected: float
    high: float
    row: CostRow | None

    @property
    def within(self) -> bool:
        """Whether even the upper end of the interval keeps to the budget."""
        return self.row is not None and self.high <= self.budget

    @property
    def sentence(self) -> str:
        """What is over and by how much, or by how much it is within."""
        if self.row is None:
            return f"{self.limit}: the report has no figure for it, so it cannot be kept."
        of = f" ({self.row.backend})" if self.row.backend else ""
        figure = f"expected {self.expected:.4g} {self.unit}, at most {self.high:.4g} {self.unit}"
        what = f"{self.limit} {self.budget:g}{of}: {figure}, {self.row.origin}"
        if self.within:
            return f"{what}: within, {self.budget - self.high:.4g} {self.unit} to spare."
        over = self.high - self.budget
        doubt = " in the worst case" if self.expected <= self.budget else ""
        return f"{what}: over by {over:.4g} {self.unit} ({100 * over / self.budget:.0f} %){doubt}."


def judge(report: CostReport, budget: Budget, backend: str | None = None) -> tuple[Verdict, ...]:
    """A verdict for every limit of the budget.

    Totals for one row at batch 1 are judged. Without ``backend``, each report's cheapest backend
    by the high end answers: the one a user would deploy.

    >>> row = CostRow("latency", "us", 8, 9, 12, "modelled", "table", "c99")
    >>> judge(CostReport((row,), "m4"), Budget(max_latency_us=10))[0].sentence
    'max_latency_us 10 (c99): expected 9 us, at most 12 us, modelled: over by 2 us (20 %) in the worst case.'
    """
    verdicts = []
    for limit, (quantities, unit, per) in LIMITS.items():
        allowed = getattr(budget, limit)
        if allowed is None:
            continue
        rows = [
            r
            for q in quantities
            for r in report.select(q, operation="total", batch=1)
            if backend is None or r.backend == backend
        ]
        # A measured figure outranks a modelled one of the same backend.
        real = [r for r in rows if r.origin == "measured"] or rows
        row = min(real, key=lambda r: r.high, default=None)
        expected, high = (row.expected / per, row.high / per) if row else (math.nan, math.nan)
        verdicts.append(Verdict(limit, unit, float(allowed), expected, high, row))
    return tuple(verdicts)


def found_here(folder: Path) -> Path | None:
    """The pyproject.toml of a folder if it has a [tool.qcompile.budget] table, else None."""
    path = folder / "pyproject.toml"
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    mine = tool.get("qcompile", {}) if isinstance(tool, dict) else {}
    return path if isinstance(mine, dict) and "budget" in mine else None


def from_toml(path: str | Path, overrides: Mapping[str, float | None] | None = None) -> Budget:
    """Budget from a TOML file: its [tool.qcompile.budget] table, or [budget], or its top level.

    ``overrides`` (the command line's options) win where they are not None. ``max_latency_ms`` is
    understood too.

    Raises:
        DataError: unreadable, no table found in a pyproject.toml, or an unknown key.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"the budget file {path} cannot be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"the budget file {path} cannot be read as TOML: {error}.") from None
    table: Any = raw
    for key in ("tool", "qcompile", "budget"):
        table = table.get(key) if isinstance(table, dict) else None
    if table is None:
        table = raw.get("budget", {} if "project" in raw or "tool" in raw else raw)
    if not isinstance(table, dict):
        raise DataError(f"{path}: the budget is {table!r}; expected a table of {', '.join(LIMITS)}.")
    table = dict(table)
    if "max_latency_ms" in table:
        given_ms = table.pop("max_latency_ms")
        if "max_latency_us" in table:
            raise DataError(f"{path}: max_latency_ms and max_latency_us are both there; keep one.")
        number = isinstance(given_ms, int | float) and not isinstance(given_ms, bool)
        table["max_latency_us"] = 1000 * given_ms if number else given_ms
    for key in table:
        if key not in LIMITS:
            raise DataError(
                f"{path}: {key} is not a limit.{did_you_mean(key, LIMITS)} Limits: {', '.join(LIMITS)}."
            )
    given = {k: v for k, v in (overrides or {}).items() if v is not None}
    return Budget(**{**table, **given})
