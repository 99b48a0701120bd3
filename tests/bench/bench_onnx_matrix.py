"""The exactness matrix of the exports: every option in every runtime, printed as a Markdown table.

    python tests/bench/bench_onnx_matrix.py

Each runtime lives in an environment of its own below the cache folder (made at the first run). A cell says
"exact" where scores and values equal the interpreter in every bit on random and worst-case rows of every
model, otherwise how far they are off, and by how many models.
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import onnx
from platformdirs import user_cache_path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "backends")]

from test_onnx_matrix import OLDEST, PROBE, write_models

RUNTIMES = (
    "onnxruntime==1.15.1",
    "onnxruntime==1.20.1",
    "onnxruntime==1.23.2",
    "onnxruntime==1.24.1",
    "onnxruntime",
    "openvino",
)


def environment(requirement: str) -> str:
    """The Python of an environment that has this runtime."""
    folder = user_cache_path("qcompile") / "runtimes" / requirement.replace("==", "-")
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        numpy = "numpy<2" if requirement < "onnxruntime==1.21" else "numpy"
        subprocess.run([python, "-m", "pip", "install", "-q", requirement, numpy], check=True)
    return str(python)


def version(requirement: str) -> str:
    """Name and version of the runtime that its environment has."""
    name = requirement.split("==")[0]
    asked = f"from importlib.metadata import version; print(version({name!r}))"
    done = subprocess.run([environment(requirement), "-c", asked], capture_output=True, text=True, check=True)
    return f"{name} {done.stdout.strip()}"


def cell(python: str, runtime: str, folder: Path) -> str:
    """One entry of the table: what a runtime says to all models of an option."""
    command = [python, str(PROBE), runtime, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    off = {k: v for k, v in found.items() if isinstance(v, list)}
    lost = [v for v in found.values() if isinstance(v, str) and v != "equal"]
    if len(lost) == len(found):
        return "does not load"
    if not off and not lost:
        return "exact"
    kinds = []
    for tail in ("INT32", "DOUBLE", "INT64"):
        here = [max(v[0], 0.0) for k, v in off.items() if tail_of(folder / f"{k}.onnx") == tail]
        if here:
            kinds.append(f"{tail.lower()} tail: scores {'exact' if max(here) == 0 else f'{max(here):.0e}'}")
    return "; ".join(kinds) + (f"; {len(lost)} do not load" if lost else "")


def tail_of(path: Path) -> str:
    """Element type of the scores."""
    outputs = onnx.load(path).graph.output
    element = next(o for o in outputs if o.name == "scores").type.tensor_type.elem_type
    return onnx.TensorProto.DataType.Name(element)


def reference_cell(option: str) -> str:
    """onnx's reference evaluator, in this process."""
    import numpy as np

    from qcompile.backends.onnx.build import build
    from qcompile.ir.interpret import interpret
    from qcompile.ir.lower import lower
    from qcompile.ir.probe import worst_case_rows
    from qcompile.run import reference

    for bits in (1, 2, 4, 8):
        from support.networks import random_network

        program = lower(random_network(bits, bits=bits, columns=3, d=21, m=9))
        x = worst_case_rows(program)
        found = reference.open_artifact(build(program, option=option)).scores(x)
        if not np.array_equal(found, interpret(program, x)["scores"]):
            return "different"
    return "exact"


def main() -> None:
    """Print the table."""
    print(f"| option | reference evaluator {onnx.__version__} | " + " | ".join(map(version, RUNTIMES)) + " |")
    print("| --- " * (len(RUNTIMES) + 2) + "|")
    for option in OLDEST:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_models(option, folder)
            cells = [cell(environment(r), r.split("==")[0], folder) for r in RUNTIMES]
        print(f"| {option} | {reference_cell(option)} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
