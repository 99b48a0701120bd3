"""Predicted against published MLPerf Tiny figures: calibrate on some boards, report the others.

    python tests/bench/bench_mlperf_tiny.py

The anomaly-detection network (640-128x4-8-128x4-640, int8) is built with these shapes and random
weights, compiled by the C back-end with its int8 kernel, counted in the emulator, and priced by the
target's table without calibration. One factor, published over priced cycles, is all that is
calibrated: for each board from the other chips. Energy needs the board's power, which no other board
tells: it is taken from the same board's other networks (keyword spotting, images, wake words), so
the network is held out, not the board. Published: MLPerf Tiny v1.1 closed, median energy run,
mlcommons/tiny_results_v1.1 at c32ef94.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.c99.build import build
from qcompile.cost.counted import counted
from qcompile.cost.rows import CostReport
from qcompile.ir.ops import Dot, Input, Op, Threshold
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.targets.schema import load_target

LAYERS = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640)
# board, target, submitter and software, ms, uJ (None: latency only), (ms, uJ) of its other networks
PUBLISHED = (
    ("NUCLEO-L4R5ZI 1.8 V", "cortex-m4", "ST, X-CUBE-AI", 6.86, 294.0,
     ((62.9, 2833), (118.7, 5618))),
    # the same chip as above at another voltage: never used to calibrate it
    ("NUCLEO-L4R5ZI 3.0 V", "cortex-m4-3v0", "Krai, X-CUBE-AI", 7.58, 529.0,
     ((72.7, 5482), (222, 17315), (221, 16573))),
    ("NUCLEO-U575ZI-Q", "cortex-m33", "ST, X-CUBE-AI", 4.85, 121.0,
     ((38.6, 1004), (128, 3384), (71.6, 1921))),
    ("NUCLEO-H7A3ZI-Q", "cortex-m7", "ST, X-CUBE-AI", 1.82, 221.0,
     ((15.4, 1869), (51.9, 6311), (29.6, 3699))),
    ("NUCLEO-G0B1RE", "cortex-m0plus", "Bosch, HALE", 46.5, None, ()),
)  # fmt: skip

# The same network on the same cores by other software: target, submitter, cycles per MAC.
OTHER_SOFTWARE = (
    ("cortex-m4", "Bosch", 2.57), ("cortex-m4", "Plumerai", 1.84), ("cortex-m33", "Plumerai", 2.22),
    ("cortex-m7", "Plumerai", 1.43),
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


def priced(name: str, program: Program, row: NDArray[np.int64]) -> tuple[float, float, CostReport]:
    """Cycles and instructions without calibration, and the report that a user of the target sees."""
    target = load_target(name)
    artifact = build(program, target, kernel="int8")
    shown = counted(artifact, target, row)
    plain = replace(target, cycles={k: v for k, v in target.cycles.items() if k != "scale"})
    (cycles,) = counted(artifact, plain, row).select("cycles", operation="total")
    (instructions,) = shown.select("instructions", operation="total")
    return cycles.expected, instructions.expected, shown


def interval(report: CostReport, quantity: str, per: float) -> tuple[str, float, float]:
    """A total's interval as text, with its ends."""
    (row,) = report.select(quantity, operation="total")
    low, high = row.low / per, row.high / per
    return f"{low:.3g} to {high:.3g}", low, high


def main() -> None:
    """Print the table of held-out boards, and what other software does on the same cores."""
    program = anomaly_detector()
    row = np.random.default_rng(1).integers(0, 256, LAYERS[0])
    macs = sum(d * m for d, m in pairwise(LAYERS))
    found = {board: priced(name, program, row) for board, name, *_ in PUBLISHED}
    clock = {board: load_target(name).clock_mhz.expected for board, name, *_ in PUBLISHED}
    ratio = {board: ms * 1e3 * clock[board] / found[board][0] for board, _, _, ms, _, _ in PUBLISHED}
    print("| board | published by | ms | predicted | error | shown | uJ | predicted | error | shown |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    late, strong, inside = [], [], []
    for board, _, who, ms, uj, rest in PUBLISHED:
        others = [np.log(r) for b, r in ratio.items() if b.split()[0] != board.split()[0]]
        latency = float(np.exp(np.mean(others))) * found[board][0] / clock[board] * 1e-3
        late.append(latency / ms - 1)
        text, low, high = interval(found[board][2], "latency", 1e3)
        inside.append(low <= ms <= high)
        cells = [board, who, f"{ms}", f"{latency:.2f}", f"{100 * late[-1]:+.0f} %", text]
        if uj is None:
            cells += ["-"] * 4
        else:
            pj = float(np.mean([e * 1e3 / (t * clock[board]) for t, e in rest]))
            energy = latency * clock[board] * pj * 1e-3
            strong.append(energy / uj - 1)
            text, low, high = interval(found[board][2], "energy", 1)
            inside.append(low <= uj <= high)
            cells += [f"{uj:.0f}", f"{energy:.0f}", f"{100 * strong[-1]:+.0f} %", text]
        print(f"| {' | '.join(cells)} |")
    print(
        f"\nA board's prediction is calibrated on the other chips only. Latency: "
        f"{sum(abs(e) <= 0.15 for e in late)} of {len(late)} within 15 %; energy: "
        f"{sum(abs(e) <= 0.20 for e in strong)} of {len(strong)} within 20 %, with the board's power from "
        f"its other networks. {sum(inside)} of {len(inside)} published figures lie in the interval that "
        "users are shown."
    )
    print(
        "\nThe published software is not this compiler's, so the factor calibrated holds its kernels as well "
        "as the memory system, and no run of this compiler's code on a board stands behind the table. How "
        "much software alone can change, in cycles per multiply-accumulate of the same network on the same "
        "core:\n"
    )
    print("| core | this compiler, priced | calibrated | published by the vendor | by others |")
    print("| --- | --- | --- | --- | --- |")
    for board, name, _, ms, _, _ in (p for p in PUBLISHED if p[1] in {o[0] for o in OTHER_SOFTWARE}):
        cycles = found[board][0] / macs
        scale = load_target(name).cycles["scale"].expected
        rest = ", ".join(f"{who} {c}" for core, who, c in OTHER_SOFTWARE if core == name)
        vendor = ms * 1e3 * clock[board] / macs
        print(f"| {name} | {cycles:.2f} | {scale * cycles:.2f} | {vendor:.2f} | {rest} |")
    mean = float(np.exp(np.mean([np.log(r) for r in ratio.values()])))
    told = ", ".join(f"{r:.3f}" for r in ratio.values())
    print(f"\nFactors in the order of the boards: {told}; their geometric mean {mean:.3f} is cycles.scale.")


if __name__ == "__main__":
    main()
