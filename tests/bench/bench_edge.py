"""Instructions per multiply-accumulate of the generated C on every core that an emulator here serves.

    python tests/bench/bench_edge.py [TARGET ...] | tee edge.txt
    python tests/bench/publish.py edge < edge.txt

One network of each input width (d = 784, m = 512, binary weights: 802,816 multiply-accumulates), compiled
for the target, checked bit for bit against the interpreter, and one row counted exactly: the whole
call, from raw floats to the score, encoder included. ``int8`` is the int8 loop of the same back-end for
the same core on the same codes (SMLAD with the DSP extension, SMULL or SDOT on AArch64, else plain C).
WebAssembly counts are wasmtime's fuel, in which pushing a local is an instruction too.
"""

from __future__ import annotations

import sys

import numpy as np

from qcompile.backends.c99.build import build
from qcompile.cost.counted import counted
from qcompile.errors import UnsupportedError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.program import Program
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.passes.pipeline import optimise
from qcompile.registry import load, names
from qcompile.targets.schema import Target, load_target

D, M, BITS = 784, 512, (1, 4, 8)
BARS = {"cortex-m4": 0.30, "cortex-m0plus": 0.50, "cortex-a53": 0.045}  # at 1 bit
RUNNERS = ("unicorn", "qemu", "wasm")


def network(bits: int) -> Program:
    """Binary bilinear network on ``bits``-bit inputs, one score."""
    rng = np.random.default_rng(0)
    kinds, features = [0] * (D - 1) + [4], [*range(D - 1), 0]
    encoder = Encoder("uniform", bits, kinds, features, np.zeros(D), np.full(D, 2**bits - 1), np.zeros(D - 1))
    u, v = rng.choice([-1, 1], (2, M, D))
    return lower(Network(encoder, u, v, rng.integers(-127, 128, (M, 1)), 1.0, task="regression"))


def per_mac(program: Program, target: Target, kernel: str) -> tuple[float, str, str]:
    """Instructions per MAC of one row, the kernel, and with what it was counted; exact or an error."""
    fast, _ = optimise(program, target)
    artifact = build(fast, target, kernel=kernel)
    x = np.random.default_rng(1).random((2, D - 1)).astype(np.float32)
    runner = load("qcompile.run", target.runner).open_artifact(artifact, target)
    if not (runner.scores(x) == interpret(program, x)["scores"]).all():
        raise SystemExit(f"{target.name}, {kernel}: scores differ from the interpreter.")
    (total,) = counted(artifact, target, x[0]).select("instructions", operation="total")
    (chosen,) = set(artifact.provenance["kernels"].values())
    return total.expected / (2 * D * M), chosen, f"{runner.version.split('(')[0].strip()}"


def main() -> None:
    """Print one row per target."""
    wanted = sys.argv[1:] or [
        n for n in names("qcompile.targets", ".toml") if load_target(n).runner in RUNNERS
    ]
    programs = {bits: network(bits) for bits in BITS}
    print(f"Instructions per MAC, d = {D}, m = {M}, binary weights; raw floats to score, counted exactly.\n")
    print("| target | 1 bit | 4 bits | 8 bits | int8, 4 bits | int8, 8 bits | counted by |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    missed = []
    for name in wanted:
        target = load_target(name)
        try:
            chosen = {bits: per_mac(programs[bits], target, "auto") for bits in BITS}
            int8 = {bits: per_mac(programs[bits], target, "int8") for bits in BITS[1:]}
        except UnsupportedError as error:
            print(f"| {name} | | | | | | not run: {error} |", flush=True)
            continue
        cells = [f"{n:.4f} {kernel}" for n, kernel, _ in chosen.values()]
        cells += [f"{n:.4f}" for n, _, _ in int8.values()]
        print(f"| {name} | {' | '.join(cells)} | {chosen[1][2]} |", flush=True)
        if chosen[1][0] > BARS.get(name, np.inf):
            missed.append(f"{name}: {chosen[1][0]:.4f} at 1 bit, wanted at most {BARS[name]}")
        missed += [
            f"{name}: {chosen[b][0]:.4f} at {b} bits, int8 loop {int8[b][0]:.4f}"
            for b in BITS[1:]
            if chosen[b][0] > int8[b][0]
        ]
    bars = ", ".join(f"{name} {bar}" for name, bar in BARS.items())
    print(f"\nWanted at 1 bit, at most: {bars}; at 4 and 8 bits never more than int8. Missed: ", end="")
    print("; ".join(missed) or "none", end=".\n")


if __name__ == "__main__":
    main()
