"""Products of uint8 codes with small weights, exact on every processor.

MatMulInteger(uint8, int8) adds pairs of products in 16 bits on x86 without VNNI and SATURATES
there: it is exact only while 2 * largest code * largest |weight| <= 32767. Larger weights are
written as the sum of two halves, each within the limit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from qcompile.backends.onnx.graph import Graph
from qcompile.errors import UnsupportedError
from qcompile.model_file.digits import digits_of
from qcompile.model_file.keys import WEIGHTS

PAIR_LIMIT = 32767

# (graph, (d, n) int8 weights, name) -> name of the int8 tensor (d, n)
Stored = Callable[[Graph, NDArray[np.int8], str], str]


def matmul_integer(
    graph: Graph, codes: str, top: int, weights: NDArray[np.int8], stored: Stored
) -> tuple[str, str | None]:
    """Append ``codes @ weights`` as int32.

    Args:
        graph: being built.
        codes: name of (N, d) uint8.
        top: the largest code that occurs.
        weights: (d, n) int8.
        stored: how the option stores a matrix of weights.

    Returns:
        The names of (N, n) int32 and of the weights' int8 tensor, None where it is in two halves.
    """
    if 2 * top * int(np.abs(weights.astype(np.int64)).max(initial=0)) <= PAIR_LIMIT:
        matrix = stored(graph, weights, WEIGHTS)
        return graph.node("MatMulInteger", [codes, matrix], "products"), matrix
    half = weights >> 1
    parts = [
        graph.node("MatMulInteger", [codes, stored(graph, part, WEIGHTS)], "half_products")
        for part in (half, (weights - half).astype(np.int8))
    ]
    return graph.node("Add", parts, "products"), None


def narrow_integers(type_: int) -> Stored:
    """Store a matrix in ONNX's 4-bit or 2-bit integers: entry = step * stored + middle.

    Raises (when used):
        UnsupportedError: the matrix takes more different values than the type has.
    """
    type_name = TensorProto.DataType.Name(type_)
    room = 1 << int(type_name[-1])

    def stored(graph: Graph, weights: NDArray[np.int8], name: str) -> str:
        digits = digits_of(weights)
        if digits.base > room:
            raise UnsupportedError(
                f"{type_name.lower()} holds {room} different weights, this program has a grid of "
                f"{digits.base}; export it as packed or dense."
            )
        digit = (weights.astype(np.int64) - digits.low) // digits.step
        dtype = helper.tensor_dtype_to_np_dtype(type_)
        tensor = numpy_helper.from_array((digit - digits.base // 2).astype(dtype))
        wide = graph.cast(graph.tensor(tensor, name), TensorProto.INT32, f"{name}_int32")
        step, middle = digits.step, digits.low + digits.step * (digits.base // 2)
        spread = graph.node("Mul", [wide, graph.constant(np.array(step, np.int32), "step")], f"{name}_spread")
        entries = graph.node(
            "Add", [spread, graph.constant(np.array(middle, np.int32), "middle")], f"{name}_entries"
        )
        return graph.cast(entries, TensorProto.INT8, f"{name}_matrix")

    return stored
