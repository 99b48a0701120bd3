"""The end of a network: which nodes belong to the decision, and whether it is the supported one."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import onnx

from qcompile.errors import UnsupportedError
from qcompile.importers.onnx.attributes import attribute_value
from qcompile.importers.onnx.constants import Constant
from qcompile.importers.onnx.lanes import Lane

# Behind a decision: what changes the form of its result, or rounds probabilities.
AFTER_END = (
    *("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Cast", "QuantizeLinear"),
    *("DequantizeLinear", "ArrayFeatureExtractor", "ZipMap"),
)


def tail(graph: onnx.GraphProto, endings: Collection[str]) -> frozenset[int]:
    """Places of the nodes behind which nothing is computed any more.

    Those are endings and what may follow them, where whatever reads their results is one, too.
    """
    found: set[int] = set()
    read: set[str] = set()  # by a node that is none
    for place in range(len(graph.node) - 1, -1, -1):
        node = graph.node[place]
        if node.op_type in (*endings, *AFTER_END) and read.isdisjoint(node.output):
            found.add(place)
        else:
            read.update(node.input)
    return frozenset(found)


def check_ending(node: onnx.NodeProto, given: tuple[Lane | Constant | None, ...], where: str) -> None:
    """Only the decision for the first largest value is supported."""
    options = {a.name: attribute_value(a) for a in node.attribute}
    if node.op_type == "TopK":
        k = given[1].array if len(given) > 1 and isinstance(given[1], Constant) else options.get("k", 0)
        if np.any(np.asarray(k) != 1) or not options.get("largest", 1):
            raise UnsupportedError(f"{where} asks for more than the largest value; use k = 1.")
    last = next(t for t in given if isinstance(t, Lane)).index.ndim - 1
    if options.get("select_last_index", 0) or options.get("axis", -1) not in (-1, last):
        raise UnsupportedError(f"{where} does not decide for the first largest value along the last axis.")
