"""Ends of networks: decisions with quantizers behind them, and the two outputs of scikit-learn's files."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.dialects import rows
from support.qdq_graphs import Graph, executed, imported, opset_of

from qcompile.errors import UnsupportedError
from qcompile.ir.interpret import interpret


@pytest.mark.parametrize("ending", ("Softmax", "LogSoftmax"))
def test_a_quantizer_behind_the_decision_changes_no_value_before_it(ending: str, tmp_path: Path) -> None:
    g = Graph(seed=1)
    logits = g.qdq(g.dense(g.qdq("x"), 12, 5))
    plain = g.model(logits, 12, 5)
    end = g.qdq(g.node(ending, [logits], axis=1), 2.0**-8, -128)
    program = imported(g.model(end, 12, 5), tmp_path)
    x = rows(300, 12)
    found, expected = interpret(program, x), executed(plain, x)
    np.testing.assert_array_equal(found["values"].astype(np.float32), expected)
    np.testing.assert_array_equal(found["label"][:, 0], expected.argmax(axis=1))


def test_a_sigmoid_at_the_end_decides_and_one_inside_is_a_function(tmp_path: Path) -> None:
    g = Graph(seed=2)
    hidden = g.qdq(g.node("Sigmoid", [g.qdq(g.dense(g.qdq("x"), 12, 7))]), 2.0**-8, -128)
    logit = g.qdq(g.dense(hidden, 7, 1))
    plain = g.model(logit, 12, 1)
    program = imported(g.model(g.qdq(g.node("Sigmoid", [logit]), 2.0**-8, -128), 12, 1), tmp_path)
    x = rows(300, 12)
    found, expected = interpret(program, x), executed(plain, x)
    np.testing.assert_array_equal(found["values"].astype(np.float32), expected)
    np.testing.assert_array_equal(found["label"], expected >= 0)


def label_and_probabilities(same: bool = True):
    """As skl2onnx writes a classifier, quantized by ONNX Runtime."""
    g = Graph(seed=3)
    logits = g.qdq(g.dense(g.qdq("x"), 12, 3))
    g.nodes.append(helper.make_node("Softmax", [logits], ["probabilities"], axis=1))
    g.tensors.append(numpy_helper.from_array(np.array([10, 20, 30], np.int32), "classes"))
    best = g.node("ArgMax", ["probabilities"], axis=1)
    named = g.node("ArrayFeatureExtractor", ["classes", best], "ai.onnx.ml")
    flat = g.node("Reshape", [named, g.constant([-1], "shape", np.int64)])
    g.nodes.append(helper.make_node("Cast", [flat], ["label"], to=TensorProto.INT64))
    model = opset_of(g.model("probabilities", 12, 3, opset=13), "ai.onnx.ml", 1)
    other = "label" if same else next(n.output[0] for n in g.nodes if n.op_type == "QuantizeLinear")
    kind = TensorProto.INT64 if same else TensorProto.INT8
    model.graph.output.insert(0, helper.make_tensor_value_info(other, kind, ["N"] if same else ["N", 12]))
    return model


def test_label_and_probabilities_are_one_decision_with_named_classes(tmp_path: Path) -> None:
    model = label_and_probabilities()
    program = imported(model, tmp_path)
    assert program.classes == ("10", "20", "30")
    x = rows(300, 12)
    label = np.array([10, 20, 30])[interpret(program, x)["label"][:, 0]]
    np.testing.assert_array_equal(label, executed(model, x)[:, 0])


def test_two_different_outputs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="1 inputs and 2 outputs"):
        imported(label_and_probabilities(same=False), tmp_path)


def test_a_program_is_called_like_its_file(tmp_path: Path) -> None:
    g = Graph()
    assert imported(g.model(g.dense(g.qdq("x"), 12, 3), 12, 3), tmp_path).name == "source"
