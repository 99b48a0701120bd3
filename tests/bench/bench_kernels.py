"""Fused kernels against ONNX Runtime: verify first, then time, interleaved, one pinned thread.

    python tests/bench/bench_kernels.py [--quick] [--isa avx2] [--part small]

Every contestant of a shape runs in turn, in bursts; the minimum over the rounds counts, so that
other work on the machine slows nobody in particular. ONNX Runtime is the best of static
QuantizeLinear + MatMulInteger, DynamicQuantizeLinear + MatMulInteger and QDQ, and float32.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import platform
import sys

if "avx2" in sys.argv:  # else Numba would use whatever else this CPU has, population counts first of all
    os.environ |= {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}

import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import ort_forms
import peaks

from qcompile.kernels import method as methods
from qcompile.kernels.contract import Dot, TwoLayer, dot_reference, two_layer_reference
from qcompile.kernels.fused import network as fused_network
from qcompile.kernels.fused.dot import fill, pack
from qcompile.kernels.simd.isa import current
from qcompile.model.encoder import Encoder

SHAPES = [(d, m) for d in (784, 1024, 3072) for m in (128, 512, 2048)]
SMALL = [(d, m) for d in (16, 64, 128) for m in (16, 64, 128)]
ROUNDS, BURST_S = 17, 0.003
GOALS = {(1, 8): (4, 6), (1, 4): (5.5, 9), (1, 1): (5.5, 9), (16, 8): (2.2, 3.5), (256, 8): (2.8, 4),
         (256, 4): (3.8, 5.5), (256, 1): (5, 8)}  # fmt: skip


def network(rng, d, m, bits):
    """Signs, alpha of 8 bits, d - 1 features on a uniform grid and the constant."""
    top, step = (1 << bits) - 1, 6.0 / (1 << bits)
    kind = [0] * (d - 1) + [4]
    shift, gain = np.full(d, -3.0), np.full(d, 1 / step)
    encoder = Encoder("uniform", bits, kind, [*range(d - 1), 0], shift, gain, np.zeros(d - 1))
    u, v = (rng.choice([-1, 1], (m, d)).astype(np.int64) for _ in range(2))
    alpha = rng.integers(-127, 128, (1, m)).astype(np.int64)
    bound = (top * d) ** 2
    two = np.full(m, 2)
    return TwoLayer(
        encoder, u, two, -top * u.sum(1), v, two, -top * v.sum(1), (1, 0, 0), alpha,
        np.ones(1, np.int64), np.zeros(1, np.int64), top * d, bound, int(np.abs(alpha).sum()) * bound,
    )  # fmt: skip


def burst(call) -> float:
    """Seconds per call over a few milliseconds."""
    began, count = time.perf_counter(), 0
    while True:
        call()
        count += 1
        passed = time.perf_counter() - began
        if passed > BURST_S and count >= 2:
            return passed / count


def race(calls: dict) -> dict[str, float]:
    """Microseconds of each call: interleaved rounds, the minimum."""
    best = dict.fromkeys(calls, np.inf)
    for call in calls.values():
        call()
    for _ in range(ROUNDS):
        for name, call in calls.items():
            best[name] = min(best[name], burst(call))
    return {name: 1e6 * seconds for name, seconds in best.items()}


def ours(form, x, isa, method=None):
    """A checked call of the fused kernel."""
    state = fused_network.pack(form, isa=isa, method=method)
    out = np.zeros((len(x), 1), np.int64)
    fused_network.run(state, x, out)
    np.testing.assert_array_equal(out[:8], two_layer_reference(form, x[:8]))
    np.testing.assert_array_equal(out[-2:], two_layer_reference(form, x[-2:]))
    bound = state.function(len(x) >= fused_network.BATCH)
    return (lambda: bound.native.call(x, out)), bound.method


def shape_row(rng, d, m, batch, isa, widths):
    """Times of one shape, and the method used for each width of the codes."""
    x = rng.standard_normal((batch, d - 1)).astype(np.float32)
    calls, methods = {}, {}
    for bits in widths:
        form = network(rng, d, m, bits)
        calls[f"{bits}"], methods[f"{bits}"] = ours(form, x, isa)
    wide = np.concatenate([x, np.ones((batch, 1), np.float32)], axis=1)
    rivals = ort_forms.bilinear(form.u, form.v, form.alpha[0] / 127, wide, 6 / 256, 128)
    expected = ((wide @ form.u.T) * (wide @ form.v.T)) @ (form.alpha[0] / 127)
    for name, call in rivals.items():
        call()
        error = np.abs(call.result()[:, 0] - expected).max() / np.abs(expected).max()
        if batch > 1 and error > (1e-4 if name == "fp32" else 0.3):
            raise AssertionError(f"ONNX Runtime {name} computes another network: {error:.2g}")
    times = race(calls | rivals)
    times["int8"] = min(times[name] for name in rivals if name != "fp32")
    return times, methods


def geomean(values) -> float:
    return float(np.exp(np.mean(np.log(list(values)))))


def fused_tables(isa, peak, quick):
    widths = (8, 4, 1)
    print("| d | m | batch | ORT fp32 us | ORT int8 us | 8-bit us | 4-bit us | 1-bit us | int8 / 8-bit | / 4-bit | / 1-bit "
          "| fp32 / 8-bit | best share of its peak |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    found = {}
    for batch in (1, 16, 256):
        for d, m in SHAPES[:: 4 if quick else 1]:
            times, methods = shape_row(np.random.default_rng(d + m), d, m, batch, isa, widths)
            ratio = {w: times["int8"] / times[f"{w}"] for w in widths}
            rate = {
                w: 2e-3 * d * m * batch / times[f"{w}"] * (w if methods[f"{w}"] == "popcount" else 1)
                for w in widths
            }
            share = max(rate[w] / peak[methods[f"{w}"]] for w in widths)
            found[batch, d, m] = ratio, times["fp32"] / times["8"], share
            print(f"| {d} | {m} | {batch} | {times['fp32']:.1f} | {times['int8']:.1f} | "
                  + " | ".join(f"{times[f'{w}']:.2f}" for w in widths) + " | "
                  + " | ".join(f"{ratio[w]:.2f}" for w in widths)
                  + f" | {times['fp32'] / times['8']:.1f} | {100 * share:.0f} % |", flush=True)  # fmt: skip
    print(
        "\n| batch | codes | geomean x ORT int8 | least | most | asked / reach for |\n|---|---|---|---|---|---|"
    )
    for batch in (1, 16, 256):
        for w in widths:
            r = [one[0][w] for (b, *_), one in found.items() if b == batch]
            goal = GOALS.get((batch, w))
            text = (
                ""
                if goal is None
                else f"{goal[0]}x / {goal[1]}x: {'met' if geomean(r) >= goal[0] else 'NOT MET'}"
            )
            print(f"| {batch} | {w}-bit | {geomean(r):.2f} | {min(r):.2f} | {max(r):.2f} | {text} |")
        r = [one[1] for (b, *_), one in found.items() if b == batch]
        goal = "12x / 20x: " + ("met" if geomean(r) >= 12 else "NOT MET") if batch == 1 else ""
        print(f"| {batch} | 8-bit, against fp32 | {geomean(r):.2f} | {min(r):.2f} | {max(r):.2f} | {goal} |")
    best = max(one[2] for one in found.values())
    print(f"\nBest share of a measured peak: {100 * best:.0f} % (asked 70 %, reach for 90 %).")


def small_table(isa):
    print(
        "\n| d | m | ORT best us | 8-bit us | 4-bit us | 1-bit us | best ORT / 8-bit | / 4-bit | / 1-bit |\n"
        + "|---" * 9
        + "|"
    )
    ratios = {8: [], 4: [], 1: []}
    for d, m in SMALL:
        times, _ = shape_row(np.random.default_rng(d + m), d, m, 1, isa, tuple(ratios))
        best = min(times["int8"], times["fp32"])
        for w, values in ratios.items():
            values.append(best / times[f"{w}"])
        print(f"| {d} | {m} | {best:.2f} | " + " | ".join(f"{times[f'{w}']:.2f}" for w in ratios) + " | "
              + " | ".join(f"{r[-1]:.1f}" for r in ratios.values()) + " |", flush=True)  # fmt: skip
    print("Small networks, batch 1, geomean against ONNX Runtime's best (asked 5x, reach for 10x): "
          + ", ".join(f"{w}-bit {geomean(r):.1f}x" for w, r in ratios.items()))  # fmt: skip


def linear_table(isa, size=4096):
    print(f"\nOne matrix product, {size} x {size} signs by one row of ready codes:")
    rng = np.random.default_rng(0)
    weight = rng.choice([-1, 1], (size, size)).astype(np.int64)
    codes = rng.integers(0, 256, (1, size)).astype(np.uint8)
    calls = {}
    for bits, names in ((8, ("words6", "words5", "bytes4")), (1, ("popcount", "bytes7"))):
        for name in names:
            if isa not in methods.load(name).isas:
                continue
            state = pack(Dot(weight, bits), name, 1, isa)
            x, out = codes & np.uint8((1 << bits) - 1), np.zeros((1, size), np.int64)
            fill(state, x, out)
            np.testing.assert_array_equal(out, dot_reference(Dot(weight, bits), x))
            calls[f"{bits}-bit {name}"] = lambda s=state, x=x, o=out: fill(s, x, o)
    rivals = ort_forms.linear(weight, codes)
    times = race(calls | rivals)
    best = min(times[name] for name in rivals)
    print("| | us | best ONNX Runtime / this |\n|---|---|---|")
    for name, value in times.items():
        print(f"| {'' if name in calls else 'ORT '}{name} | {value:.1f} | {best / value:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three shapes instead of nine")
    parser.add_argument("--isa", default=None)
    parser.add_argument("--part", choices=("fused", "small", "linear"), help="one of the three tables")
    options = parser.parse_args()
    isa = current(options.isa).name
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import llvmlite.binding
    import numba
    import onnxruntime

    print(f"CPU {llvmlite.binding.get_host_cpu_name()} ({platform.machine()}), spelling {isa}; numba {numba.__version__}, "
          f"numpy {np.__version__}, onnxruntime {onnxruntime.__version__}; one thread, minimum of {ROUNDS} rounds")  # fmt: skip
    if options.part in (None, "fused"):
        peak = peaks.measure(isa)
        print("Peaks in this run, products/ns: " + ", ".join(f"{k} {v:.0f}" for k, v in peak.items()) + "\n")
        fused_tables(isa, peak, options.quick)
    if options.part in (None, "small"):
        small_table(isa)
    if options.part in (None, "linear"):
        linear_table(isa)


if __name__ == "__main__":
    main()
