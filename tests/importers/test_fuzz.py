"""Mutated model files: whatever stands in them, a reader answers with a program or with one sentence.

Mutations know the structure: shapes, types, names, attributes, order of nodes, bytes of tensors,
metadata (with the digest renewed), data in other files, and plain bytes of the file.
"""

import resource
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from support.dialects import Recipe, brevitas_tfc, finn_graph, qdq, qonnx_model, with_quirks
from support.networks import random_network
from support.qdq_graphs import MICROSOFT, Graph

from qcompile.backends.onnx.build import build
from qcompile.errors import QCompileError
from qcompile.importers.qonnx import read_program
from qcompile.ir.lower import lower
from qcompile.model_file.keys import DIGEST, digest
from qcompile.model_file.read import read_network

pytestmark = pytest.mark.filterwarnings("ignore")

NUMBERS = (0, 1, -1, 2, 7, 255, 1 << 20, 1 << 31, (1 << 62), -(1 << 62))
FLOATS = (0.0, -1.0, 1e-30, 1e30, float("nan"), float("inf"), 0.5)
LOCATIONS = ("../../../etc/passwd", "/etc/passwd", "", ".", "a\0b", "x" * 5000, "no.bin", *("data.bin",) * 5)
OPERATORS = (
    *"Add MatMul Gemm Reshape Slice Concat Conv Cast IntQuant Quant Trunc BipolarQuant Pow Clip".split(),
    *"Transpose Gather ConstantOfShape TopK ArgMax QuantizeLinear DequantizeLinear Shape Sign".split(),
    *("MultiThreshold", "XnorPopcountMatMul", "MaxPool", "AveragePool", "GlobalAveragePool", "Pad", ""),
    *"Tanh Sigmoid Gelu LeakyRelu PRelu Elu Mul ReduceMean QLinearConv QLinearMatMul QGemm".split(),
    *"QLinearAdd QLinearConcat QLinearSigmoid Softmax ArrayFeatureExtractor LSTM".split(),
)


def sources() -> list[onnx.ModelProto]:
    recipes = (
        Recipe(1, 1, (9, 6, 3), bias=True, transpose=True),
        Recipe(2, 2, (9, 5, 3), batch_norm=True),
        Recipe(8, 4, (6, 5, 4, 2), bias=True, relu=True),
    )
    ours = [build(lower(random_network(s, columns=c))).files["model.onnx"] for s, c in ((0, 1), (1, 3))]
    others = [
        with_quirks(brevitas_tfc(1)),
        finn_graph("N", False),
        finn_graph("N", True),
        qdq("uint8", True, True),
        qdq("int8", False, False),
    ]
    return [
        *(qonnx_model(r, "N") for r in recipes),
        *others,
        *convolutional(),
        *(onnx.load_from_string(b) for b in ours),
    ]


def convolutional() -> list[onnx.ModelProto]:
    """Small images through every operator of images, sums, joins and operators on integers."""
    g = Graph(seed=1)
    value = g.node("Pad", [g.qdq("x"), g.constant([0, 0, 1, 1, 0, 0, 1, 1], "pads", np.int64)])
    value = g.node("Conv", [value, g.weight(4, 2, 3, 3)], strides=[1, 1], pads=[0, 0, 0, 0])
    value = g.qdq(value, 2.0**-2)
    other = g.qdq(g.node("Conv", [value, g.weight(4, 1, 3, 3)], group=4, pads=[1] * 4), 2.0**-3)
    value = g.node("Concat", [g.qdq(g.node("Add", [value, other]), 2.0**-2), value], axis=1)
    value = g.node("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2])
    value = g.node("Gelu", [g.qdq(g.node("GlobalAveragePool", [value]), 2.0**-2)])
    dense = g.dense(g.node("Flatten", [g.qdq(value)]), 8, 3)
    first = g.model(g.qdq(g.node("Softmax", [dense])), (2, 5, 4), 3)
    h = Graph(seed=2)
    pair, result = h.pair(2.0**-4, 128, np.uint8), h.pair(2.0**-2, 100, np.uint8)
    codes = [h.node("QuantizeLinear", ["x", *pair]), *pair]
    weight = [h.constant(h.rng.integers(-9, 9, (3, 2, 2, 2)), "weight", np.int8), *h.pair(2.0**-3)]
    bias = h.constant(h.rng.integers(-9, 9, 3), "bias", np.int32)
    tensor = [h.node("QLinearConv", [*codes, *weight, *result, bias], strides=[2, 2]), *result]
    tensor = [h.node("QLinearAdd", [*tensor, *tensor, *result], MICROSOFT), *result]
    return [first, h.model(h.node("DequantizeLinear", tensor), (2, 4, 4), 12, microsoft=True)]


def mutate(model: onnx.ModelProto, rng: np.random.Generator) -> bytes:
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for _ in range(int(rng.integers(1, 4))):
        MUTATIONS[int(rng.integers(len(MUTATIONS)))](changed, rng)
    if rng.random() < 0.5:
        for entry in changed.metadata_props:
            if entry.key == DIGEST:
                entry.value = digest(changed)
    content = bytearray(changed.SerializeToString())
    if rng.random() < 0.2 and content:
        for position in rng.integers(0, len(content), int(rng.integers(1, 6))):
            content[position] = int(rng.integers(256))
    if rng.random() < 0.05:
        content = content[: int(rng.integers(0, len(content) + 1))]
    return bytes(content)


def pick(items, rng):
    return items[int(rng.integers(len(items)))] if len(items) else None


def change_dims(model, rng):
    if (t := pick(model.graph.initializer, rng)) is not None and len(t.dims):
        t.dims[int(rng.integers(len(t.dims)))] = pick(NUMBERS, rng)


def change_type(model, rng):
    if (t := pick(model.graph.initializer, rng)) is not None:
        t.data_type = int(rng.integers(0, 30))


def change_data(model, rng):
    if (t := pick(model.graph.initializer, rng)) is None:
        return
    if t.data_type == TensorProto.FLOAT and len(t.raw_data) >= 4:
        values = np.frombuffer(t.raw_data, np.float32).copy()
        values[int(rng.integers(len(values)))] = pick(FLOATS, rng)
        t.raw_data = values.tobytes()
    elif rng.random() < 0.5:
        t.raw_data = t.raw_data[: len(t.raw_data) // 2]
    else:
        t.ClearField("raw_data")
        t.float_data.extend([1.0, 2.0])


def change_location(model, rng):
    if (t := pick(model.graph.initializer, rng)) is not None:
        t.data_location = TensorProto.EXTERNAL
        t.external_data.add(key="location", value=pick(LOCATIONS, rng))
        for key in ("offset", "length"):
            if rng.random() < 0.5:
                t.external_data.add(key=key, value=pick((*map(str, NUMBERS), "4", "64", "1e3", "x"), rng))


def change_operator(model, rng):
    if (n := pick(model.graph.node, rng)) is not None:
        n.op_type = pick(OPERATORS, rng)
        n.domain = pick(("", "onnx.brevitas", "ai.onnx.ml"), rng)


def change_wire(model, rng):
    if (n := pick(model.graph.node, rng)) is not None and len(n.input):
        names = (
            [t.name for t in model.graph.initializer]
            + [o for m in model.graph.node for o in m.output]
            + ["x", ""]
        )
        n.input[int(rng.integers(len(n.input)))] = pick(names, rng)


def change_inputs(model, rng):
    if (n := pick(model.graph.node, rng)) is not None:
        if rng.random() < 0.5 and len(n.input):
            n.input.pop()
        else:
            n.input.append(pick([t.name for t in model.graph.initializer] or ["x"], rng))


def change_attribute(model, rng):
    n = pick([m for m in model.graph.node if m.attribute], rng)
    if n is None:
        return
    a = pick(n.attribute, rng)
    a.i, a.f, a.s = pick(NUMBERS, rng), 1.5, b"ROUND"
    a.type = int(rng.integers(0, 8))
    a.ints.extend([pick(NUMBERS, rng)])


def add_attribute(model, rng):
    if (n := pick(model.graph.node, rng)) is not None:
        name = pick(
            ("axis", "perm", "axes", "transB", "to", "signed", "narrow", "block_size", "group", "strides"),
            rng,
        )
        n.attribute.add(name=name, type=2, i=pick(NUMBERS, rng))
        if rng.random() < 0.5:
            name = pick(("strides", "pads", "dilations", "kernel_shape", "axes"), rng)
            n.attribute.add(name=name, type=7, ints=[pick(NUMBERS, rng) for _ in range(rng.integers(1, 5))])


def change_order(model, rng):
    nodes = list(model.graph.node)
    rng.shuffle(nodes)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def drop_node(model, rng):
    if len(model.graph.node):
        del model.graph.node[int(rng.integers(len(model.graph.node)))]


def change_shape(model, rng):
    value = pick([*model.graph.input, *model.graph.output], rng)
    if value is not None and (d := pick(value.type.tensor_type.shape.dim, rng)) is not None:
        d.dim_value = pick(NUMBERS, rng)


def change_metadata(model, rng):
    if (e := pick(model.metadata_props, rng)) is not None and e.value:
        at = int(rng.integers(len(e.value)))
        e.value = (
            e.value[:at] + pick(("9", "[", "-", "null", "1e999", '"', "99999999999"), rng) + e.value[at + 1 :]
        )


def change_version(model, rng):
    model.ir_version = pick(NUMBERS[:7], rng)
    if len(model.opset_import):
        model.opset_import[0].version = pick(NUMBERS[:7], rng)


MUTATIONS = (
    *(change_dims, change_type, change_data, change_data, change_location, change_operator, change_wire),
    *(change_inputs, change_attribute, add_attribute, change_order, drop_node, change_shape),
    *(change_metadata, change_metadata, change_version),
)


def fuzz(rounds: int, seed: int, path: Path) -> dict[str, int]:
    """Read so many mutated files; returns how they ended."""
    rng = np.random.default_rng(seed)
    models = sources()
    (path.parent / "data.bin").write_bytes(rng.bytes(4096))
    ended = {"read": 0, "refused": 0}
    for _ in range(rounds):
        path.write_bytes(mutate(models[int(rng.integers(len(models)))], rng))
        for read in (read_program, read_network):
            began = time.process_time()  # what the file costs, whatever else the machine does meanwhile
            try:
                read(path)
                ended["read"] += 1
            except QCompileError as error:
                ended["refused"] += 1
                assert "\n" not in str(error) and str(error).endswith(".")
            assert time.process_time() - began < 2, "a damaged file took more than two seconds"
    return ended


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    ended = fuzz(500, 0, tmp_path / "mutated.onnx")
    assert ended["refused"] > 300 and ended["read"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_a_hundred_thousand_mutated_files_stay_below_one_gibibyte(part: int, tmp_path: Path) -> None:
    fuzz(10_000, 1000 + part, tmp_path / "mutated.onnx")
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert peak_bytes < 1 << 30
