"""Exported image programs: the same bits as the interpreter, in two runtimes that share no code."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from support.images import image_programs

from qcompile.backends.onnx.build import build
from qcompile.errors import UnsupportedError
from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Conv, Input, MaxPool, Requantize, Reshape
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.run import onnxruntime, reference


def rows_of(program: Program, n: int = 6) -> np.ndarray:
    return np.concatenate([seeded_rows(program, n), worst_case_rows(program, neurons=1)])


def check(program: Program, option: str = "packed", runtimes=(onnxruntime, reference)) -> None:
    """Scores, values and labels equal the interpreter's in every bit."""
    x = rows_of(program)
    expected, artifact = interpret(program, x), build(program, option=option)
    for runtime in runtimes:
        found = runtime.open_artifact(artifact).run(x)
        np.testing.assert_array_equal(found["scores"].astype(object), expected["scores"].astype(object))
        if "values" in expected:
            values = np.asarray(expected["values"], dtype=np.float64)
            np.testing.assert_array_equal(found["values"].view(np.uint64), values.view(np.uint64))
        if "label" in expected:
            np.testing.assert_array_equal(found["class_index"], expected["label"][:, 0])


@settings(deadline=None, max_examples=200)
@given(image_programs())
def test_both_runtimes_equal_the_interpreter_on_images(program: Program) -> None:
    check(program)


@settings(deadline=None, max_examples=40)
@given(image_programs())
@pytest.mark.parametrize("option", ("dense", "int4", "reference"))
def test_other_forms_hold_images_too(option: str, program: Program) -> None:
    try:
        artifact = build(program, option=option)
    except UnsupportedError as refusal:
        assert "holds 16 different weights" in str(refusal)
        return
    x = rows_of(program)
    found = onnxruntime.open_artifact(artifact).run(x)["scores"]
    np.testing.assert_array_equal(found.astype(object), interpret(program, x)["scores"].astype(object))


def one_layer(kind: ValueType, weight: np.ndarray, **window) -> Program:
    """An input of a type and a convolution, flattened."""
    x = Input("x", kind)
    places = Conv("c", kind, "x", weight, **window).window.results(kind.positions)
    conv = Conv("c", ValueType("i", 64, len(weight), places), "x", weight, **window)
    flat = Reshape("s", ValueType("i", 64, conv.type.length), "c")
    return fit_types(Program("p", (x, conv, flat), {"scores": "s"}))


def form_of(program: Program) -> str:
    return build(program).provenance["convolutions"]["c"]


@pytest.mark.parametrize("pad", ((0, 0, 0, 0), (1, 0, 2, 1)))
@pytest.mark.parametrize("groups", (1, 2))
@pytest.mark.parametrize(
    ("kind", "bits", "low", "high", "form"),
    (
        ("u", 8, -7, 8, "Conv in float32"),
        ("u", 8, -128, 128, "ConvInteger"),
        ("i", 8, -128, 128, "ConvInteger"),
        ("u", 8, -128, -127, "ConvInteger"),
        ("i", 16, -16, 16, "int32 MatMul"),
        ("i", 16, -(2**15), 2**15, "double MatMul"),
        ("i", 32, -(2**20), 2**20, "int64 MatMul"),
    ),
)
def test_every_form_of_a_convolution_is_exact(kind, bits, low, high, form, groups, pad) -> None:
    rng = np.random.default_rng(bits)
    weight = rng.choice((low, high - 1), (4, 3, 3, 260 // groups))
    program = one_layer(ValueType(kind, bits, 260, (4, 5)), weight, pad=pad, groups=groups, stride=(1, 2))
    assert form_of(program).startswith(form)
    check(program)


def test_a_byte_is_never_a_float_at_its_limit() -> None:
    at_limit = one_layer(ValueType("u", 8, 257, (1, 1)), np.full((1, 1, 1, 257), 256, dtype=np.int64))
    assert form_of(at_limit).startswith("Conv in float32, sums up to 16776960")
    beyond = one_layer(ValueType("u", 8, 258, (1, 1)), np.full((1, 1, 1, 258), 255, dtype=np.int64))
    assert form_of(beyond).startswith("Conv in float32, sums up to 16776450")
    weight = np.full((1, 1, 1, 258), 256, dtype=np.int64)
    weight[..., 0] = 513
    check(one_layer(ValueType("u", 8, 258, (1, 1)), weight))
    assert form_of(one_layer(ValueType("u", 8, 258, (1, 1)), weight)).startswith("int32 MatMul")


@pytest.mark.parametrize(
    "kind", (ValueType("u", 1, 3, (5, 4)), ValueType("i", 32, 3, (5, 4)), ValueType("i", 60, 3, (5, 4)))
)
@pytest.mark.parametrize("pad", ((0, 0, 0, 0), (1, 1, 0, 1), (2, 2, 2, 2)))
def test_pools_of_every_size_of_integer_are_exact(kind: ValueType, pad) -> None:
    x = Input("x", kind)
    shape = MaxPool("m", kind, "x", (2, 2), (1, 2), pad, (2, 2)).window.results(kind.positions)
    pool = MaxPool("m", ValueType("i", 64, 3, shape), "x", (2, 2), (1, 2), pad, (2, 2))
    flat = Reshape("s", ValueType("i", 64, pool.type.length), "m")
    check(fit_types(Program("p", (x, pool, flat), {"scores": "s"})))


@pytest.mark.parametrize("positions", ((1, 1), (2, 3)))
@pytest.mark.parametrize("bits", (8, 16, 32, 40))
@pytest.mark.parametrize("shift", (0, 3, 17))
def test_a_requantize_of_negative_values_rounds_down(bits: int, shift: int, positions) -> None:
    rng = np.random.default_rng(shift)
    kind, most = ValueType("i", bits, 5, positions), 2**12
    exceptions = [(2, -(2 ** (bits - 1)), -3), (2, 0, 7), (4, 2 ** (bits - 1) - 1, 5), (0, 2**62, 1)]
    op = Requantize(
        "q",
        kind,
        "x",
        rng.integers(-most, most, 5),
        rng.integers(-(2**20), 2**20, 5),
        np.array([shift, 0, shift, 1, shift]),
        (-100, 90),
        exceptions,
    )
    flat = Reshape("s", ValueType("i", 64, kind.length), "q")
    program = fit_types(Program("p", (Input("x", kind), op, flat), {"scores": "s"}))
    x = np.concatenate(
        [rows_of(program), rng.integers(-300, 300, (20, kind.length)).clip(kind.low, kind.high)]
    )
    assert (interpret(program, x)["scores"] < 0).any()
    for runtime in (onnxruntime, reference):
        found = runtime.open_artifact(build(program)).run(x)["scores"]
        np.testing.assert_array_equal(found, interpret(program, x)["scores"])


def test_the_file_says_how_an_image_lies() -> None:
    program = one_layer(ValueType("u", 4, 3, (6, 7)), np.ones((2, 3, 3, 3), dtype=np.int64))
    model = onnx.load_from_string(build(program).files["model.onnx"])
    layout = "N x 6 x 7 x 3 (rows, columns, channels)"
    assert f"input {layout}" in model.graph.doc_string
    assert {e.key: e.value for e in model.metadata_props}["qcompile.layout"] == layout
    assert [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:]] == [6, 7, 3]


def test_an_output_that_is_an_image_leaves_as_rows() -> None:
    program = one_layer(ValueType("u", 4, 3, (6, 7)), np.ones((2, 3, 3, 3), dtype=np.int64))
    check(fit_types(Program("p", program.ops[:2], {"scores": "c"})))
