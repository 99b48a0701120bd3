"""Is the chosen method the fastest, what does a call cost, and when do threads pay?

    python tests/bench/benchchoose.py [--isa avx2]

Every method of a point of the grid runs in turn, in bursts; the minimum counts. The choice is asked
to be within 10 % of the best (geometric mean), a host call within 2 us of its kernel.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from bench_kernels import geomean, network, ours, race

from qcompile.kernels import method as methods
from qcompile.kernels.fused import choose
from qcompile.kernels.fused import network as fused_network
from qcompile.kernels.simd.isa import current
from qcompile.run import host

SIZES = ((16, 16), (64, 32), (256, 128), (784, 128), (784, 1024), (3072, 512))


def grid(isa: str) -> None:
    print("| d | m | batch | bits | chosen | fastest | chosen / fastest |\n" + "|---" * 7 + "|")
    ratios = []
    for d, m in SIZES:
        for bits in (1, 2, 4, 8):
            form = network(np.random.default_rng(d), d, m, bits)
            for batch in (1, 64):
                x = np.random.default_rng(1).standard_normal((batch, d - 1)).astype(np.float32)
                calls = {
                    name: ours(form, x, isa, name)[0]
                    for name in methods.names()
                    if isa in methods.load(name).isas and bits <= methods.load(name).max_bits
                }
                times = race(calls)
                chosen = choose.choose(form, current(isa), batch).method
                best = min(times, key=times.__getitem__)
                ratios.append(times[chosen] / times[best])
                print(f"| {d} | {m} | {batch} | {bits} | {chosen} | {best} | {ratios[-1]:.2f} |", flush=True)
    verdict = "met" if geomean(ratios) <= 1.10 else "NOT MET"
    print(f"Geometric mean {geomean(ratios):.3f}, worst {max(ratios):.2f} (asked 1.10: {verdict})")


def calls() -> None:
    """The whole host call of one row beside its kernel alone."""
    rng = np.random.default_rng(0)
    for d, m in ((16, 16), (784, 128)):
        form = network(rng, d, m, 4)
        x = rng.standard_normal((1, d - 1)).astype(np.float32)
        state, out = fused_network.pack(form), np.zeros((1, 1), np.int64)
        bound = state.function(False)
        compute = host.bound(fused_network.KERNEL, form, state)
        times = race({"host call": lambda: compute(x), "kernel": lambda: bound.native.call(x, out)})
        over = times["host call"] - times["kernel"]
        print(f"d {d}, m {m}, one row: host call {times['host call']:.2f} us, kernel {times['kernel']:.2f} us, "
              f"over it {over:.2f} us (asked 2: {'met' if over < 2 else 'NOT MET'})")  # fmt: skip


def threads() -> None:
    """Batches on one thread and on all."""
    rng = np.random.default_rng(0)
    form = network(rng, 784, 512, 8)
    state = fused_network.pack(form)
    for batch in (64, 256, 1024, 4096):
        x, out = rng.standard_normal((batch, 783)).astype(np.float32), np.zeros((batch, 1), np.int64)
        bound = state.function(True)
        times = race(
            {
                "one": lambda: bound.native.call(x, out),
                "run": lambda: fused_network.run(state, x, out),
            }
        )
        used = "threads" if batch >= state.large else "one thread"
        print(f"784 x 512, {batch} rows: one thread {times['one']:.0f} us, as run ({used}, {len(os.sched_getaffinity(0))} cores) "
              f"{times['run']:.0f} us, {times['one'] / times['run']:.2f}x")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--isa", default=None)
    name = current(parser.parse_args().isa).name
    cores = os.sched_getaffinity(0)
    threads()
    os.sched_setaffinity(0, {max(cores)})
    calls()
    grid(name)
