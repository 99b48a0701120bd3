"""Digits on the cores of a Raspberry Pi 4 and 5, beside ONNX Runtime, with no such board at hand.

Known exactly: the bits (compared in an emulator of the core) and the instructions (counted there).
Modelled: their time, as an interval, from the core's file in targets/. ONNX Runtime does not run in
the emulator, so it is measured on the machine that runs this program. Where the C code's time on the
Pi is below ONNX Runtime's time here, it is below ONNX Runtime's time on the Pi too, as long as this
machine is not slower than a Pi. No run on a board stands behind this. Figures go to standard error,
because they depend on the machine; what they show goes to standard output.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from qcompile import QuantizedPolynomialClassifier
from qcompile.api import cost, profile
from qcompile.ir.lower import lower
from qcompile.verify.core import on_core

NEEDS = ("ziglang", "unicorn", "capstone", "elftools")  # pip install 'qcompile[edge]'
SECONDS = 15  # about, on one core
CORES = {"cortex-a72": "Raspberry Pi 4", "cortex-a76": "Raspberry Pi 5"}


def main() -> None:
    """Train, compare bits on both cores, and set modelled time there beside measured time here."""
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        x.astype(np.float32), y, test_size=0.25, stratify=y, random_state=0
    )
    model = QuantizedPolynomialClassifier(encoder="threshold", beta=0.01, neurons=16, n_jobs=1)
    model.fit(x_train, y_train)
    accuracy = model.score(x_test, y_test)
    print(f"{100 * accuracy:.1f} % of unseen digits are right", file=sys.stderr)
    print(f"more than 92 % of {len(x_test)} unseen digits are right: {accuracy > 0.92}")

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "digits.onnx"
        model.export_onnx(path)
        timed = profile(path, batches=(1,)).costs
        (ort,) = timed.select("latency_p50", backend="onnxruntime")
        print(f"ONNX Runtime, here: {ort.expected:.1f} us, measured", file=sys.stderr)
        for core, board in CORES.items():
            same = on_core(lower(model.network_), core, rows=50, seed=0).equal
            rows = cost(path, core).rows
            found = {r.quantity: r for r in rows if r.operation == "total"}
            time, count = found["latency"], found["instructions"]
            print(
                f"{board}: {count.expected:,.0f} instructions, counted; {time.expected:.1f} us "
                f"({time.low:.1f} to {time.high:.1f}), modelled; slow end below ONNX Runtime here: "
                f"{time.high < ort.low}; code and weights {found['flash'].expected:,.0f} B",
                file=sys.stderr,
            )
            print(f"{core}, as in a {board}:")
            print(f"  every bit as in the network, in the emulator: {same}")
            print(f"  counted, not estimated: {count['origin'] == 'measured'}")
            print(f"  faster there than ONNX Runtime is here: {time.expected < ort.low}")


if __name__ == "__main__":
    main()
