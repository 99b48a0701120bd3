"""A vibration sensor on a Cortex-M4: over the budget at first, within it with fewer neurons, then C files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qcompile import QuantizedPolynomialClassifier
from qcompile.api import check
from qcompile.api.edge import compile_c

BANDS, WINDOW, RATE_HZ = 16, 256, 1000
STATES = ("normal", "imbalance", "bearing")
BUDGET = {"max_latency_us": 200.0, "max_energy_uj": 8.0, "max_flash_kb": 16.0, "max_ram_kb": 2.0}


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


def main() -> None:
    """Train, check, shrink, check again, and write the firmware's files."""
    (x, y), (unseen, truth) = windows(600, seed=0), windows(600, seed=1)
    with tempfile.TemporaryDirectory() as place:
        for neurons in (128, 8):
            model = QuantizedPolynomialClassifier(
                encoder="uniform", bits=4, beta=0.002, neurons=neurons, n_jobs=1
            ).fit(x, y)
            path = Path(place) / f"sensor{neurons}.onnx"
            model.export_onnx(path)
            checked = check(path, "cortex-m4", **BUDGET)
            good = model.score(unseen, truth) > 0.95
            print(f"at most {neurons} neurons per class: accuracy above 95 %: {good}")
            for verdict in checked.verdicts:
                print(f"  {verdict.limit} {verdict.budget:g}: {'within' if verdict.within else 'over'}")
            print(f"  exit code of `qcompile check`: {0 if checked.passed else 1}")

        record = compile_c(path, "cortex-m4", Path(place) / "firmware")
        print(f"written: {', '.join(name for name in record['files'] if not name.startswith('qc_'))}")


if __name__ == "__main__":
    main()
