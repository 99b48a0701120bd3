"""Networks as Brevitas, ONNX Runtime and scikit-learn write them, where the files are at hand.

The folder of the files is named by QCOMPILE_MODELS, or is shared/models beside the repository.
"""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.qdq_graphs import executed

from qcompile.importers.qonnx import read_program
from qcompile.ir.interpret import interpret

FOLDER = Path(
    os.environ.get("QCOMPILE_MODELS", Path(__file__).resolve().parents[3].parent / "shared" / "models")
)
pytestmark = [
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the sample networks are not here"),
    pytest.mark.filterwarnings("ignore"),  # of qonnx itself
]
# Rows (of ONNX Runtime's 1,000) in which a hidden float32 sum is rounded at a tie of a quantizer.
RUNTIME = {
    "ort_cnn_qdq.onnx": 1,
    "ort_mlp_qdq_residual.onnx": 0,
    "ort_mlp_qdq_tanh.onnx": 0,
    "ort_mlp_qdq_twotower.onnx": 0,
    "ort_mlp_qdq_u8s4.onnx": 0,
    "ort_mlp_qop_u8s8.onnx": 0,
    "ort_mlperf_ad_qdq.onnx": 4,
}
QONNX = {"lenet_w4a4": 8, "dscnn_w4a4": 4, "resnet8_w4a4": 4, "cnv_1w1a": 4, "mlp_concat": 200}  # rows


def rows_for(model: onnx.ModelProto, n: int, pixels: bool = False) -> np.ndarray:
    known = {tensor.name for tensor in model.graph.initializer}
    (given,) = (i for i in model.graph.input if i.name not in known)
    shape = [d.dim_value for d in given.type.tensor_type.shape.dim][1:]
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (n, *shape)) / 255 if pixels else rng.normal(size=(n, *shape))
    return x.astype(np.float32)


@pytest.mark.parametrize("name", RUNTIME)
def test_a_network_of_onnx_runtime_s_quantizer(name: str) -> None:
    model = onnx.load(FOLDER / name)
    x = rows_for(model, 1000)
    found = interpret(read_program(FOLDER / name), x.reshape(len(x), -1))
    expected = executed(model, x)
    differ = (found["values"].astype(np.float32) != expected).any(axis=1)
    assert differ.sum() <= RUNTIME[name]
    np.testing.assert_array_equal(found["label"][:, 0], expected.argmax(axis=1))


@pytest.mark.parametrize("name", QONNX)
def test_a_network_of_brevitas(name: str) -> None:
    execution = pytest.importorskip("qonnx.core.onnx_exec")
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.util.cleanup import cleanup_model

    path = FOLDER / f"{name}.qonnx.onnx"
    x = rows_for(onnx.load(path), QONNX[name], pixels=name.startswith("cnv"))
    model = cleanup_model(ModelWrapper(str(path)))
    given, result = model.graph.input[0].name, model.graph.output[0].name
    expected = np.concatenate([execution.execute_onnx(model, {given: row[None]})[result] for row in x])
    found = interpret(read_program(path), x.reshape(len(x), -1))
    # Float scales: the last layer's sum and its scale round in float32, some units of the largest score.
    np.testing.assert_allclose(found["values"], expected, rtol=0, atol=64 * 2.0**-24 * np.abs(expected).max())
    np.testing.assert_array_equal(found["label"][:, 0], expected.argmax(axis=1))


def test_a_classifier_of_scikit_learn_with_label_and_probabilities() -> None:
    name = "skl_mlp_digits_ortqdq.onnx"
    model = onnx.load(FOLDER / name)
    x = np.random.default_rng(0).integers(0, 17, (1000, 64)).astype(np.float32)
    program = read_program(FOLDER / name)
    found, expected = interpret(program, x), executed(model, x)[:, 0]
    label = np.array(program.classes, dtype=np.int64)[found["label"][:, 0]]
    # The file's label is that of rounded probabilities: where they are equal, the first one's.
    values = found["values"]
    probability = np.exp(values - values.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    tied = np.abs(probability.max(axis=1) - probability[np.arange(len(x)), expected]) <= 2 / 255
    assert ((label == expected) | tied).all() and (label == expected).mean() > 0.99
