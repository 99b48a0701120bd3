"""How values lie in the graph: a vector is (N, C), an image (N, C, H, W), as ONNX's own operators read it.

Programs count an image's elements row, column, channel; so a reshape, the input and the outputs go through
(N, H, W, C).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.onnx.graph import Graph
from qcompile.ir.types import ValueType

INWARDS, OUTWARDS = (0, 3, 1, 2), (0, 2, 3, 1)


def by_channel(values: NDArray[Any], kind: ValueType) -> NDArray[Any]:
    """Constants of the channels (C, ..) so that they broadcast over a value's positions (C, 1, 1, ..).

    >>> by_channel(np.zeros((5, 3)), ValueType("u", 1, 5, (2, 2))).shape
    (5, 1, 1, 3)
    """
    return values if kind.is_vector else values.reshape(len(values), 1, 1, *values.shape[1:])


def as_image(graph: Graph, tensor: str, kind: ValueType) -> str:
    """A value as (N, C, H, W), a vector as (N, C, 1, 1)."""
    return _reshaped(graph, tensor, (kind.channels, 1, 1)) if kind.is_vector else tensor


def from_image(graph: Graph, tensor: str, kind: ValueType) -> str:
    """(N, C, H, W) as the value's own arrangement: (N, C) of a vector."""
    return _reshaped(graph, tensor, (kind.channels,)) if kind.is_vector else tensor


def from_rows(graph: Graph, tensor: str, kind: ValueType, flat: bool = True) -> str:
    """Elements in the program's order, (N, length) or (N, H, W, C), as the value's arrangement."""
    if kind.is_vector:
        return tensor
    image = _reshaped(graph, tensor, kind.shape) if flat else tensor
    return graph.node("Transpose", [image], f"{tensor}_nchw", perm=INWARDS)


def to_rows(graph: Graph, tensor: str, kind: ValueType) -> str:
    """A value as (N, length), elements in the program's order."""
    if kind.is_vector:
        return tensor
    return _reshaped(
        graph, graph.node("Transpose", [tensor], f"{tensor}_nhwc", perm=OUTWARDS), (kind.length,)
    )


def arranged(graph: Graph, tensor: str, before: ValueType, after: ValueType) -> str:
    """The same elements in the same order, arranged as another type says."""
    if before.shape == after.shape:
        return tensor
    return from_rows(graph, to_rows(graph, tensor, before), after)


def _reshaped(graph: Graph, tensor: str, shape: tuple[int, ...]) -> str:
    sizes = graph.constant(np.array([0, *shape]), "shape")  # 0: as it is, for any batch
    return graph.node("Reshape", [tensor, sizes], f"{tensor}_{'x'.join(map(str, shape))}")
