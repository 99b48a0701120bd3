"""The encoder as ONNX nodes, operation for operation what ``data.encoder.encode`` does in float32.

    missing = IsNaN(x);  filled = Where(missing, fill, x)
    LEVEL     Cast_u8( Clip((Gather(filled) - shift) * gain, 0, M) + 0.5 )
    GREATER   Where(Gather(filled) > shift, M, 0)
    EQUAL     Where(Gather(filled) == shift, M, 0)
    MISSING   Where(Gather(missing), M, 0)
    CONSTANT  Pad with M

Each arithmetic step is its own node, so no runtime contracts two of them into one rounding.

Shifts, gains and fills that are all equal are stored as one number; with up to 256 different values, as
a table and a byte per column. Sessions unfold both when they are made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.steps import typed_constant
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model_file.keys import FILL, INDEX

NODES = 200  # bytes that the two nodes of a table take


def emit_encoder(graph: Graph, x: str, encoder: Encoder) -> str:
    """Append the encoder; returns the (N, d) uint8 codes."""
    blocks: list[str] = []
    top, zero = np.uint8(encoder.top), np.uint8(0)
    missing = graph.node("IsNaN", [x], "missing")
    filled = graph.node("Where", [missing, stored_numbers(graph, encoder.fill, FILL), x], "filled")
    for kind in (ColumnKind.LEVEL, ColumnKind.GREATER, ColumnKind.EQUAL, ColumnKind.MISSING):
        block, label = encoder.of_kind(kind), kind.name.lower()
        if block.start == block.stop:
            continue
        chosen = _columns(graph, missing if kind == ColumnKind.MISSING else filled, encoder, block, label)
        if kind == ColumnKind.MISSING:
            hit = chosen
        else:
            shift = stored_numbers(graph, encoder.shift[block], f"{label}.shift")
        if kind == ColumnKind.LEVEL:
            centred = graph.node("Sub", [chosen, shift], "centred")
            gain = stored_numbers(graph, encoder.gain[block], "level.gain")
            scaled = graph.node("Mul", [centred, gain], "scaled")
            low = graph.constant(np.float32(0), "zero")
            high = graph.constant(np.float32(encoder.top), "top")
            clipped = graph.node("Clip", [scaled, low, high], "clipped")
            rounded = graph.node("Add", [clipped, graph.constant(np.float32(0.5), "half")], "rounded")
            blocks.append(graph.cast(rounded, TensorProto.UINT8, "levels"))
            continue
        if kind != ColumnKind.MISSING:
            hit = graph.node(
                "Greater" if kind == ColumnKind.GREATER else "Equal", [chosen, shift], f"is_{label}"
            )
        all_, none = graph.constant(top, "code_top"), graph.constant(zero, "code_zero")
        blocks.append(graph.node("Where", [hit, all_, none], f"{label}_codes"))
    if not blocks:  # constants only: an empty block keeps the batch dimension
        nothing = graph.node(
            "Gather", [missing, graph.constant(np.zeros(0, np.int32), "none")], "none", axis=1
        )
        blocks.append(graph.cast(nothing, TensorProto.UINT8, "empty"))
    codes = blocks[0] if len(blocks) == 1 else graph.node("Concat", blocks, "columns", axis=1)
    constants = encoder.of_kind(ColumnKind.CONSTANT)
    if constants.start == constants.stop:
        return codes
    pads = graph.constant(np.array([0, 0, 0, constants.stop - constants.start]), "pads")
    return graph.node("Pad", [codes, pads, graph.constant(top, "code_top")], "codes", mode="constant")


def _columns(graph: Graph, value: str, encoder: Encoder, block: slice, label: str) -> str:
    """The raw columns that a block reads, in its order; no node where that is all of them."""
    feature = encoder.feature[block]
    if np.array_equal(feature, np.arange(encoder.features)):
        return value
    return graph.node(
        "Gather",
        [value, typed_constant(graph, feature, TensorProto.INT32, f"{label}.feature")],
        f"{label}_inputs",
        axis=1,
    )


def stored_numbers(graph: Graph, values: NDArray[np.float32], name: str) -> str:
    """Float32 numbers, one per column, in the fewest bytes that give every bit back.

    >>> g = Graph()
    >>> stored_numbers(g, np.full(784, 0.5, np.float32), "fill"), len(g.constants[0].raw_data)
    ('fill', 4)
    """
    bits, index = np.unique(values.view(np.uint32), return_inverse=True)  # 0.0 and -0.0 stay different
    table = bits.view(np.float32)
    if len(bits) == 1:
        return graph.array(table, name)
    if len(bits) > 256 or 4 * len(bits) + len(values) + NODES >= values.nbytes:
        return graph.array(values, name)
    places = graph.cast(
        graph.array(index.ravel().astype(np.uint8), name + INDEX), TensorProto.INT32, f"{name}_places"
    )
    return graph.node("Gather", [graph.array(table, name), places], f"{name}_columns")
