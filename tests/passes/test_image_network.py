"""A binary image network as an importer makes it, through every pass, against ONNX Runtime in float32."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.operation import Op
from qcompile.ir.ops import Affine, Argmax, Conv, Dot, Input, MaxPool, Requantize, Reshape, Threshold
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.ir.verify import verify
from qcompile.passes.pipeline import EVERYWHERE, optimise

ALL = (*EVERYWHERE, Conv, MaxPool, Reshape, Requantize)
LAYERS = ((8, 3, 0), (16, 3, 1), (9, 3, 0))  # filters, kernel, padding; a pool after the second


def _layer(rng: np.random.Generator, k: int, last: Op, shape: tuple[int, int, int]) -> list[Op]:
    """Convolution, batch norm, sign (u1), back to -1 and +1; shape is that of the sums."""
    filters, kernel, pad = LAYERS[k]
    kind = ValueType("i", 64, filters, shape[:2])
    weight = rng.choice([-1, 1], (filters, kernel, kernel, last.type.channels))
    return [
        Conv(f"c{k}", kind, last.result, weight, pad=(pad,) * 4),
        Affine(f"b{k}", kind, f"c{k}", rng.choice([-3, -1, 2, 5], filters), rng.integers(-9, 10, filters)),
        Threshold(f"t{k}", kind, f"b{k}", np.zeros((filters, 1)), np.ones(filters)),
        Affine(f"q{k}", kind, f"t{k}", [2], [-1]),
    ]


def _network() -> Program:
    rng = np.random.default_rng(5)
    ops: list[Op] = [Input("x", ValueType("i", 8, 3, (10, 9)))]
    ops += _layer(rng, 0, ops[-1], (8, 7, 8))
    ops += _layer(rng, 1, ops[-1], (8, 7, 16))
    ops.append(MaxPool("p", ValueType("i", 64, 16, (4, 3)), "q1", (2, 2), (2, 2)))
    ops += _layer(rng, 2, ops[-1], (2, 1, 9))
    ops.append(Reshape("f", ValueType("i", 64, 18), "q2"))
    ops.append(Dot("s", ValueType("i", 64, 4), "f", rng.choice([-1, 1], (4, 18))))
    ops.append(Argmax("label", ValueType("i", 64, 1), "s"))
    return fit_types(Program("images", tuple(ops), {"scores": "s", "label": "label"}))


def _float32(program: Program) -> onnx.ModelProto:
    """The same network as ONNX writes it, NCHW in float32, a node or two per operation."""
    nodes, constants = [], []

    def constant(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.asarray(value, dtype=np.float32), name))
        return name

    def column(values: np.ndarray) -> np.ndarray:
        return np.asarray(values).reshape(-1, 1, 1)

    for op in program.ops[1:]:
        read, out = list(op.operands), op.result
        if isinstance(op, Conv):
            read.append(constant(f"{out}.w", op.weight.transpose(0, 3, 1, 2)))
            nodes.append(helper.make_node("Conv", read, [out], pads=op.pad))
        elif isinstance(op, Affine):
            scaled = [*read, constant(f"{out}.s", column(op.scale))]
            nodes.append(helper.make_node("Mul", scaled, [f"{out}_scaled"]))
            shifted = [f"{out}_scaled", constant(f"{out}.t", column(op.shift))]
            nodes.append(helper.make_node("Add", shifted, [out]))
        elif isinstance(op, Threshold):
            reached = [*read, constant(f"{out}.l", column(op.levels[:, 0]))]
            nodes.append(helper.make_node("GreaterOrEqual", reached, [f"{out}_met"]))
            nodes.append(helper.make_node("Cast", [f"{out}_met"], [out], to=TensorProto.FLOAT))
        elif isinstance(op, MaxPool):
            nodes.append(helper.make_node("MaxPool", read, [out], kernel_shape=op.kernel, strides=op.stride))
        elif isinstance(op, Reshape):
            nodes.append(helper.make_node("Transpose", read, [f"{out}_nhwc"], perm=(0, 2, 3, 1)))
            nodes.append(helper.make_node("Flatten", [f"{out}_nhwc"], [out]))
        elif isinstance(op, Dot):
            nodes.append(helper.make_node("MatMul", [*read, constant(f"{out}.w", op.weight.T)], [out]))
    height, width, channels = program.input.type.shape
    info = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", channels, height, width])
    score = helper.make_tensor_value_info("s", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "images", [info], [score], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_the_network_is_the_same_in_onnx_runtime_and_after_every_pass() -> None:
    program = _network()
    verify(program)
    rows = np.random.default_rng(6).integers(-128, 128, (300, program.input.type.length))
    images = rows.reshape(-1, *program.input.type.shape).transpose(0, 3, 1, 2).astype(np.float32)
    session = onnxruntime.InferenceSession(_float32(program).SerializeToString())
    expected = session.run(None, {"x": images})[0]
    np.testing.assert_array_equal(interpret(program, rows)["scores"], expected)
    best, _ = optimise(program, runs=ALL)
    np.testing.assert_array_equal(interpret(best, rows)["scores"], expected)
    assert len(np.unique(expected, axis=0)) > 10  # the rows tell networks apart


def test_batch_norms_are_levels_and_only_the_padded_layer_reads_minus_one() -> None:
    best, _ = optimise(_network(), runs=ALL)
    words = [op.word() for op in best.ops]
    assert words == [
        *("input", "conv", "threshold", "affine"),  # the affine before the padded convolution stays
        *("conv", "threshold", "maxpool"),
        *("conv", "threshold", "reshape", "dot", "affine", "argmax"),
    ]
    for op in best.ops:
        if isinstance(op, Threshold):
            assert (op.sign > 0).all()
            assert op.type.bits == 1
