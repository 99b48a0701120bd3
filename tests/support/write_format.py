"""Write one of everything that qcompile stores, for tests/golden/format/VERSION: once per released format.

    cd CHECKOUT && python PATH/tests/support/write_format.py FOLDER

FOLDER/data holds the tables and the QONNX file that it starts from. Only public functions and the command
line are used, so that this file serves old checkouts. Later states must read, verify and predict the same:
tests/api/test_format_promise.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, os.getcwd())  # the checkout in which it is started

from qcompile import Choices
from qcompile.api import build, export_model, import_model, predict, train

SMALL = {"encoder": "uniform", "bits": 3, "beta": 0.03, "neurons": 4, "jobs": 1}
BUILT = {  # folders with certificate and report: every kind of proof
    "iris": ("iris", {"prove": "fast"}, "packed"),
    "messy-exact": ("messy", {"prove": "exact", "bits": 2}, "packed"),
    "iris-tight": ("iris", {"encoder": "thermometer", "bits": None, "k": 10, "prove": "tight"}, "qonnx"),
    "numbers": (
        "numbers",
        {"family": "polynomial", "activation": (0.5, 0.5, 0.25), "weights": "ternary"},
        "packed",
    ),
}
TRAINED = {
    "thermometer.onnx": ("iris", {"encoder": "thermometer", "bits": None, "k": 4}),
    "threshold.onnx": ("messy", {"encoder": "threshold", "bits": None, "loss": "squared_hinge"}),
    "quadratic-2bit.onnx": ("messy", {"family": "quadratic", "weights": "2bit"}),
    "bilinear-4bit.onnx": ("iris", {"weights": "4bit", "bits": 8}),
    "huber-3bit.onnx": ("numbers", {"loss": "huber", "weights": "3bit", "alpha_bits": 12}),
    "pruned.onnx": ("iris", {"max_weight_bits": 2}),
}
FORMS = ("dense", "int2", "int4", "reference", "qonnx", "custom")
FIRMWARE = {"iris": "cortex-m4", "messy-exact": "wasm32", "numbers": "rv32imac"}


def command(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "qcompile", *words], check=True, stdout=subprocess.DEVNULL)


def main(folder: Path) -> None:
    data = folder / "data"
    expected: dict[str, Any] = {}

    def record(name: str, rows: str) -> None:
        found = predict(folder / name, data / rows)
        expected[name] = {
            "data": f"data/{rows}",
            "scores": found.scores.tolist(),
            "predictions": list(found.predictions),
        }

    for name, (table, changes, form) in BUILT.items():
        choices = Choices(**{**SMALL, **changes})
        build(data / f"{table}.csv", folder / name, form=form, choices=choices)
        (folder / name / "report.html").unlink()
        record(name, f"{table}.csv")
    (folder / "models").mkdir(exist_ok=True)
    for name, (table, changes) in TRAINED.items():
        train(data / f"{table}.csv", folder / "models" / name, choices=Choices(**{**SMALL, **changes}))
        record(f"models/{name}", f"{table}.csv")
    for form in FORMS:
        export_model(folder / "iris", folder / "models" / f"iris-{form}.onnx", form)
        (folder / "models" / f"iris-{form}.so").unlink(missing_ok=True)  # for one kind of machine only
        record(f"models/iris-{form}.onnx", "iris.csv")
    for name, target in FIRMWARE.items():
        command("compile", str(folder / name), "--target", target, "-o", str(folder / f"firmware-{name}"))
    import_model(data / "dense.onnx", folder / "imported")
    record("imported", "dense.csv")
    text = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in expected.items())
    (folder / "expected.json").write_text("{\n" + text + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
