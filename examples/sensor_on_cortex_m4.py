"""A vibration sensor on a Cortex-M4: over its CI budget at first, then within it; then C files.

The budget is in pyproject.toml; the CI job is one line, ``qcompile check MODEL --target cortex-m4
--budget pyproject.toml --junit budget.xml``, whose exit code fails the job and whose JUnit file says why.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from qcompile import QuantizedPolynomialClassifier
from qcompile.api import compile_model

BANDS, WINDOW, RATE_HZ = 16, 256, 1000
STATES = ("normal", "imbalance", "bearing")
NEEDS = ("ziglang", "unicorn", "capstone", "elftools")  # pip install 'qcompile[edge]'
PROJECT = """
[tool.qcompile.budget]
max_latency_us = 80
max_energy_uj = 4
max_flash_kb = 16
max_ram_kb = 1
"""


def windows(n: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Log band energies of simulated accelerometer windows.

    Every motor turns at about 25 Hz. Imbalance raises that line; a damaged bearing strikes 90
    times a second and rings at 300 Hz.
    """
    rng = np.random.default_rng(seed)
    t = np.arange(WINDOW) / RATE_HZ
    state = rng.integers(0, 3, n)
    signal = rng.normal(0, 0.5, (n, WINDOW))
    turn = rng.normal(25, 1, (n, 1))
    signal += np.where(state == 1, 1.2, 0.4)[:, None] * np.sin(2 * np.pi * turn * t)
    ring = np.exp(-40 * np.mod(t, 1 / 90)) * np.sin(2 * np.pi * 300 * t)
    signal += np.where(state == 2, 1.0, 0.0)[:, None] * ring
    power = np.abs(np.fft.rfft(signal, axis=1)[:, 1 : BANDS * 8 + 1]) ** 2
    bands = np.log1p(power.reshape(n, BANDS, 8).sum(axis=2))
    return bands.astype(np.float32), np.array(STATES)[state]


def job(folder: Path, model: str) -> int:
    """The CI job: run the check, show what its JUnit file says, and return its exit code."""
    words = ("check", model, "--target", "cortex-m4", "--budget", "pyproject.toml", "--junit", "budget.xml")
    done = subprocess.run([sys.executable, "-m", "qcompile", *words], cwd=folder, capture_output=True)
    for case in ElementTree.parse(folder / "budget.xml").iter("testcase"):
        print(f"  {case.get('name')}: {'within' if case.find('failure') is None else 'over'}")
    return done.returncode


def main() -> None:
    """Train, check, shrink, check again, and write the firmware's files."""
    (x, y), (unseen, truth) = windows(600, seed=0), windows(600, seed=1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "pyproject.toml").write_text(PROJECT)
        for neurons in (128, 8):
            model = QuantizedPolynomialClassifier(
                encoder="uniform", bits=4, beta=0.002, neurons=neurons, n_jobs=1
            ).fit(x, y)
            name = f"sensor{neurons}.onnx"
            model.export_onnx(folder / name)
            good = model.score(unseen, truth) > 0.95
            print(f"at most {neurons} neurons per class: accuracy above 95 %: {good}")
            print(f"  exit code of `qcompile check`: {job(folder, name)}")

        record = compile_model(folder / name, "cortex-m4", folder / "firmware")
        print(f"written: {', '.join(name for name in record.files if not name.startswith('qc_'))}")


if __name__ == "__main__":
    main()
