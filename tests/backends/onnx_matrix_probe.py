"""Run by another Python, which has only numpy and one runtime: compare stored outputs, print JSON.

python onnx_matrix_probe.py onnxruntime|openvino FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np


def with_onnxruntime(path, x):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(["scores", "values"], {"x": x})


def with_openvino(path, x):
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(str(path)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled(x)
    return [found[compiled.output(name)] for name in ("scores", "values")]


def verdict(outputs, stored):
    """ "equal" where every bit is; otherwise the largest relative differences of scores and values."""
    names = ("scores", "values")
    if all(np.array_equal(found, stored[name]) for found, name in zip(outputs, names)):
        return "equal"
    return [worst(found, stored[name]) for found, name in zip(outputs, names)]


def worst(found, expected):
    size = np.maximum(np.abs(expected).astype(np.float64), 1e-9)
    return float(np.max(np.abs(np.asarray(found, dtype=np.float64) - expected) / size))


def main(runtime, folder):
    run = {"onnxruntime": with_onnxruntime, "openvino": with_openvino}[runtime]
    found = {}
    for path in sorted(Path(folder).glob("*.onnx")):
        stored = np.load(path.with_suffix(".npz"), allow_pickle=False)
        try:
            found[path.stem] = verdict(run(path, stored["x"]), stored)
        except Exception as error:
            found[path.stem] = f"does not run: {error}"
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
