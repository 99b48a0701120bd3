"""Imported networks on this machine against the qonnx package and float32 in ONNX Runtime.

    python tests/bench/bench_import.py | tee import.txt && python tests/bench/publish.py import < import.txt

The 784-64-64-64-10 network of binary weights and activations, as Brevitas writes it (2x - 1, batch
norms, a norm at the end), and its 1/2 and 2/2 bit siblings. The float32 peer is the same network with
its weights already quantized: MatMul, BatchNormalization and Sign or Round between clips. All three
must decide alike first; then they run in turn, one thread, and the minimum of the rounds counts.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import sys
import tempfile
import time
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

warnings.filterwarnings("ignore")
sys.path.insert(0, str(Path(__file__).parents[1]))

from support.dialects import Recipe, Writer, finished

from qcompile.importers.qonnx import read_program
from qcompile.passes.pipeline import optimise
from qcompile.run.host import open_program

WIDTHS = (784, 64, 64, 64, 10)
BITS = ((1, 1), (1, 2), (2, 2))
BATCHES = (1, 64)
ROUNDS, GOALS = 300, {1: (20, 3), 64: (20, 3)}
NARROW = {1: 1, 2: 1}  # largest code of narrow signed quantizers


def network(bits: tuple[int, int], batch: int | str, real: bool) -> onnx.ModelProto:
    """The network in the QONNX dialect, or with standard float32 operators only."""
    w = Writer(Recipe(bits[0], bits[1], WIDTHS, seed=1))

    def quantized(value: str, n: int) -> str:
        if not real:
            return w.quantized(value, n, 1.0, True, True)
        if n == 1:
            return w.node("Sign", [value])  # no value is 0 here, which BipolarQuant would send to +1
        rounded = w.node("Round", [value])
        top = float(NARROW[n])
        return w.node("Clip", [rounded, w.constant(-top, "low"), w.constant(top, "high")])

    def weights(k: int, m: int) -> str:
        values = w.rng.normal(size=(k, m)) * 0.8
        if real:
            whole = np.where(values >= 0, 1, -1) if bits[0] == 1 else np.clip(np.round(values), -1, 1)
            return w.constant(whole, "weight")
        return quantized(w.constant(values, "weight"), bits[0])

    doubled = w.node("Mul", ["x", w.constant(2, "two")])
    value = quantized(w.node("Sub", [doubled, w.constant(1, "one")]), bits[1])
    for k, (inputs, outputs) in enumerate(pairwise(WIDTHS)):
        value = w.node("MatMul", [value, weights(inputs, outputs)])
        if k < len(WIDTHS) - 2:
            gamma, beta, mean = w.rng.normal(size=(3, outputs))
            parts = (gamma, beta / 2, mean + 0.013, w.rng.uniform(20, 90, outputs))
            value = w.node("BatchNormalization", [value, *(w.constant(c, "norm") for c in parts)])
            value = quantized(value, bits[1])
    value = w.node("Mul", [value, w.constant(0.25, "gain")])
    return finished(w.nodes, w.tensors, value, batch, WIDTHS[0], WIDTHS[-1], opset=13)


def executed(model: onnx.ModelProto):
    """The qonnx package, ready to run a batch."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.util.cleanup import cleanup_model

    wrapped = cleanup_model(ModelWrapper(model))
    source, result = wrapped.graph.input[0].name, wrapped.graph.output[0].name
    return lambda x: execute_onnx(wrapped, {source: x})[result]


def contestants(bits: tuple[int, int], batch: int):
    """Name to function of rows; all give the values of the last layer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "source.onnx"
        path.write_bytes(network(bits, "N", real=False).SerializeToString())
        program, _ = optimise(read_program(path))
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(
        network(bits, "N", real=True).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return {
        "host": open_program(program).values,
        "float32": lambda x: session.run(None, {"x": x})[0],
        "qonnx": executed(network(bits, batch, real=False)),
    }


def main() -> None:
    """Verify, then print the table."""
    print("| weights/activations | batch | qcompile µs | float32 in ONNX Runtime | qonnx | bar |")
    print("| --- | --- | --- | --- | --- | --- |")
    for bits in BITS:
        for batch in BATCHES:
            runs = contestants(bits, batch)
            rng = np.random.default_rng(0)
            for _ in range(1024 // batch if batch > 1 else 64):
                x = (rng.integers(0, 256, (batch, WIDTHS[0])) / 255).astype(np.float32)
                answers = [run(x) for run in runs.values()]
                assert all(np.array_equal(answers[0], other) for other in answers[1:]), "values differ"
            best = dict.fromkeys(runs, float("inf"))
            for k in range(ROUNDS):
                for name, run in runs.items():
                    if name == "qonnx" and k >= 10:
                        continue
                    for _ in range(3):
                        began = time.perf_counter()
                        run(x)
                        best[name] = min(best[name], time.perf_counter() - began)
            ratios = [best[name] / best["host"] for name in ("qonnx", "float32")]
            goals = GOALS[batch] if bits == (1, 1) else None
            met = goals and all(ratio >= goal for ratio, goal in zip(ratios, goals, strict=True))
            bar = "-" if goals is None else f"{goals[0]}x and {goals[1]}x: {'met' if met else 'MISSED'}"
            print(
                f"| {bits[0]}/{bits[1]} | {batch} | {best['host'] * 1e6:.1f} | {best['float32'] * 1e6:.1f} "
                f"({ratios[1]:.1f}x) | {best['qonnx'] * 1e6:.0f} ({ratios[0]:.0f}x) | {bar} |",
                flush=True,
            )
    print(f"\nOne thread, ONNX Runtime {ort.__version__}; minimum of {3 * ROUNDS} calls in turn.")
    print("All three give the same values on every row before anything is timed.")


if __name__ == "__main__":
    main()
