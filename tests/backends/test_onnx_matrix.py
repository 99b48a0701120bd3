"""Every export option in the oldest ONNX Runtime that its opset allows, in an environment of its own."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from support.networks import random_network, random_rows

from qcompile.backends.onnx.build import OPTIONS, build
from qcompile.errors import QCompileError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.probe import worst_case_rows
from qcompile.model.encoder import ColumnKind, Encoder

# The oldest release with a wheel for Python 3.11, or (int4, int2) that can cast the option's type.
OLDEST = {"packed": "1.15.1", "dense": "1.15.1", "reference": "1.15.1", "int4": "1.23.2", "int2": "1.24.1"}
PROBE = Path(__file__).with_name("onnx_matrix_probe.py")


def write_models(option: str, folder: Path) -> int:
    """Models of every tail type and weight grid with their expected outputs.

    The last is wide and its gains repeat: only such networks store tables and add their weights up.
    """
    written = 0
    for bits, d, m in ((1, 21, 9), (2, 21, 9), (4, 21, 9), (8, 21, 9), (3, 400, 150)):
        for weights in ("binary", "ternary", "2bit", "4bit"):
            for alpha in (1, 2**20):  # the second widens the tail
                base = random_network(bits, weights=weights, bits=bits, columns=3, d=d, m=m)
                if d > 100:
                    base = type(base)(**{**vars(base), "encoder": repeating(base.encoder)})
                network = type(base)(**{**vars(base), "alpha": base.alpha * alpha})
                try:
                    program = lower(network)
                    artifact = build(program, option=option)
                except QCompileError:  # too many weight values for the option, or beyond 64 bits
                    continue
                x = np.concatenate([random_rows(1, network.encoder, 100), worst_case_rows(program)])
                outputs = interpret(program, x)
                stem = folder / f"{option}_{bits}_{weights}_{alpha}"
                stem.with_suffix(".onnx").write_bytes(artifact.files["model.onnx"])
                scores = outputs["scores"].astype(np.int64)
                np.savez(
                    stem.with_suffix(".npz"), x=x.astype(np.float32), scores=scores, values=outputs["values"]
                )
                written += 1
    return written


def repeating(encoder: Encoder) -> Encoder:
    """Levels alone, with few different shifts and gains."""
    kind = np.where(encoder.kind == ColumnKind.CONSTANT, encoder.kind, ColumnKind.LEVEL)
    return type(encoder)(
        **{
            **vars(encoder),
            "kind": kind,
            "shift": np.round(encoder.shift),
            "gain": np.round(encoder.gain) + 1,
        }
    )


def verdicts(python: str, folder: Path) -> dict[str, str]:
    command = [python, str(PROBE), "onnxruntime", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_probe_agrees_here(tmp_path: Path) -> None:
    written = write_models("packed", tmp_path)
    found = verdicts(sys.executable, tmp_path)
    assert len(found) == written > 32 and set(found.values()) == {"equal"}


@pytest.mark.slow
@pytest.mark.parametrize("option", [name for name in OPTIONS if name not in ("qonnx", "custom")])
def test_an_option_is_exact_in_the_oldest_runtime_that_loads_it(option: str, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    wanted = [f"onnxruntime=={OLDEST[option]}", "numpy<2"]
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", *wanted], capture_output=True, text=True
    )
    if installed.returncode:
        pytest.skip(f"onnxruntime {OLDEST[option]} cannot be installed here: {installed.stderr[-200:]}")
    written = write_models(option, tmp_path)
    found = verdicts(python, tmp_path)
    assert len(found) == written and set(found.values()) == {"equal"}
