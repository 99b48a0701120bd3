"""CostRow and CostReport: a number with its unit, its interval and its origin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ORIGINS = ("measured", "modelled", "quoted")


@dataclass(frozen=True)
class CostRow:
    """One figure of a report.

    Attributes:
        quantity: "latency", "latency_p50" (p90, p99), "energy", "cycles", "instructions", "size",
            "flash" (of it "text" and "rodata"), "ram" (of it "data", "scratch", "stack"), "macs".
        unit: "us", "uJ", "cycles", "instructions", "B", "MAC".
        low: of the interval.
        expected: the figure itself.
        high: of the interval; budgets are judged by it.
        origin: "measured" (here, by running), "modelled" (computed) or "quoted" (someone else's).
        source: the instrument, the file, or the publication.
        backend: "numba_cpu", "onnx_graph", "c99", or "" where it does not matter.
        operation: the IR value the figure is of, or "total".
        batch: rows per call.

    Raises:
        ValueError: low <= expected <= high does not hold, or the origin is not one of the three.
    """

    quantity: str
    unit: str
    low: float
    expected: float
    high: float
    origin: str
    source: str
    backend: str = ""
    operation: str = "total"
    batch: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.expected <= self.high:
            raise ValueError(
                f"{self.quantity}: {self.low} <= {self.expected} <= {self.high} does not hold from 0 upwards."
            )
        if self.origin not in ORIGINS:
            raise ValueError(f"origin is {self.origin!r}, allowed: {', '.join(ORIGINS)}.")
        if not self.source:
            raise ValueError(f"{self.quantity} has no source; every figure says where it is from.")

    @property
    def interval(self) -> Interval:
        """The figure without what it is a figure of."""
        return Interval(self.low, self.expected, self.high, self.unit, self.origin, self.source)


@dataclass(frozen=True)
class Interval:
    """A figure on its own: its interval, unit, origin and source."""

    low: float
    expected: float
    high: float
    unit: str
    origin: str
    source: str


@dataclass(frozen=True)
class CostReport:
    """The figures of one program on one target.

    >>> row = CostRow("size", "B", 9, 9, 9, "measured", "bytes of model.onnx", "onnx_graph")
    >>> CostReport((row,), "host").select("size", backend="onnx_graph")[0].expected
    9
    """

    rows: tuple[CostRow, ...]
    target: str

    def select(self, quantity: str, **fields: Any) -> tuple[CostRow, ...]:
        """Rows of a quantity whose other fields are as given, in order."""
        return tuple(
            r
            for r in self.rows
            if r.quantity == quantity and all(getattr(r, k) == v for k, v in fields.items())
        )

    def total(self, quantity: str) -> CostRow | None:
        """The total of one row at batch 1; of several back-ends, the quickest or smallest.

        A measured median stands for the latency.
        """
        rows = self.select(quantity, operation="total", batch=1)
        if quantity == "latency":
            rows = self.select("latency_p50", batch=1) or rows
        return min(rows, key=lambda r: r.expected, default=None)


def merge(target: str, *parts: Iterable[CostRow]) -> CostReport:
    """One report of several groups of rows, in the given order."""
    return CostReport(tuple(row for part in parts for row in part), target)
