"""A model file runs wherever ONNX Runtime does: the encoder is inside, qcompile is not needed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from sklearn.datasets import load_iris

from qcompile import Choices
from qcompile.api import predict, train


def main() -> None:
    """Train here, run there."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "model.onnx"
        train("sklearn:iris", path, choices=Choices(encoder="uniform", bits=4, beta=0.01, jobs=1))
        ours = predict(path, "sklearn:iris").predictions
        session = onnxruntime.InferenceSession(str(path))

    rows = load_iris().data.astype(np.float32)
    for value in (*session.get_inputs(), *session.get_outputs()):
        print(f"{value.name}: {value.type} {value.shape}")
    index = np.ravel(session.run(["class_index"], {session.get_inputs()[0].name: rows})[0])
    names = [str(load_iris().target_names[i]) for i in index]
    print(f"same classes as qcompile predict on {len(rows)} rows: {names == list(ours)}")


if __name__ == "__main__":
    main()
