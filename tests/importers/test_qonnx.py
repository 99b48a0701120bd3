"""Imported networks take the same decisions as the qonnx package's execution, on every output."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from support.dialects import Recipe, Writer, execute, finished, qonnx_model, rows

from qcompile.backends.onnx.build import build
from qcompile.importers.qonnx import read_program
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Dot, Requantize, Threshold
from qcompile.run import onnxruntime

pytest.importorskip("qonnx", reason="the qonnx package, which executes the dialect, is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of qonnx itself

BITS = ((1, 1), (1, 2), (2, 2), (3, 3), (4, 4), (8, 8))
SHAPES = (
    {"widths": (16, 12, 5)},
    {"widths": (16, 12, 9, 4), "bias": True, "batch_norm": True, "transpose": True},
    {
        "widths": (16, 20, 12, 10, 8, 3),
        "bias": True,
        "relu": True,
        "domain": "onnx.brevitas",
        "quant": "Quant",
    },
    {"widths": (16, 8, 6, 1), "batch_norm": True, "relu": True, "domain": "finn.custom_op.general"},
)


def recipe(bits: tuple[int, int], shape: int, **changes) -> Recipe:
    given = {**SHAPES[shape], "seed": 10 * shape + bits[0], **changes}
    if bits[1] == 1:
        given["relu"] = False  # a bipolar quantizer behind a relu is constant
    return Recipe(*bits, **given)


def imported(model: onnx.ModelProto, folder: Path):
    path = folder / "source.onnx"
    path.write_bytes(model.SerializeToString())
    return read_program(path)


@pytest.mark.parametrize("bits", BITS, ids=lambda b: f"w{b[0]}a{b[1]}")
@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_every_output_equals_the_execution_by_qonnx(
    bits: tuple[int, int], shape: int, tmp_path: Path
) -> None:
    made = recipe(bits, shape)
    x = rows(1000, 16)
    # qonnx knows the dialect under its own domain; the importer reads all three.
    expected = execute(qonnx_model(recipe(bits, shape, domain="qonnx.custom_op.general"), 1000), x)
    program = imported(qonnx_model(made, "N"), tmp_path)
    found = interpret(program, x)
    np.testing.assert_array_equal(found["values"].astype(np.float32), expected)
    if expected.shape[1] > 1:
        np.testing.assert_array_equal(found["label"][:, 0], expected.argmax(axis=1))
    hidden = len(made.widths) - 2
    assert sum(isinstance(op, Threshold | Requantize) for op in program.ops) == hidden
    assert sum(isinstance(op, Dot) for op in program.ops) >= hidden + 1


@pytest.mark.parametrize("bits", BITS[1:], ids=lambda b: f"w{b[0]}a{b[1]}")
def test_scales_of_any_size_give_the_same_values_up_to_float32_rounding(
    bits: tuple[int, int], tmp_path
) -> None:
    made = recipe(bits, 1, power_of_two=False, domain="qonnx.custom_op.general")
    x = rows(1000, 16)
    expected = execute(qonnx_model(made, 1000), x)
    found = interpret(imported(qonnx_model(made, "N"), tmp_path), x)
    # Sums of 12 float32 products and a batch norm: each output is off by at most 32 roundings of its size.
    size = np.abs(expected).max() + 8
    assert np.abs(found["values"] - expected).max() <= 32 * 2.0**-24 * size


def test_the_imported_program_compiles_to_onnx_and_keeps_its_bits(tmp_path: Path) -> None:
    for bits in ((1, 1), (3, 3), (8, 8)):
        program = imported(qonnx_model(recipe(bits, 1), "N"), tmp_path)
        x = rows(200, 16)
        np.testing.assert_array_equal(
            onnxruntime.open_artifact(build(program)).scores(x), interpret(program, x)["scores"]
        )


def test_a_static_batch_and_a_dynamic_one_give_the_same_program(tmp_path: Path) -> None:
    x = rows(50, 16)
    first, second = (
        interpret(imported(qonnx_model(recipe((2, 2), 1), batch), tmp_path), x)["values"]
        for batch in (4, "N")
    )
    np.testing.assert_array_equal(first, second)


def wide_input(batch: int | str, narrow: int, d: int = 300) -> onnx.ModelProto:
    """An 8-bit quantizer on more inputs than can be compared level by level."""
    w = Writer(Recipe(2, 8, (d, 3)))
    inputs = ["x", *(w.constant(c, "c") for c in (np.float32(0.011), 0, 8))]
    flags = {"signed": 1, "narrow": narrow, "rounding_mode": "ROUND"}
    value = w.node("IntQuant", inputs, "qonnx.custom_op.general", **flags)
    value = w.node("MatMul", [value, w.weights(d, 3)])
    return finished(w.nodes, w.tensors, value, batch, d, 3)


@pytest.mark.parametrize("narrow", (0, 1))
def test_eight_bits_of_many_inputs_are_exact_at_every_tie(narrow: int, tmp_path: Path) -> None:
    program = imported(wide_input("N", narrow), tmp_path)
    rng = np.random.default_rng(0)
    codes = rng.integers(-140, 140, (200, 300))
    x = ((codes + 0.5) * np.float32(0.011)).astype(np.float32)  # halfway, and its neighbours
    x[1::3], x[2::3] = np.nextafter(x[1::3], np.inf), np.nextafter(x[2::3], -np.inf)
    x[0] = np.resize(np.float32([3e38, -3e38, 0.0, -0.0, 1e-45]), 300)
    low = -127 if narrow else -128
    expected = np.clip(np.round(x / np.float32(0.011)), low, 127) - low
    codes = interpret(program.with_ops(program.ops, outputs={"scores": program.ops[1].result}), x)["scores"]
    np.testing.assert_array_equal(codes, expected)
    # Sums of 300 float32 products round.
    executed = execute(wide_input(200, narrow), x)
    np.testing.assert_allclose(interpret(program, x)["values"], executed, atol=300 * 2.0**-24 * 300)
