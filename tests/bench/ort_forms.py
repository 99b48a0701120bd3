"""The same networks as ONNX Runtime runs them best: float32, and every int8 form it has kernels for.

One thread, spinning off, inputs and outputs bound once, so a call is one ``run_with_iobinding``.
"""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

FLOAT, U8 = TensorProto.FLOAT, TensorProto.UINT8


class Bound:
    """A session with its arrays bound: call it to run once; ``result`` is the last output."""

    def __init__(self, nodes, constants, x, outputs=1):
        kind = {np.dtype(np.float32): FLOAT, np.dtype(np.uint8): U8}[x.dtype]
        answer = TensorProto.INT32 if nodes[-1].op_type == "MatMulInteger" else FLOAT
        graph = helper.make_graph(
            nodes, "g",
            [helper.make_tensor_value_info("x", kind, ["n", x.shape[1]])],
            [helper.make_tensor_value_info("y", answer, None)],
            [numpy_helper.from_array(np.asarray(a), name) for name, a in constants.items()],
        )  # fmt: skip
        domains = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=domains, ir_version=10)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.binding = self.session.io_binding()
        self.x = ort.OrtValue.ortvalue_from_numpy(x)
        self.binding.bind_ortvalue_input("x", self.x)
        first = self.session.run(None, {"x": x})[0]
        self.y = ort.OrtValue.ortvalue_from_numpy(np.zeros_like(first))
        self.binding.bind_ortvalue_output("y", self.y)

    def __call__(self):
        self.session.run_with_iobinding(self.binding)

    def result(self):
        return self.y.numpy()


def node(kind, inputs, outputs, **attributes):
    """Names separated by blanks."""
    return helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


TAIL = [
    node("Split", "z", "a b", axis=1, num_outputs=2),
    node("Mul", "a b", "h"),
    node("MatMul", "h alpha", "y"),
]


def bilinear(u, v, alpha, x, step, zero):
    """name -> Bound for f = ((x u')(x v')) alpha; int8 forms use q = round(x / step) + zero.

    Args:
        u: (m, d) signs.
        v: (m, d) signs.
        alpha: (m,) float32.
        x: (n, d) float32 rows.
        step: float32 of the static quantizer.
        zero: its zero point.
    """
    weights = np.concatenate([u, v]).T
    w8 = np.ascontiguousarray(weights.astype(np.int8))
    spread = float(4 * np.sqrt(len(weights)) * np.abs(x).mean() / 64)
    both = {"alpha": alpha.reshape(-1, 1).astype(np.float32)}
    static = {"s": np.float32(step), "z0": np.uint8(zero)}
    integer = [
        node("MatMulInteger", "q w z0", "zi"),
        node("Cast", "zi", "zf", to=FLOAT),
        node("Mul", "zf s", "z"),
    ]
    return {
        "fp32": Bound(
            [node("MatMul", "x w", "z"), *TAIL],
            {**both, "w": np.ascontiguousarray(weights, np.float32)}, x,
        ),
        "static int8": Bound(
            [node("QuantizeLinear", "x s z0", "q"), *integer, *TAIL], {**both, **static, "w": w8}, x
        ),
        "dynamic int8": Bound(
            [node("DynamicQuantizeLinear", "x", "q s z0"), *integer, *TAIL], {**both, "w": w8}, x
        ),
        "QDQ": Bound(
            [
                node("QuantizeLinear", "x s z0", "q"), node("DequantizeLinear", "q s z0", "xd"),
                node("DequantizeLinear", "w one nil", "wd"), node("MatMul", "xd wd", "y0"),
                node("QuantizeLinear", "y0 t mid", "yq"), node("DequantizeLinear", "yq t mid", "z"), *TAIL,
            ],
            {
                **both, **static, "w": w8, "one": np.float32(1), "nil": np.int8(0),
                "t": np.float32(spread), "mid": np.uint8(128),
            },
            x,
        ),
    }  # fmt: skip


def linear(weight, codes):
    """name -> Bound for one matrix product: fp32, int8 on ready codes, and weight-only 4 and 2 bits."""
    m, d = weight.shape
    x = codes.astype(np.float32)
    forms = {
        "fp32": Bound([node("MatMul", "x w", "y")], {"w": np.ascontiguousarray(weight.T, np.float32)}, x),
        "int8": Bound(
            [node("MatMulInteger", "x w", "y")], {"w": np.ascontiguousarray(weight.T).astype(np.int8)}, codes
        ),
    }
    for bits in (4, 2):
        zero, per = 1 << (bits - 1), 8 // bits
        q = (weight + zero).astype(np.uint8).reshape(m, d // 32, 32 // per, per)
        packed = (q << (bits * np.arange(per, dtype=np.uint8))).sum(-1).astype(np.uint8)
        forms[f"weight-only {bits} bits"] = Bound(
            [node("MatMulNBits", "x w s", "y", domain="com.microsoft", K=d, N=m, bits=bits, block_size=32,
                  accuracy_level=4)],
            {"w": packed, "s": np.ones((m, d // 32), np.float32)}, x,
        )  # fmt: skip
    return forms
