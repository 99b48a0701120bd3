"""Predicted against measured latency on this machine, over networks not used in calibration.

    python tests/bench/bench_host_model.py

Forty random networks calibrate six non-negative coefficients (least squares of the relative error),
sixty others are predicted. Every network is timed as a user calls it: the runner of the numba
back-end, one raw row per call, median. Networks are visited in rounds and the smallest median
counts, because other work on the machine only ever adds. Each result is compared with the
interpreter's before anything is timed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from qcompile.backends.numba_cpu import build
from qcompile.cost.count import count
from qcompile.cost.latency import measure
from qcompile.cost.this_machine import machine
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.passes.pipeline import ordered
from qcompile.registry import load
from qcompile.run.host import open_artifact
from qcompile.targets.schema import load_target

CALIBRATED, PREDICTED, ROUNDS = 40, 60, 3
UNITS = ("call", "input", "first-layer mac x bit", "first-layer mac", "first-layer row", "second-layer mac")


def network(seed: int) -> Network:
    """Widths 64 to 2000, 64 to 2000 neurons, 1 to 10 columns, 1 to 8 input bits: all log-uniform."""
    rng = np.random.default_rng(seed)
    ranges = ((64, 2000), (64, 2000), (1, 10.9))
    d, m, columns = (int(np.exp(rng.uniform(np.log(a), np.log(b)))) for a, b in ranges)
    bits = int(rng.choice([1, 2, 4, 8]))
    kind = 1 if bits == 1 else 0
    encoder = Encoder(
        "uniform", bits, [kind] * (d - 1) + [4], [*range(d - 1), 0], *np.full((2, d), 0.5), np.zeros(d - 1)
    )
    u, v = rng.choice([-1, 1], (2, m, d))
    return Network(encoder, u, v, rng.integers(-99, 100, (m, columns)), 1.0, task="regression")


def work(n: Network) -> NDArray[np.float64]:
    """Units of work of one row, in the order of UNITS."""
    counts = {c.operation: c for c in count(lower(n))}
    dots = [counts["tu"], counts["tv"]]
    return np.array([
        1, n.width, sum(c.macs * c.code_bits for c in dots), sum(c.macs for c in dots),
        sum(c.rows for c in dots), counts["scores"].macs,
    ], dtype=np.float64)  # fmt: skip


def prepared(n: Network, row: NDArray[np.float32]) -> Any:
    """The network on the compiled kernels, one row compared with the interpreter.

    The passes run without their own check against the interpreter, which takes seconds.
    """
    host, program = load_target("host"), lower(n)
    for name in ordered():
        program = load("qcompile.passes", name).run(program, host)
    runner = open_artifact(build(program, host))
    assert (runner.scores(row) == interpret(program, row)["scores"]).all()
    return runner


def timed(runners: list[Any], rows: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Microseconds of one row: the smallest of the medians of several rounds over all networks."""
    best = np.full(len(runners), np.inf)
    for _ in range(ROUNDS):
        for k, (runner, x) in enumerate(zip(runners, rows, strict=True)):
            p50 = measure([runner], x, batches=(1,), seconds_per=0.02, min_calls=30)[0].expected
            best[k] = min(best[k], p50)
    return best


def line(name: str, error: NDArray[np.float64]) -> str:
    """A row of the table: how many, the share within 15 %, and the spread."""
    within = np.mean(np.abs(error) <= 0.15)
    low, mid, high = (f"{100 * e:+.0f} %" for e in np.quantile(error, [0.05, 0.5, 0.95]))
    return f"| {name} | {len(error)} | {100 * within:.0f} % | {low} | {mid} | {high} |"


def main() -> None:
    """Print the errors, and the coefficients that this run's calibration found."""
    networks = [network(seed) for seed in range(CALIBRATED + PREDICTED)]
    rng = np.random.default_rng(0)
    rows = [rng.random((1, n.encoder.features)).astype(np.float32) for n in networks]
    runners = [prepared(n, x) for n, x in zip(networks, rows, strict=True)]
    best = timed(runners, rows)
    features = np.stack([work(n) for n in networks])
    train, test = slice(0, CALIBRATED), slice(CALIBRATED, None)
    solution, _ = nnls(features[train] / best[train, None], np.ones(CALIBRATED))
    predicted = features[test] @ solution
    error = predicted / best[test] - 1
    beyond = (predicted - solution[0]) / (best[test] - solution[0]) - 1  # the call's own time taken off
    large = best[test] >= 2 * solution[0]
    print(
        f"{machine().processor}. One row through the compiled kernels, called from Python: "
        f"{best[test].min():.1f} to {best[test].max():.1f} us, the call itself {solution[0]:.2f} us.\n"
    )
    print("| networks not used in calibration | number | within 15 % | error at 5 % | median | at 95 % |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(line("all", error))
    print(line("those that take at least twice the call", error[large]))
    print(line("the same, the call's time taken off both", beyond[large]))
    parts = ", ".join(f"{1e3 * v:.4g} ns per {u}" for u, v in zip(UNITS, solution, strict=True))
    print(f"\nCalibrated in the same run on {CALIBRATED} other networks: {parts}.")


if __name__ == "__main__":
    main()
