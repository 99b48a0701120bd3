"""Cycle tables against published MLPerf Tiny figures: calibrate on some boards, report the others.

    python tests/bench/bench_mlperf_tiny.py

The anomaly-detection network (640-128x4-8-128x4-640, int8) is built with these shapes and random
weights, compiled by the C back-end with its int8 kernel, counted in the emulator, and priced by the
target's table without calibration. ``ratio`` = published cycles / priced cycles: what the memory
system and the submitter's own software add. Published: MLPerf Tiny v1.1 closed, median energy run,
mlcommons/tiny_results_v1.1 at c32ef94.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from qcompile.backends.c99 import build
from qcompile.cost.machine import counted
from qcompile.cost.target import load_target
from qcompile.ir.ops import Dot, Input, Op, Threshold
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType

LAYERS = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640)
# board, target, submitter, ms, uJ (None: latency only), (ms, uJ) of the submitter's other networks
PUBLISHED = (
    ("NUCLEO-L4R5ZI 1.8 V", "cortex-m4", "STMicroelectronics", 6.86, 294.0, ((62.9, 2833), (118.7, 5618))),
    # the same chip as above at another voltage: never used to calibrate it
    ("NUCLEO-L4R5ZI 3.0 V", "cortex-m4-3v0", "Krai", 7.58, 529.0, ((72.7, 5482), (222, 17315), (221, 16573))),
    ("NUCLEO-U575ZI-Q", "cortex-m33", "STMicroelectronics", 4.85, 121.0,
     ((38.6, 1004), (128, 3384), (71.6, 1921))),
    ("NUCLEO-H7A3ZI-Q", "cortex-m7", "STMicroelectronics", 1.82, 221.0,
     ((15.4, 1869), (51.9, 6311), (29.6, 3699))),
    ("NUCLEO-G0B1RE", "cortex-m0plus", "bosch", 46.5, None, ()),
)  # fmt: skip


def anomaly_detector(seed: int = 0) -> Program:
    """The shapes of the reference network; activations are four-bit codes held in bytes."""
    rng = np.random.default_rng(seed)
    ops: list[Op] = [Input("x", ValueType("u", 8, LAYERS[0]))]
    for k, (d, m) in enumerate(pairwise(LAYERS)):
        weight = rng.integers(-127, 128, (m, d))
        ops.append(Dot(f"t{k}", ValueType("i", 32, m), ops[-1].result, weight))
        if k + 2 < len(LAYERS):
            spread = np.abs(weight).sum(axis=1)[:, None]
            levels = (np.linspace(-0.4, 0.4, 15) * spread * 8).astype(np.int64)
            ops.append(Threshold(f"a{k}", ValueType("u", 4, m), f"t{k}", levels, np.ones(m)))
    return Program("anomaly", tuple(ops), {"scores": ops[-1].result})


def main() -> None:
    """Print the table of every board and the leave-one-board-out errors."""
    program = anomaly_detector()
    row = np.random.default_rng(1).integers(0, 256, LAYERS[0])
    macs = sum(d * m for d, m in pairwise(LAYERS))
    print(f"{macs} MACs; priced with scale = 1")
    ratios: dict[str, float] = {}
    for board, name, who, ms, _, _ in PUBLISHED:
        target = load_target(name)
        plain = replace(target, cycles={k: v for k, v in target.cycles.items() if k != "scale"})
        report = counted(build(program, plain, kernel="int8"), plain, row)
        (cycles,) = report.select("cycles", operation="total")
        (instructions,) = report.select("instructions", operation="total")
        published = ms * 1e3 * target.clock_mhz.expected
        ratios[board] = published / cycles.expected
        print(
            f"{board:20s} {who:20s} {instructions.expected / macs:6.2f} insn/MAC, cycles/MAC: priced "
            f"{cycles.expected / macs:.2f} [{cycles.low / macs:.2f}, {cycles.high / macs:.2f}], published "
            f"{published / macs:.2f}, ratio {ratios[board]:.3f}"
        )
    print("\ncalibrated on the other chips (geometric mean of their ratios):")
    for board, name, _, ms, uj, rest in PUBLISHED:
        others = [np.log(r) for b, r in ratios.items() if b.split()[0] != board.split()[0]]
        scale = float(np.exp(np.mean(others)))
        latency = ms * scale / ratios[board]
        text = f"{board:20s} {latency:6.2f} ms, published {ms} ms, error {100 * (latency / ms - 1):+.0f} %"
        if uj is not None:
            # pJ per cycle from this board's other networks only: power is the board's, not the network's.
            clock = load_target(name).clock_mhz.expected
            pj = float(np.mean([e * 1e3 / (t * clock) for t, e in rest]))
            energy = latency * clock * pj * 1e-3
            text += f"; {energy:.0f} uJ at {pj:.0f} pJ/cycle, published {uj:.0f} uJ"
            text += f", error {100 * (energy / uj - 1):+.0f} %"
        print(text)


if __name__ == "__main__":
    main()
