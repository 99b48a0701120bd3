"""Random fully connected networks in the QONNX dialect, and their execution by the qonnx package."""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

QONNX = "qonnx.custom_op.general"


@dataclass(frozen=True)
class Recipe:
    """What to generate.

    ``power_of_two`` scales make float32 execution exact, so that equality is equality of bits.
    """

    weight_bits: int
    activation_bits: int
    widths: tuple[int, ...]
    bias: bool = False
    batch_norm: bool = False
    power_of_two: bool = True
    domain: str = QONNX
    quant: str = "IntQuant"
    seed: int = 0
    transpose: bool = False
    relu: bool = False


class Writer:
    """Nodes and initialisers of a model under construction."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.rng = np.random.default_rng(recipe.seed)
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def constant(self, value, name: str, dtype=np.float32) -> str:
        unique = f"{name}_{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(value, dtype), unique))
        return unique

    def node(self, operator: str, inputs: list[str], domain: str = "", **attributes) -> str:
        result = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(
                operator, inputs, [result], name=f"{operator}{len(self.nodes)}", domain=domain, **attributes
            )
        )
        return result

    def scale(self, typical: float) -> float:
        if self.recipe.power_of_two:
            return float(2.0 ** np.round(np.log2(typical)))
        return float(np.float32(typical * self.rng.uniform(0.7, 1.4)))

    def quantized(self, value: str, bits: int, scale: float, signed: bool, narrow: bool = False) -> str:
        r = self.recipe
        step = self.constant(scale, "scale")
        if bits == 1:
            return self.node("BipolarQuant", [value, step], r.domain)
        inputs = [value, step, self.constant(0, "zeropt"), self.constant(bits, "bits")]
        flags = {"signed": int(signed), "narrow": int(narrow), "rounding_mode": "ROUND"}
        return self.node(r.quant, inputs, r.domain, **flags)

    def weights(self, inputs: int, outputs: int) -> str:
        bits = self.recipe.weight_bits
        w = self.rng.normal(size=(inputs, outputs))
        if self.recipe.transpose:
            name = self.quantized(self.constant(w.T, "weight"), bits, self.scale(2.0**-bits), True, True)
            return self.node("Transpose", [name], perm=[1, 0])
        return self.quantized(self.constant(w, "weight"), bits, self.scale(2.0**-bits), True, True)

    def norm(self, value: str, n: int) -> str:
        gamma = self.rng.choice([-2.0, -1, -0.5, 0.5, 1, 2], n)
        if n > 3:
            gamma[0] = 0.0
        beta, mean = np.round(self.rng.normal(size=(2, n)) * 8) / 8 + 1 / 64
        variance = (
            self.rng.choice([0.25, 1.0, 4.0], n) if self.recipe.power_of_two else self.rng.uniform(0.5, 3, n)
        )
        parts = [
            self.constant(c, k)
            for c, k in ((gamma, "gamma"), (beta, "beta"), (mean, "mean"), (variance, "var"))
        ]
        epsilon = 0.0 if self.recipe.power_of_two else 1e-5
        return self.node("BatchNormalization", [value, *parts], epsilon=epsilon)


def qonnx_model(recipe: Recipe, batch: int | str) -> onnx.ModelProto:
    """Input quantizer, layers of weights (with bias, batch norm, relu), quantizers between, plain logits."""
    w = Writer(recipe)
    value = w.quantized("x", recipe.activation_bits, w.scale(2.0 ** (1 - recipe.activation_bits) * 2), True)
    for k, (inputs, outputs) in enumerate(zip(recipe.widths[:-1], recipe.widths[1:], strict=True)):
        value = w.node("MatMul", [value, w.weights(inputs, outputs)])
        if recipe.bias:
            value = w.node("Add", [value, w.constant(np.round(w.rng.normal(size=outputs) * 16) / 16, "bias")])
        if recipe.batch_norm:
            value = w.norm(value, outputs)
        if k < len(recipe.widths) - 2:
            if recipe.relu:
                value = w.node("Relu", [value])
            scale = w.scale(2.0 ** (2 - recipe.activation_bits))
            value = w.quantized(value, recipe.activation_bits, scale, signed=not recipe.relu)
    return finished(w.nodes, w.tensors, value, batch, recipe.widths[0], recipe.widths[-1], recipe.domain)


def finished(nodes, tensors, value, batch, inputs, outputs, domain=QONNX, opset=13, ir=8) -> onnx.ModelProto:
    shape = [inputs] if isinstance(inputs, int) else list(inputs)
    graph = helper.make_graph(
        nodes,
        "generated",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *shape])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, [batch, outputs])],
        tensors,
    )
    imports = [helper.make_opsetid("", opset)]
    if domain:
        imports.append(helper.make_opsetid(domain, 1))
    return helper.make_model(graph, opset_imports=imports, ir_version=ir)


def execute(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    """The model's output as the qonnx package computes it."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    wrapped = ModelWrapper(model).transform(InferShapes())
    return execute_onnx(wrapped, {model.graph.input[0].name: x})[model.graph.output[0].name]


def rows(n: int, d: int, seed: int = 0) -> np.ndarray:
    """Rows on a fine grid, so that ties and thresholds are hit exactly, some far outside."""
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(n, d)) * 16) / 16
    x[0], x[1] = 1e6, -1e6
    return x.astype(np.float32)


def writer(bits: int = 1, **changes) -> Writer:
    return Writer(Recipe(bits, bits, (16, 4), **changes))


def brevitas_tfc(batch: int) -> onnx.ModelProto:
    """As Brevitas writes it: image input, shape chain, 2x - 1, transposed weights, a norm at the end."""
    w = writer(seed=3)
    shape = w.node("Shape", ["x"])
    first = w.node("Gather", [shape, w.constant(0, "zero", np.int64)], axis=0)
    parts = [w.node("Unsqueeze", [k], axes=[0]) for k in (first, w.constant(-1, "rest", np.int64))]
    flat = w.node("Reshape", ["x", w.node("Concat", parts, axis=0)])
    doubled = w.node("Mul", [flat, w.constant(2, "two")])
    value = w.quantized(w.node("Sub", [doubled, w.constant(1, "one")]), 1, 1.0, True)
    for k, (inputs, outputs) in enumerate(((16, 12), (12, 11), (11, 4))):
        weight = w.quantized(w.constant(w.rng.normal(size=(outputs, inputs)), "weight"), 1, 1.0, True)
        value = w.node("MatMul", [value, w.node("Transpose", [weight], perm=[1, 0])])
        if k < 2:
            value = w.quantized(w.norm(value, outputs), 1, 1.0, True)
    centred = w.node("Sub", [value, w.constant(0.75, "mean")])
    spread = w.node(
        "Pow", [w.node("Add", [w.constant(4.0, "var"), w.constant(0.0, "eps")]), w.constant(0.5, "half")]
    )
    value = w.node("Div", [centred, spread])
    value = w.node("Add", [w.node("Mul", [value, w.constant(-0.5, "gamma")]), w.constant(0.25, "beta")])
    model = finished(w.nodes, w.tensors, value, batch, (1, 4, 4), 4, opset=9, ir=6)
    for node in model.graph.node:
        if node.domain:
            node.domain = "onnx.brevitas"
    return model


def with_quirks(model: onnx.ModelProto) -> onnx.ModelProto:
    """Initialisers listed as inputs, and no opset import of the dialect."""
    for t in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(t.name, t.data_type, t.dims))
    kept = [entry for entry in model.opset_import if not entry.domain]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    return model


def finn_graph(batch: int | str, xnor: bool) -> onnx.ModelProto:
    """After streamlining: integers, MultiThreshold with scale and bias, XnorPopcountMatMul on bits."""
    w = writer(seed=5)
    thresholds = w.constant(np.sort(np.round(w.rng.normal(size=(16, 3)) * 8) / 8), "thresholds")
    finn = {"domain": "finn.custom_op.general"}
    value = w.node("MultiThreshold", ["x", thresholds], out_dtype="UINT2", **finn)
    matrix = w.rng.choice([-1, 1], (16, 12))
    value = w.node("MatMul", [value, w.constant(matrix, "weight")])
    if xnor:
        levels = w.constant(np.array([[0.0]]), "thresholds")
        value = w.node("MultiThreshold", [value, levels], out_dtype="BINARY", **finn)
        value = w.node(
            "XnorPopcountMatMul", [value, w.constant(w.rng.integers(0, 2, (12, 9)), "bits")], **finn
        )
        levels = w.constant(np.sort(w.rng.integers(2, 10, (9, 1))), "thresholds")
    else:
        levels = w.constant(np.sort(w.rng.integers(-9, 9, (12, 1))), "thresholds")
    bipolar = {"out_dtype": "BIPOLAR", "out_scale": 2.0, "out_bias": -1.0}
    value = w.node("MultiThreshold", [value, levels], **bipolar, **finn)
    value = w.node("MatMul", [value, w.constant(w.rng.integers(-3, 4, (9 if xnor else 12, 4)), "weight")])
    value = w.node("Mul", [value, w.constant(0.125, "scale")])
    value = w.node("Add", [value, w.constant(w.rng.integers(-8, 8, (1, 4)) / 16, "bias")])
    return finished(w.nodes, w.tensors, value, batch, 16, 4, domain="finn.custom_op.general")


QDQ_TYPES = {"uint8": np.uint8, "int8": np.int8}


def qdq(kind: str, gemm: bool, per_channel: bool, seed: int = 0) -> onnx.ModelProto:
    """QuantizeLinear - DequantizeLinear around every tensor, as converters of int8 models write."""
    w = writer(seed=seed)
    dtype = QDQ_TYPES[kind]
    middle = 128 if kind == "uint8" else 0

    def quantized(value: str, scale: float, zero: int, type_=dtype) -> str:
        pair = [w.constant(scale, "scale"), w.constant(zero, "zero", type_)]
        return w.node("DequantizeLinear", [w.node("QuantizeLinear", [value, *pair]), *pair])

    value = quantized("x", 1 / 16, middle)
    for inputs, outputs in ((16, 12), (12, 7), (7, 3)):
        integers = w.constant(w.rng.integers(-127, 128, (inputs, outputs)), "weight", np.int8)
        scale = 2.0 ** w.rng.integers(-9, -6, outputs) if per_channel else 2.0**-8
        zero = np.zeros(outputs if per_channel else (), np.int8)
        pair = [w.constant(scale, "scale"), w.constant(zero, "zero", np.int8)]
        weight = w.node("DequantizeLinear", [integers, *pair], **({"axis": 1} if per_channel else {}))
        bias = w.constant(w.rng.integers(-64, 64, outputs) / 64, "bias")
        if gemm:
            value = w.node("Gemm", [value, weight, bias])
        else:
            value = w.node("Add", [w.node("MatMul", [value, weight]), bias])
        if outputs != 3:
            value = quantized(w.node("Relu", [value]), 1 / 16, 0 if kind == "uint8" else -128)
    value = w.node("Softmax", [value], axis=1)
    return finished(w.nodes, w.tensors, value, "N", 16, 3, domain="")
