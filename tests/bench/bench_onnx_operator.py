"""The custom operator against the packed graph, both inside ONNX Runtime, and the kernel without it.

    python tests/bench/bench_onnx_operator.py

The 784-512-10 binary network of random weights, inputs of 1 to 8 bits. Scores are compared first; then the
three take turns in one process, one thread; medians in microseconds per call.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.networks import random_network, random_rows

from qcompile.backends import numba_cpu
from qcompile.backends.onnx.build import build
from qcompile.cost.latency import measure
from qcompile.cost.this_machine import machine
from qcompile.ir.lower import lower
from qcompile.passes.pipeline import optimise
from qcompile.run import host, onnxruntime


class Named:
    """A runner under another name."""

    def __init__(self, runner, name):
        self.scores, self.name = runner.scores, name


def main() -> None:
    """Print the table."""
    facts = machine()
    print(f"{facts.processor}, one thread.\n")
    print(
        "| input bits | rows per call | packed graph us | custom operator us "
        "| packed / custom | kernel alone us |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for bits in (1, 4, 8):
        network = random_network(bits, bits=bits, columns=10, d=784, m=512)
        program = lower(network)
        runners = [
            Named(onnxruntime.open_artifact(build(program)), "packed"),
            Named(onnxruntime.open_artifact(build(program, option="custom")), "custom"),
            Named(host.open_artifact(numba_cpu.build(optimise(program)[0])), "host"),
        ]
        x = random_rows(0, network.encoder, 64).astype(np.float32)
        expected = runners[0].scores(x)
        for runner in runners[1:]:
            assert np.array_equal(runner.scores(x), expected), runner.name
        rows = measure(runners, x, (1, 64), 0.5)
        for batch in (1, 64):
            p50 = {r.backend: r.expected for r in rows if r.quantity == "latency_p50" and r.batch == batch}
            print(
                f"| {bits} | {batch} | {p50['packed']:.1f} | {p50['custom']:.1f} | "
                f"{p50['packed'] / p50['custom']:.1f} | {p50['host']:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
