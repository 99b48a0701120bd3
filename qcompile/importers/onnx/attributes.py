"""Attributes of a node as Python values."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper

from qcompile.errors import ModelError, UnsupportedError
from qcompile.model_file.container import tensor_array


def attribute_value(attribute: onnx.AttributeProto) -> Any:
    """One attribute: a number, a text, an array, or a list of them.

    Raises:
        UnsupportedError: it is a graph.
        ModelError: it has no type.
    """
    if attribute.type == onnx.AttributeProto.TENSOR:
        return tensor_array(attribute.t)
    if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
        raise UnsupportedError(f"the attribute {attribute.name!r} is a graph: control flow is not supported.")
    try:
        value = helper.get_attribute_value(attribute)
    except ValueError as error:
        raise ModelError(f"the attribute {attribute.name!r} has no type.") from error
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
