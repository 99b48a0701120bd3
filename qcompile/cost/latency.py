"""Latency measured on this machine: all runners interleaved, percentiles per call.

The machine's speed drifts, so contestants take turns in short bursts; a percentile's interval
is the distribution-free one from order statistics, so a short run shows a wide interval.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qcompile.cost.rows import CostRow
from qcompile.errors import DataError

PERCENTILES = (50, 90, 99)
BURST_S = 0.01


class Scorer(Protocol):
    """What is timed: anything with a name that scores rows."""

    @property
    def name(self) -> str:
        """Backend name of the rows."""
        ...

    def scores(self, x: NDArray[Any]) -> NDArray[Any]:
        """Scores of a batch."""
        ...


def measure(
    runners: Sequence[Scorer],
    x: NDArray[Any],
    batches: Sequence[int] = (1, 16, 256),
    seconds_per: float = 0.25,
    min_calls: int = 20,
) -> tuple[CostRow, ...]:
    """Microseconds per call of every runner at every batch size.

    Args:
        runners: timed in turn, in bursts of about 10 ms.
        x: (n, features) raw rows, repeated where a batch is larger than n.
        batches: rows per call.
        seconds_per: measuring time of one runner at one batch size.
        min_calls: calls that are made even if they take longer.

    Returns:
        Rows "latency_p50", "latency_p90", "latency_p99" in "us", origin "measured".

    Raises:
        DataError: x has no rows.
    """
    if not len(x):
        raise DataError("latency needs at least one row to time.")
    rows: list[CostRow] = []
    for batch in batches:
        block = np.ascontiguousarray(np.resize(np.asarray(x), (batch, *np.shape(x)[1:])))
        times = _interleave(runners, block, seconds_per, min_calls)
        for runner in runners:
            rows += _percentiles(runner.name, batch, times[id(runner)])
    return tuple(rows)


def _interleave(
    runners: Sequence[Scorer], block: NDArray[Any], seconds: float, min_calls: int
) -> Mapping[int, list[int]]:
    times: dict[int, list[int]] = {id(r): [] for r in runners}
    spent = dict.fromkeys(times, 0)
    for runner in runners:  # warm-up: compilation, caches, page faults
        runner.scores(block)
        runner.scores(block)
    waiting = list(runners)
    while waiting:
        for runner in waiting:
            burst = 0
            while burst < BURST_S * 1e9:
                start = time.perf_counter_ns()
                runner.scores(block)
                elapsed = time.perf_counter_ns() - start
                times[id(runner)].append(elapsed)
                burst += max(elapsed, 1)
            spent[id(runner)] += burst
        waiting = [r for r in waiting if spent[id(r)] < seconds * 1e9 or len(times[id(r)]) < min_calls]
    return times


def percentile_interval(ordered: NDArray[Any], percent: float) -> tuple[float, float, float]:
    """A percentile and its 95 % interval from order statistics, in the samples' unit.

    The number of samples below the true percentile is binomial(n, p), so ranks
    n p -+ 1.96 sqrt(n p (1 - p)) enclose it whatever the distribution is.

    >>> percentile_interval(np.arange(101), 50)
    (40.0, 50.0, 60.0)
    """
    n, p = len(ordered), percent / 100
    middle, half = p * (n - 1), 1.96 * math.sqrt(n * p * (1 - p))
    ranks = (math.floor(middle - half), round(middle), math.ceil(middle + half))
    low, mid, high = (float(ordered[min(n - 1, max(0, r))]) for r in ranks)
    return low, mid, high


def _percentiles(name: str, batch: int, times_ns: list[int]) -> list[CostRow]:
    ordered = np.sort(np.asarray(times_ns, dtype=np.float64)) / 1000.0
    source = f"perf_counter around each of {len(ordered)} calls on this machine, backends interleaved"
    return [
        CostRow(
            f"latency_p{p}", "us", *percentile_interval(ordered, p), "measured", source, name, "total", batch
        )
        for p in PERCENTILES
    ]
