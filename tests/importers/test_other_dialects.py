"""Brevitas exports, FINN graphs and plain QDQ files, with the quirks that such files have."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.dialects import (
    QDQ_TYPES,
    Recipe,
    brevitas_tfc,
    execute,
    finished,
    finn_graph,
    qdq,
    qonnx_model,
    rows,
    with_quirks,
    writer,
)

from qcompile.importers.qonnx import read_program
from qcompile.ir.interpret import interpret
from qcompile.ir.program import Program

needs_qonnx = pytest.mark.skipif(
    __import__("importlib.util").util.find_spec("qonnx") is None,
    reason="the qonnx package, which executes the dialect, is not installed",
)
pytestmark = pytest.mark.filterwarnings("ignore")  # of qonnx itself


def imported(model: onnx.ModelProto, folder: Path) -> Program:
    path = folder / "source.onnx"
    path.write_bytes(model.SerializeToString())
    return read_program(path)


@needs_qonnx
def test_a_brevitas_export_with_its_quirks(tmp_path: Path) -> None:
    x = rows(300, 16) / 4
    program = imported(with_quirks(brevitas_tfc(1)), tmp_path)
    expected = execute_rows(brevitas_tfc(1), x.reshape(-1, 1, 1, 4, 4))
    np.testing.assert_array_equal(interpret(program, x)["values"].astype(np.float32), expected)


def execute_rows(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.util.cleanup import cleanup_model

    wrapped = cleanup_model(ModelWrapper(model))
    name, out = wrapped.graph.input[0].name, wrapped.graph.output[0].name
    return np.concatenate([execute_onnx(wrapped, {name: row})[out] for row in x])


@needs_qonnx
@pytest.mark.parametrize("xnor", (False, True))
def test_a_streamlined_finn_graph(xnor: bool, tmp_path: Path) -> None:
    x = rows(300, 16)
    model = finn_graph(300, xnor)
    for node in model.graph.node:
        node.domain = node.domain and "qonnx.custom_op.general"
    found = interpret(imported(finn_graph("N", xnor), tmp_path), x)
    np.testing.assert_array_equal(found["values"].astype(np.float32), execute(model, x))


@pytest.mark.parametrize("kind", ("UINT8", "INT4", "BIPOLAR"))
def test_an_annotated_integer_input_needs_no_quantizer(kind: str, tmp_path: Path) -> None:
    w = writer()
    matrix = w.rng.integers(-3, 4, (16, 5))
    value = w.node("MatMul", ["x", w.constant(matrix, "weight")])
    model = finished(w.nodes, w.tensors, value, "N", 16, 5, domain="")
    annotation = model.graph.quantization_annotation.add(tensor_name="x")
    annotation.quant_parameter_tensor_names.add(key="finn_datatype", value=kind)
    low, high = {"UINT8": (0, 255), "INT4": (-8, 7), "BIPOLAR": (-1, 1)}[kind]
    x = np.random.default_rng(0).integers(low, high + 1, (100, 16))
    if kind == "BIPOLAR":
        x[x == 0] = 1
    found = interpret(imported(model, tmp_path), x.astype(np.float32))
    np.testing.assert_array_equal(found["values"], x @ matrix)


def test_an_input_of_bytes_needs_no_quantizer(tmp_path: Path) -> None:
    w = writer()
    matrix = w.rng.integers(-3, 4, (16, 5))
    pixels = w.node("Div", [w.node("Cast", ["x"], to=1), w.constant(255, "white")])
    value = w.node("MatMul", [pixels, w.constant(matrix, "weight")])
    model = finished(w.nodes, w.tensors, value, "N", 16, 5, domain="")
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    x = np.random.default_rng(0).integers(0, 256, (100, 16))
    found = interpret(imported(model, tmp_path), x.astype(np.float32))
    np.testing.assert_allclose(found["values"], x @ matrix / 255, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", QDQ_TYPES)
@pytest.mark.parametrize("gemm", (False, True))
@pytest.mark.parametrize("per_channel", (False, True))
def test_qdq_models_equal_onnx_runtime(kind: str, gemm: bool, per_channel: bool, tmp_path: Path) -> None:
    model = qdq(kind, gemm, per_channel)
    x = rows(500, 16)
    found = interpret(imported(model, tmp_path), x)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": x})[0].astype(np.float64)
    values = found["values"] - found["values"].max(axis=1, keepdims=True)
    softmax = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softmax, expected, atol=1e-6)  # float32 softmax of exact logits
    np.testing.assert_array_equal(found["label"][:, 0], found["values"].argmax(axis=1))


@pytest.mark.parametrize(
    ("ending", "outputs"), (("ArgMax", 4), ("TopK", 4), ("LogSoftmax", 4), ("Sigmoid", 1))
)
def test_a_decision_at_the_end_becomes_the_label(ending: str, outputs: int, tmp_path: Path) -> None:
    w = writer(seed=2)
    matrix = w.rng.choice([-1, 1], (16, outputs))
    logits = w.node("MatMul", [w.quantized("x", 1, 1.0, True), w.constant(matrix, "weight")])
    shift = w.rng.integers(-3, 4, outputs) / 2
    factor = w.rng.choice([0.3, 1.5, 2.0], outputs).astype(np.float32)
    logits = w.node("Mul", [w.node("Add", [logits, w.constant(shift, "bias")]), w.constant(factor, "factor")])
    if ending == "TopK":
        w.nodes.append(helper.make_node("TopK", [logits, w.constant([1], "k", np.int64)], ["best", "where"]))
        last = "where"
    else:
        last = w.node(ending, [logits], **({"axis": 1} if ending != "Sigmoid" else {}))
    program = imported(
        finished(w.nodes, w.tensors, last, "N", 16, outputs, domain="qonnx.custom_op.general"), tmp_path
    )
    x = rows(200, 16)
    exact = (np.where(x >= 0, 1, -1) @ matrix + shift) * factor.astype(np.float64)
    found = interpret(program, x)
    np.testing.assert_allclose(found["values"], exact, rtol=1e-12, atol=1e-12)
    label = exact.argmax(axis=1) if outputs > 1 else (exact[:, 0] >= 0).astype(int)
    np.testing.assert_array_equal(found["label"][:, 0], label)


@needs_qonnx
@pytest.mark.parametrize("mode", ("ROUND", "floor", "CEIL", "UP", "DOWN", "HALF_UP", "HALF_DOWN"))
def test_rounding_modes_narrow_ranges_zero_points_and_channel_scales(mode: str, tmp_path: Path) -> None:
    def model(batch: int | str) -> onnx.ModelProto:
        w = writer(seed=4)
        attributes = {"domain": "qonnx.custom_op.general", "signed": 1, "narrow": 1, "rounding_mode": mode}
        zero, bits = w.constant(0, "zero"), w.constant(4, "bits")
        value = w.node(
            "IntQuant", ["x", w.constant(0.25, "scale"), w.constant(1, "zero"), bits], **attributes
        )
        value = w.node("MatMul", [value, w.constant(w.rng.integers(-2, 3, (16, 8)), "weight")])
        channel = w.constant(2.0 ** w.rng.integers(-1, 3, (1, 8)), "scale")
        unsigned = {**attributes, "signed": 0}
        value = w.node("IntQuant", [value, channel, zero, bits], **unsigned)
        value = w.node("MatMul", [value, w.constant(w.rng.integers(-2, 3, (8, 3)), "weight")])
        return finished(w.nodes, w.tensors, value, batch, 16, 3)

    x = rows(300, 16)
    found = interpret(imported(model("N"), tmp_path), x)
    np.testing.assert_array_equal(found["values"].astype(np.float32), execute(model(300), x))


@needs_qonnx
@pytest.mark.parametrize("version", (1, 2))
@pytest.mark.parametrize("mode", ("FLOOR", "ROUND", "CEIL"))
def test_trunc_in_both_versions(version: int, mode: str, tmp_path: Path) -> None:
    def model(batch: int | str) -> onnx.ModelProto:
        w = writer(seed=6)
        first = ["x", w.constant(0.5, "scale"), w.constant(0, "zero"), w.constant(4, "bits")]
        flags = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"}
        value = w.node("IntQuant", first, domain="qonnx.custom_op.general", **flags)
        value = w.node("MatMul", [value, w.constant(w.rng.integers(-1, 2, (16, 6)), "weight")])
        inputs = [value, w.constant(0.5, "scale"), w.constant(0, "zero"), w.constant(8, "in_bits")]
        inputs += [w.constant(4, "out_scale")] if version == 2 else []
        inputs += [w.constant(5, "out_bits")]
        value = w.node("Trunc", inputs, domain="qonnx.custom_op.general", rounding_mode=mode)
        value = w.node("MatMul", [value, w.constant(w.rng.integers(-2, 3, (6, 3)), "weight")])
        made = finished(w.nodes, w.tensors, value, batch, 16, 3)
        next(e for e in made.opset_import if e.domain).version = version
        return made

    x = rows(300, 16)
    found = interpret(imported(model("N"), tmp_path), x)
    np.testing.assert_array_equal(found["values"].astype(np.float32), execute(model(300), x))


def test_constants_may_be_nodes_and_activations_may_be_sliced_and_joined(tmp_path: Path) -> None:
    w = writer(seed=8)
    value = w.node("Sign", ["x"])
    halves = [
        w.node("Slice", [value, *(w.constant([k], "at", np.int64) for k in (first, end, 1))])
        for first, end in ((8, 16), (0, 8))
    ]
    swapped = w.node("Concat", halves, axis=1)
    matrix = w.rng.integers(-3, 4, (16, 4)).astype(np.float32)
    w.nodes.append(helper.make_node("Constant", [], ["held"], value=numpy_helper.from_array(matrix)))
    result = w.node("Gemm", [swapped, "held"])
    program = imported(finished(w.nodes, w.tensors, result, "N", 16, 4, domain=""), tmp_path)
    x = rows(100, 16)
    expected = np.sign(np.concatenate([x[:, 8:], x[:, :8]], axis=1)) @ matrix
    np.testing.assert_array_equal(interpret(program, x)["values"], expected)


def test_outputs_of_one_scale_compare_as_the_sums_themselves(tmp_path: Path) -> None:
    w = writer(seed=9)
    value = w.quantized("x", 1, 1.0, True)
    value = w.node("MatMul", [value, w.constant(w.rng.integers(-3, 4, (16, 5)), "weight")])
    value = w.node("Div", [w.node("Sub", [value, w.constant(0.37, "mean")]), w.constant(7.83, "spread")])
    value = w.node("Add", [w.node("Mul", [value, w.constant(1.83, "gamma")]), w.constant(-0.21, "beta")])
    program = imported(finished(w.nodes, w.tensors, value, "N", 16, 5), tmp_path)
    assert program[program.outputs["scores"]].type.bits <= 16  # no 52-bit grid
    scale = program[program.outputs["values"]]
    assert len(set(scale.scale.tolist())) == len(set(scale.offset.tolist())) == 1


def retyped(model: onnx.ModelProto, dtype: type[np.generic]) -> onnx.ModelProto:
    """Every float tensor, the input and the output in another float type."""
    for t in model.graph.initializer:
        if t.data_type == TensorProto.FLOAT:
            t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype(dtype), t.name))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return model


@pytest.mark.parametrize("dtype", (np.float16, np.float64))
def test_weights_and_scales_of_half_and_double_precision(dtype: type[np.generic], tmp_path: Path) -> None:
    made = Recipe(2, 2, (16, 12, 9, 4), bias=True, batch_norm=True)  # every constant is exact in half
    x = rows(200, 16)
    for build in (lambda: qonnx_model(made, "N"), lambda: qdq("uint8", True, True)):
        plain, other = (imported(m, tmp_path) for m in (build(), retyped(build(), dtype)))
        np.testing.assert_array_equal(interpret(other, x)["values"], interpret(plain, x)["values"])


@needs_qonnx
def test_half_precision_weights_behind_a_cast(tmp_path: Path) -> None:
    made = Recipe(2, 2, (16, 12, 9, 4), bias=True, batch_norm=True)
    model = qonnx_model(made, "N")
    casts = []
    for t in model.graph.initializer:
        if len(t.dims) == 2:
            name = t.name
            t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [t.name], [name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
    x = rows(200, 16)
    source = onnx.ModelProto()
    source.CopyFrom(model)
    for value in (*source.graph.input, *source.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = len(x)
    found = interpret(imported(model, tmp_path), x)["values"].astype(np.float32)
    np.testing.assert_array_equal(found, execute(source, x))


@pytest.mark.parametrize("version", (3, 4, 10))
def test_ir_versions_from_3_on_with_initialisers_as_inputs_and_no_opset_imports(
    version: int, tmp_path: Path
) -> None:
    made = Recipe(2, 2, (16, 12, 9, 4), bias=True, batch_norm=True)
    model = with_quirks(qonnx_model(made, "N"))
    model.ir_version = version
    del model.opset_import[:]
    x = rows(200, 16)
    expected = interpret(imported(qonnx_model(made, "N"), tmp_path), x)["values"]
    np.testing.assert_array_equal(interpret(imported(model, tmp_path), x)["values"], expected)


def test_old_opsets_align_a_constant_by_their_axis(tmp_path: Path) -> None:
    w = writer(seed=7)
    value = w.quantized("x", 2, 0.5, True)
    bias = w.constant([1.0, 2.0, 4.0, 8.0], "bias")  # one per row of the 4 x 4 image, not per column
    value = w.node("Add", [value, bias], axis=2, broadcast=1)
    value = w.node("MatMul", [w.node("Flatten", [value]), w.constant(w.rng.integers(-3, 4, (16, 3)), "w")])
    old = imported(finished(w.nodes, w.tensors, value, "N", (1, 4, 4), 3, opset=6, ir=3), tmp_path)
    tensor = next(t for t in w.tensors if t.name == bias)
    tensor.CopyFrom(numpy_helper.from_array(np.array([[1.0], [2.0], [4.0], [8.0]], np.float32), bias))
    del w.nodes[1].attribute[:]
    new = imported(finished(w.nodes, w.tensors, value, "N", (1, 4, 4), 3), tmp_path)
    x = rows(50, 16)
    np.testing.assert_array_equal(interpret(old, x)["values"], interpret(new, x)["values"])
