"""One table, one seed, one machine: the same bytes from any cache, jobs, hash seed and thread setting."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
# Settings of a process: each run has its own, and the first one has an empty cache.
SETTINGS = (
    {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    {"PYTHONHASHSEED": "77"},
    {"PYTHONHASHSEED": "random", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "2"},
)
# Training alone: what a build compiles besides takes longer and decides nothing.
TRAIN = """
import sys
from pathlib import Path
from qcompile.api._network import write_model
from qcompile.certificate.file import save
from qcompile.data.load import load
from qcompile.train.choices import Choices
from qcompile.train.table import train

table, out, jobs, given = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
words = dict(word.split("=") for word in given)
numbers = {name: float(words.pop(name)) for name in ("beta",) if name in words}
whole = {name: int(words.pop(name)) for name in ("bits", "neurons", "alpha_bits") if name in words}
trained = train(load(table), Choices(jobs=jobs, **words, **numbers, **whole))
write_model(trained.network, out / "model.onnx")
save(out / "certificate.npz", trained.certificates)
"""
FIXED = ("encoder=uniform", "bits=3", "beta=0.02", "neurons=12")


def table(folder: Path, rows: int, inputs: int, classes: int) -> Path:
    """Products of two inputs with noise, cut into classes of like size."""
    rng = np.random.default_rng(rows + inputs)
    x = rng.standard_normal((rows, inputs)).round(3)
    score = x[:, 0] * x[:, 1] - x[:, 2] + 0.3 * rng.standard_normal(rows)
    label = np.searchsorted(np.quantile(score, np.arange(1, classes) / classes), score)
    path = folder / f"t{rows}x{inputs}.csv"
    lines = [",".join([f"x{i}" for i in range(inputs)] + ["label"])]
    lines += [",".join([*map(str, row), f"class {c}"]) for row, c in zip(x.tolist(), label, strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


def run(cache: Path, setting: dict[str, str], *command: str) -> None:
    kept = {k: v for k, v in os.environ.items() if not re.match(r"(OMP|OPENBLAS)_NUM_THREADS|NUMBA_", k)}
    found = subprocess.run(
        [sys.executable, *command],
        env={**kept, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT), **setting},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr[-2000:]


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every product; a report tells times, so it is none."""
    files = [p for p in sorted(folder.rglob("*")) if p.suffix in (".onnx", ".npz", ".c", ".h", ".qir")]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def trained(tmp_path: Path, source: Path, which: int, *given: str) -> dict[str, str]:
    out = tmp_path / f"out{which}"
    out.mkdir()
    run(tmp_path / "cache", SETTINGS[which], "-c", TRAIN, str(source), str(out), f"{1 + which % 2}", *given)
    return digests(out)


def test_an_empty_cache_gives_the_model_and_certificate_that_this_process_gives(tmp_path: Path) -> None:
    # One vector per neuron: the family that compiles least, and whose refit and moves are all families'.
    source, given = table(tmp_path, 60, 4, 3), ("family=quadratic", *FIXED)
    first = trained(tmp_path, source, 1, *given)
    assert list(tmp_path.glob("cache/**/*.nbi")), "nothing was compiled into the empty cache"
    here = tmp_path / "here"
    here.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["-c", str(source), str(here), "1", *given])
        exec(TRAIN, {})
    assert first == digests(here) and set(first) == {"model.onnx", "certificate.npz"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        FIXED,
        ("beta=0.01",),
        ("family=quadratic", "weights=ternary", *FIXED),
        ("family=bilinear", "weights=2bit", "loss=squared_hinge", "prove=tight", *FIXED),
        ("method=burer_monteiro", "loss=squared", "alpha_bits=3", *FIXED),
    ],
    ids=lambda given: given[0],
)
def test_every_setting_of_a_process_gives_the_same_bytes(tmp_path: Path, given: tuple[str, ...]) -> None:
    source = table(tmp_path, 150, 6, 3)
    found = [trained(tmp_path, source, which, *given) for which in range(len(SETTINGS))]
    assert all(one == found[0] for one in found[1:])


@pytest.mark.slow
def test_a_build_and_its_c_files_are_the_same_bytes(tmp_path: Path) -> None:
    source = table(tmp_path, 120, 5, 2)
    found = []
    for which, setting in enumerate(SETTINGS[:2]):
        out, jobs = tmp_path / f"build{which}", ["--jobs", str(which + 1)]
        run(tmp_path / "cache", setting, "-m", "qcompile", "build", str(source), "-o", str(out), *jobs)
        c = ["compile", str(out), "--target", "cortex-m4", "-o", str(out / "c")]
        run(tmp_path / "cache", setting, "-m", "qcompile", *c)
        found.append(digests(out))
    assert found[0] == found[1] and {"model.onnx", "certificate.npz"} < set(found[0])
    assert any(name.endswith(".c") for name in found[0])


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["SkylakeX", "Haswell", "Prescott"])
def test_other_instruction_sets_train_the_same_integers(tmp_path: Path, kernel: str) -> None:
    """Digits of bounds and objectives differ; the network's integers do not, here."""
    from qcompile.importers.open import open_model

    source = table(tmp_path, 120, 5, 2)
    networks = []
    for which, setting in enumerate(({}, {"OPENBLAS_CORETYPE": kernel, "NUMBA_CPU_NAME": "x86-64-v2"})):
        out = tmp_path / f"out{which}"
        out.mkdir()
        run(tmp_path / f"cache{which}", setting, "-c", TRAIN, str(source), str(out), "1", *FIXED)
        networks.append(open_model(out / "model.onnx").network)
    one, other = networks
    assert one is not None and other is not None and len(one.u) > 0
    for name in ("u", "v", "alpha"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ("kind", "feature", "shift", "gain"):
        np.testing.assert_array_equal(getattr(one.encoder, name), getattr(other.encoder, name))
