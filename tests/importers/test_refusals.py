"""What cannot be imported is named: operator, node, reason. Never a traceback, never a wrong program."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from support.dialects import Recipe, Writer, finished, qonnx_model

from qcompile.backends.onnx.build import build
from qcompile.errors import ModelError, QCompileError, UnsupportedError
from qcompile.importers.qonnx import read_program
from qcompile.ir.lower import lower
from qcompile.ir.text import dump

Q = {"domain": "qonnx.custom_op.general"}


def refused(model: onnx.ModelProto | bytes, folder: Path, kind: type[QCompileError], match: str) -> None:
    path = folder / "source.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    with pytest.raises(kind, match=match) as caught:
        read_program(path)
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".") and len(message) < 1000


def writer() -> Writer:
    return Writer(Recipe(1, 1, (16, 4)))


def ended(w: Writer, value: str, outputs: int = 4, inputs: int | tuple[int, ...] = 16) -> onnx.ModelProto:
    return finished(w.nodes, w.tensors, value, "N", inputs, outputs)


def quantized(w: Writer, value: str = "x", bits: int = 2, scale: float = 0.5, **changes) -> str:
    inputs = [value, w.constant(scale, "scale"), w.constant(0, "zero"), w.constant(bits, "bits")]
    return w.node("IntQuant", inputs, **Q, **{"signed": 1, "narrow": 0, "rounding_mode": "ROUND", **changes})


def matrix(w: Writer, inputs: int = 16, outputs: int = 4) -> str:
    return w.constant(w.rng.integers(-3, 4, (inputs, outputs)), "weight")


def conv() -> onnx.ModelProto:
    w = writer()
    value = w.node("Conv", ["x", w.constant(np.ones((2, 1, 3, 3)), "kernel")])
    return ended(w, w.node("Flatten", [value]), 8, (1, 4, 4))


def volume() -> onnx.ModelProto:
    w = writer()
    value = w.node("Conv", [quantized(w), w.constant(np.ones((2, 1, 2, 2, 2)), "kernel")])
    return ended(w, w.node("Flatten", [value]), 2, (1, 2, 2, 2))


def wrong_groups() -> onnx.ModelProto:
    w = writer()
    value = w.node("Conv", [quantized(w), w.constant(np.ones((2, 1, 2, 2)), "kernel")], group=3)
    return ended(w, w.node("Flatten", [value]), 2, (1, 2, 2))


def border_average() -> onnx.ModelProto:
    w = writer()
    value = w.node("AveragePool", [quantized(w)], kernel_shape=[2, 2], pads=[1, 1, 1, 1])
    return ended(w, w.node("Flatten", [value]), 9, (1, 2, 2))


def tanh() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("Tanh", [w.node("MatMul", [quantized(w, bits=8), matrix(w)])]))


def gelu_of_sums() -> onnx.ModelProto:
    w = writer()
    value = w.node("Gelu", [w.node("MatMul", [quantized(w, bits=8), matrix(w)])])
    return ended(w, quantized(w, value, bits=4))


def dynamic() -> onnx.ModelProto:
    w = writer()
    w.nodes.append(helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"], name="Dynamic"))
    return ended(w, "q", 16)


def blocks() -> onnx.ModelProto:
    w = writer()
    inputs = [quantized(w), w.constant(np.zeros((4, 1, 8)), "packed", np.uint8), w.constant(np.ones(4), "s")]
    value = w.node("MatMulNBits", inputs, domain="com.microsoft", K=16, N=4, bits=4, block_size=16)
    return ended(w, value)


def recurrent() -> onnx.ModelProto:
    w = writer()
    shapes = ((1, 16, 16), (1, 16, 4))
    weights = [w.constant(np.ones(shape), "weight") for shape in shapes]
    return ended(w, w.node("LSTM", [quantized(w), *weights], hidden_size=4), 4, (1, 16))


def attention() -> onnx.ModelProto:
    w = writer()
    scale = w.constant(np.ones(16), "scale")
    return ended(w, w.node("LayerNormalization", [quantized(w), scale]), 16)


def not_quantized() -> onnx.ModelProto:
    w = writer()
    weight = w.constant(w.rng.normal(size=(16, 4)), "weight")
    return ended(w, w.node("MatMul", ["x", weight]))


def learned_elsewhere() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("LinearRegressor", ["x"], domain="ai.onnx.ml", coefficients=[0.5] * 16), 1)


def foreign_domain() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("MVAU_hls", ["x", matrix(w)], domain="finn.custom_op.fpgadataflow.hls"))


def raw_product() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("MatMul", ["x", matrix(w)]))


def no_quantizer_between() -> onnx.ModelProto:
    w = writer()
    value = w.node("Relu", [w.node("MatMul", [quantized(w, bits=8), matrix(w, 16, 8)])])
    return ended(w, w.node("MatMul", [value, matrix(w, 8)]))


def wide_activation() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("MatMul", [quantized(w, bits=9), matrix(w)]))


def bad_rounding() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("MatMul", [quantized(w, rounding_mode="SIDEWAYS"), matrix(w)]))


def negative_scale() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("MatMul", [quantized(w, scale=-1.0), matrix(w)]))


def float_weights() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("MatMul", [quantized(w), w.constant(w.rng.normal(size=(16, 4)), "weight")]))


def mixed_scales() -> onnx.ModelProto:
    w = writer()
    value = w.node("Mul", [quantized(w), w.constant(w.rng.normal(size=16) ** 2 + 0.1, "factor")])
    return ended(w, w.node("MatMul", [value, matrix(w)]))


def two_inputs() -> onnx.ModelProto:
    w = writer()
    model = ended(w, w.node("MatMul", [quantized(w), matrix(w)]))
    model.graph.input.append(helper.make_tensor_value_info("second", 1, ["N", 3]))
    return model


def unknown_width() -> onnx.ModelProto:
    return finished([helper.make_node("Neg", ["x"], ["y"])], [], "y", "N", ("d",), 4)


def product_of_activations() -> onnx.ModelProto:
    w = writer()
    value = quantized(w, bits=8)
    layers = [w.node("MatMul", [value, matrix(w)]) for _ in range(2)]
    return ended(w, w.node("Mul", layers))


def middle_softmax() -> onnx.ModelProto:
    w = writer()
    value = w.node("Softmax", [w.node("MatMul", [quantized(w), matrix(w)])])
    return ended(w, w.node("Relu", [value]))


def bent_output() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("Relu", [w.node("MatMul", [quantized(w, bits=8), matrix(w)])]))


def wrong_shapes() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("MatMul", [quantized(w), matrix(w, 15)]))


def control_flow() -> onnx.ModelProto:
    w = writer()
    inner = helper.make_graph([], "inner", [], [])
    return ended(w, w.node("If", ["x"], then_branch=inner, else_branch=inner))


def top_two() -> onnx.ModelProto:
    w = writer()
    value = w.node("MatMul", [quantized(w), matrix(w)])
    w.nodes.append(helper.make_node("TopK", [value, w.constant([2], "k", np.int64)], ["v", "i"], name="Two"))
    return ended(w, "i")


def last_of_equals() -> onnx.ModelProto:
    w = writer()
    value = w.node("MatMul", [quantized(w), matrix(w)])
    return ended(w, w.node("ArgMax", [value], axis=1, select_last_index=1))


def rounding_cast() -> onnx.ModelProto:
    w = writer()
    value = w.node("Cast", [w.node("Cast", [quantized(w)], to=6)], to=1)
    return ended(w, w.node("MatMul", [value, matrix(w)]))


def exploding_constants() -> onnx.ModelProto:
    w = writer()
    for _ in range(40):
        w.node("ConstantOfShape", [w.constant([1 << 12, 1 << 12], "shape", np.int64)])
    return ended(w, w.node("MatMul", [quantized(w), matrix(w)]))


def straight_through() -> onnx.ModelProto:
    w = writer()
    return ended(w, w.node("Flatten", ["x"]), 16)


UNSUPPORTED: dict[Callable[[], onnx.ModelProto], str] = {
    conv: r"Conv \(node 'Conv0'\) cannot be translated: it multiplies the raw input.*UINT8",
    volume: r"Conv \(node 'Conv1'\).*an activation of shape \(1, 1, 2, 2, 2\) is not",
    wrong_groups: r"Conv \(node 'Conv1'\).*3 groups of 1 channels meet an image of 1 channels",
    border_average: r"AveragePool \(node 'AveragePool1'\).*divides by fewer cells at the border",
    tanh: "the output is neither quantized nor a line",
    gelu_of_sums: r"IntQuant \(node 'IntQuant3'\).*does not rise or fall all the way",
    dynamic: r"DynamicQuantizeLinear \(node 'Dynamic'\).*dynamic quantization.*calibration",
    blocks: r"MatMulNBits \(node 'MatMulNBits1'\).*a scale per block",
    recurrent: r"LSTM \(node 'LSTM1'\).*recurrent",
    attention: r"LayerNormalization \(node 'LayerNormalization1'\).*attention",
    not_quantized: r"MatMul \(node 'MatMul0'\).*this model is not quantized; quantize it first, for example",
    learned_elsewhere: r"LinearRegressor.*this model is not quantized; quantize it first",
    foreign_domain: r"MVAU_hls \(node 'MVAU_hls0'\) is of the domain 'finn.custom_op.fpgadataflow.hls'",
    raw_product: r"MatMul \(node 'MatMul0'\) cannot be translated: it multiplies the raw input.*UINT8",
    no_quantizer_between: r"MatMul \(node 'MatMul3'\).*a quantizer is missing",
    wide_activation: r"IntQuant \(node 'IntQuant0'\).*more than 8 bits",
    bad_rounding: "rounding mode is 'SIDEWAYS', known are ROUND",
    negative_scale: "its scale is not positive",
    float_weights: "its weights are not whole multiples of one scale per output",
    mixed_scales: "its elements have no common scale",
    two_inputs: "2 inputs and 1 outputs",
    unknown_width: "the input 'x' has shape",
    product_of_activations: r"Mul \(node 'Mul3'\).*two activations can only be added",
    middle_softmax: r"Relu \(node 'Relu3'\) follows Softmax",
    bent_output: "the output is neither quantized nor a line",
    wrong_shapes: r"an activation of shape \(1, 16\) meets weights",
    control_flow: r"If \(node 'If0'\) has no translation",
    top_two: r"TopK \(node 'Two'\) asks for more than the largest",
    last_of_equals: r"ArgMax \(node 'ArgMax2'\) does not decide for the first",
    rounding_cast: r"Cast \(node 'Cast1'\) cannot be translated: it rounds an activation to int32",
    exploding_constants: "constants of the graph have more than 33554432 elements",
    straight_through: "no quantizer or layer stands between",
}


@pytest.mark.parametrize("make", UNSUPPORTED, ids=lambda f: f.__name__)
def test_what_is_not_supported_is_named(make: Callable[[], onnx.ModelProto], tmp_path: Path) -> None:
    refused(make(), tmp_path, UnsupportedError, UNSUPPORTED[make])


def test_malformed_graphs_fail_with_one_sentence(tmp_path: Path) -> None:
    def changed(change) -> onnx.ModelProto:
        model = qonnx_model(Recipe(2, 2, (16, 8, 4), batch_norm=True), "N")
        change(model)
        return model

    content = changed(lambda m: None).SerializeToString()
    refused(b"", tmp_path, ModelError, "is empty")
    refused(content[: len(content) // 2], tmp_path, ModelError, "not an ONNX model, or is cut short")
    lost = changed(lambda m: m.graph.node[2].input.__setitem__(0, "nowhere"))
    refused(lost, tmp_path, ModelError, "reads 'nowhere', which no earlier node produces")
    refused(changed(lambda m: m.graph.node.pop()), tmp_path, ModelError, "is never made")
    old = changed(lambda m: setattr(m, "ir_version", 2))
    refused(old, tmp_path, UnsupportedError, "IR version 2")
    huge = changed(lambda m: m.graph.initializer[1].dims.__setitem__(slice(None), [1 << 40, 1 << 20]))
    refused(huge, tmp_path, ModelError, "impossible shape")
    few = changed(lambda m: m.graph.initializer[3].dims.__setitem__(slice(None), [7]))
    refused(few, tmp_path, ModelError, "needs 28 bytes")
    wide = changed(lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", 1 << 40))
    refused(wide, tmp_path, UnsupportedError, "at most 1048576 cells")
    nan = changed(lambda m: setattr(m.graph.initializer[0], "raw_data", np.float32("nan").tobytes()))
    refused(nan, tmp_path, UnsupportedError, "scale is not positive and finite")


def test_our_own_model_files_are_programs_too(tmp_path: Path) -> None:
    from support.networks import random_network

    network = random_network(2, columns=3)
    path = tmp_path / "model.onnx"
    path.write_bytes(build(lower(network)).files["model.onnx"])
    assert dump(read_program(path)) == dump(lower(network, "model"))


def test_a_compiled_program_that_is_no_network_says_so(tmp_path: Path) -> None:
    path = tmp_path / "source.onnx"
    path.write_bytes(qonnx_model(Recipe(1, 1, (9, 5, 3)), "N").SerializeToString())
    compiled = build(read_program(path)).files["model.onnx"]
    refused(compiled, tmp_path, ModelError, "is not a two-layer network; it runs, but cannot be read back")


def test_inputs_can_be_declared_and_a_wrong_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "source.onnx"
    path.write_bytes(raw_product().SerializeToString())
    assert read_program(path, inputs="UINT8").ops[1].type.bits == 8
    with pytest.raises(UnsupportedError, match="inputs is 'UINT12', allowed: BINARY"):
        read_program(path, inputs="UINT12")


def test_names_from_the_file_cannot_break_the_sentence(tmp_path: Path) -> None:
    w = writer()
    w.nodes.append(helper.make_node("Evil\n\x1b[31m" + "x" * 5000, ["x"], ["y"], name="a\nb"))
    refused(ended(w, "y"), tmp_path, UnsupportedError, "Evil")
