"""``reference``: products by popcount of bytes inside the graph. For conformance only: 100x slower.

It says in standard operators what the bit-plane kernels do, so that their arithmetic can be checked in
any runtime, step by step:

    c = sum_b 2^b c_b,   weight = low + step sum_k 2^k w_k          (bits c_b and w_k)
    c . weight = low sum(c) + step sum_{b,k} 2^(b + k) popcount(c_b AND w_k)

popcount is a Gather from a table of 256 bytes; for signs, low + step w is -1 + 2 w, and this is
XNOR-popcount up to the sum of the codes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from qcompile.backends.onnx.forms import Form
from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.lower import lower
from qcompile.backends.onnx.values import Value
from qcompile.ir.program import Program
from qcompile.model_file.digits import digits_of


def emit(program: Program, graph: Graph, tail: str) -> dict[str, Value]:
    """Append the program; the graph's value of every program value."""
    return lower(program, graph, popcount_product, tail)


def popcount_product(graph: Graph, codes: str, top: int, weights: NDArray[np.int8]) -> tuple[str, None]:
    """Append ``codes @ weights`` as int32, by table popcounts of bytes."""
    digits = digits_of(weights)
    digit = (weights.T.astype(np.int64) - digits.low) // digits.step  # (n, d)
    planes = np.arange(max(1, (digits.base - 1).bit_length()))
    bits = (digit[None] >> planes[:, None, None]) & 1
    packed = np.packbits(bits.astype(np.uint8), axis=2, bitorder="little")  # (k, n, bytes)

    code_planes = np.arange(max(1, top.bit_length()))
    code_bytes = _code_bytes(graph, codes, len(code_planes), weights.shape[0], packed.shape[2])
    both = graph.node(
        "BitwiseAnd",
        [
            graph.node("Unsqueeze", [code_bytes, _ints(graph, [2, 3], "plane_axes")], "code_column"),
            graph.constant(packed, "weight_planes"),
        ],
        "common_bits",
    )
    counts = _popcount(graph, both, "common")  # (N, b, k, n)
    place = (1 << (code_planes[:, None] + planes)).astype(np.int32)[:, :, None]
    placed = graph.node("Mul", [counts, graph.constant(place, "places")], "placed_counts")
    axes = _ints(graph, [1, 2], "count_axes")
    digit_product = graph.node("ReduceSum", [placed, axes], "digit_products", keepdims=0)

    ones = _popcount(graph, code_bytes, "code")  # (N, b)
    weight = graph.constant((1 << code_planes).astype(np.int32), "code_places")
    total = graph.node("Mul", [ones, weight], "placed_ones")
    total = graph.node("ReduceSum", [total, _ints(graph, [1], "code_axis")], "code_sum", keepdims=1)
    low = graph.node("Mul", [total, graph.constant(np.array(digits.low, np.int32), "low")], "low_part")
    step = graph.constant(np.array(digits.step, np.int32), "step")
    return graph.node("Add", [graph.node("Mul", [digit_product, step], "step_part"), low], "products"), None


def _code_bytes(graph: Graph, codes: str, planes: int, d: int, size: int) -> str:
    """The bit planes of the codes as bytes (N, planes, size), first element in the lowest bit."""
    zero = graph.constant(np.array(0, np.uint8), "zero_code")
    pads = _ints(graph, [0, 0, 0, 8 * size - d], "byte_pads")
    padded = graph.node("Pad", [codes, pads, zero], "padded_codes", mode="constant")
    column = graph.node("Unsqueeze", [padded, _ints(graph, [1], "code_axis")], "codes_column")
    shifts = graph.constant(np.arange(planes, dtype=np.uint8).reshape(1, planes, 1), "plane_shifts")
    shifted = graph.node("BitShift", [column, shifts], "shifted_codes", direction="RIGHT")
    bit = graph.node("BitwiseAnd", [shifted, graph.constant(np.array(1, np.uint8), "one")], "code_bits")
    split = graph.node("Reshape", [bit, _ints(graph, [0, planes, size, 8], "byte_shape")], "bits_of_bytes")
    within = graph.constant(np.arange(8, dtype=np.uint8), "bit_shifts")
    placed = graph.node("BitShift", [split, within], "placed_bits", direction="LEFT")
    wide = graph.cast(placed, TensorProto.INT32, "wide_bits")
    axis = _ints(graph, [3], "bit_axis")
    return graph.cast(
        graph.node("ReduceSum", [wide, axis], "byte_sums", keepdims=0), TensorProto.UINT8, "code_bytes"
    )


def _popcount(graph: Graph, data: str, what: str) -> str:
    """Ones in the last axis of bytes, as int32."""
    table = graph.constant(np.array([k.bit_count() for k in range(256)], np.int32), "popcount")
    index = graph.cast(data, TensorProto.INT32, f"{what}_index")
    counts = graph.node("Gather", [table, index], f"{what}_counts", axis=0)
    return graph.node("ReduceSum", [counts, _ints(graph, [-1], "byte_axis")], f"{what}_ones", keepdims=0)


def _ints(graph: Graph, values: list[int], wanted: str) -> str:
    return graph.constant(np.array(values, dtype=np.int64), wanted)


FORM = Form(emit, opset=18, ir=8, readable=False)
