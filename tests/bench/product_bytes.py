"""Do two states of the source write the same products? Train twelve small models and print their digests.

    python tests/bench/product_bytes.py > before.txt      (in one checkout)
    python tests/bench/product_bytes.py > after.txt       (in another; then diff the two)

A line per product: model, file, sha256. Left out of every file is what says who wrote it or repeats other
lines: digests, versions, provenance (its certificate summary is a line of its own), measured figures. Only
the public functions and the command line are used, so one copy of this file serves every state.

Numba compiles in the first run of a fresh checkout, and a network trained then may differ in the last
digits: run it twice there and take the second output.

--against FILE prints what differs from an earlier output and exits with 1.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

sys.path.insert(0, os.getcwd())  # the checkout in which it is started

from qcompile import Choices
from qcompile.api import build, predict, train

UNIFORM = {"encoder": "uniform", "bits": 4, "beta": 0.03, "neurons": 12, "jobs": 1}
# name: (table, changes of UNIFORM, form, "TARGET LAYOUT" of its C)
MODELS = {
    "cancer": ("breast_cancer", {}, "packed", "cortex-m4 plain"),
    "cancer-ternary": ("breast_cancer", {"weights": "ternary", "bits": 2}, "dense", "cortex-m0plus arduino"),
    "cancer-2bit": ("breast_cancer", {"weights": "2bit", "family": "quadratic"}, "int4", "rv32imac plain"),
    "cancer-hinge": ("breast_cancer", {"loss": "squared_hinge"}, "int2", "wasm32 plain"),
    "cancer-threshold": (
        "breast_cancer",
        {"encoder": "threshold", "bits": None},
        "packed",
        "cortex-a53 plain",
    ),
    "iris": ("iris", {"neurons": 6}, "packed", "cortex-m4 zephyr"),
    "iris-thermometer": (
        "iris",
        {"encoder": "thermometer", "bits": None, "k": 6},
        "reference",
        "rv64gc plain",
    ),
    "iris-polynomial": (
        "iris",
        {"family": "polynomial", "activation": (0.5, 0.5, 0.25), "weights": "4bit", "prove": "fast"},
        "packed",
        "cortex-m7 plain",
    ),
    "iris-pruned": ("iris", {"max_weight_bits": 2, "alpha_bits": 4}, "packed", "cortex-m33 plain"),
    "wine": ("wine", {"bits": 8, "prove": "fast"}, "packed", "wasm32-simd plain"),
    "wine-qonnx": ("wine", {"bits": 2, "neurons": 5}, "qonnx", "rv32imc_zbb plain"),
    "diabetes": ("diabetes", {"loss": "squared", "bits": 3}, "packed", "cortex-m55 arduino"),
}
BUILT = ("cancer", "iris", "diabetes")  # these as a folder, with certificate and report
UNSTABLE = ("qcompile.digest", "qcompile.provenance", "qcompile.version")


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def of_graph(content: bytes) -> dict[str, str]:
    """The ONNX message without who wrote it; beside it the certificate's summary."""
    model = onnx.load_from_string(content)
    entries = {e.key: e.value for e in model.metadata_props}
    kept = [e for e in model.metadata_props if e.key not in UNSTABLE]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    summary = json.loads(entries["qcompile.provenance"]).get("certificate")
    return {
        "model.onnx": sha(model.SerializeToString(deterministic=True)),
        "certificate summary": sha(json.dumps(summary, sort_keys=True).encode()),
    }


def of_arrays(path: Path) -> str:
    with np.load(path, allow_pickle=False) as stored:
        parts = [f"{n} {stored[n].dtype} {stored[n].shape}".encode() + stored[n].tobytes() for n in stored]
    return sha(b"".join(sorted(parts)))


def of_text(name: str, content: bytes) -> bytes:
    """Without the metadata line of program.qir, and without digests and figures in artifact.json."""
    if name == "program.qir":
        lines = content.splitlines(keepends=True)
        return b"".join(line for line in lines if not line.startswith(b"metadata "))
    if name == "artifact.json":
        record = json.loads(content)
        for entry in ("figures", "model", "seal", "version"):
            record.pop(entry, None)
        record["files"] = sorted(record["files"])
        return json.dumps(record, sort_keys=True).encode()
    return content


def products(name: str, folder: Path) -> dict[str, str]:
    """Train one model, compile it, and take every product's digest."""
    table, changes, form, c = MODELS[name]
    choices = Choices(**{**UNIFORM, **changes})
    found = {}
    if name in BUILT:
        build(f"sklearn:{table}", folder / "build", form=form, choices=choices)
        file = folder / "build" / "model.onnx"
        found["certificate.npz"] = of_arrays(folder / "build" / "certificate.npz")
    else:
        file = folder / "model.onnx"
        train(f"sklearn:{table}", file, form=form, choices=choices)
    found |= of_graph(file.read_bytes())
    result = predict(file, f"sklearn:{table}")
    found["scores"] = sha(np.ascontiguousarray(result.scores, dtype=np.int64).tobytes())
    found["predictions"] = sha(json.dumps(list(result.predictions)).encode())
    target, layout = c.split()
    command = [sys.executable, "-m", "qcompile", "compile", str(file), "--target", target, "--layout", layout]
    subprocess.run([*command, "-o", str(folder / "c")], check=True, stdout=subprocess.DEVNULL)
    for path in sorted((folder / "c").rglob("*")):
        if path.is_file():
            place = path.relative_to(folder / "c").as_posix()
            found[f"{target}/{place}"] = sha(of_text(place, path.read_bytes()))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", help=f"of {', '.join(MODELS)}; all by default")
    parser.add_argument("--against", type=Path, help="an earlier output to compare with")
    options = parser.parse_args()
    lines = []
    for name in options.models or MODELS:
        with tempfile.TemporaryDirectory() as folder:
            found = products(name, Path(folder))
        for product, digest in found.items():
            lines.append(f"{name:17} {product:44} {digest}")
            print(lines[-1], flush=True)
    if options.against is None:
        return 0
    chosen = set(options.models or MODELS)
    earlier = [
        k for k in options.against.read_text().splitlines() if k.split()[:1] and k.split()[0] in chosen
    ]
    changed = sorted(set(earlier) ^ set(lines))
    print(f"\n{len(lines)} products, {len(set(lines) & set(earlier))} as in {options.against}")
    for line in changed:
        print("-" if line in earlier else "+", line)
    return bool(changed)


if __name__ == "__main__":
    sys.exit(main())
