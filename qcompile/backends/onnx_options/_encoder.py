"""The encoder as ONNX nodes, operation for operation what ``data.encoder.encode`` does in float32.

    missing = IsNaN(x);  filled = Where(missing, fill, x)
    LEVEL     Cast_u8( Clip((Gather(filled) - shift) * gain, 0, M) + 0.5 )
    GREATER   Where(Gather(filled) > shift, M, 0)
    EQUAL     Where(Gather(filled) == shift, M, 0)
    MISSING   Where(Gather(missing), M, 0)
    CONSTANT  Pad with M

Each arithmetic step is its own node, so no runtime contracts two of them into one rounding.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from qcompile.backends.onnx_options._graph import Graph
from qcompile.data.encoder import ColumnKind, Encoder
from qcompile.importers._model_file import FILL

__all__ = ["emit_encoder"]


def emit_encoder(graph: Graph, x: str, encoder: Encoder) -> str:
    """Append the encoder; returns the (N, d) uint8 codes."""
    blocks: list[str] = []
    top, zero = np.uint8(encoder.top), np.uint8(0)
    missing = graph.node("IsNaN", [x], "missing")
    filled = graph.node("Where", [missing, graph.array(encoder.fill, FILL), x], "filled")
    for kind in (ColumnKind.LEVEL, ColumnKind.GREATER, ColumnKind.EQUAL, ColumnKind.MISSING):
        block, label = encoder.of_kind(kind), kind.name.lower()
        if block.start == block.stop:
            continue
        chosen = _columns(graph, missing if kind == ColumnKind.MISSING else filled, encoder, block, label)
        if kind == ColumnKind.MISSING:
            hit = chosen
        else:
            shift = graph.array(encoder.shift[block], f"{label}.shift")
        if kind == ColumnKind.LEVEL:
            centred = graph.node("Sub", [chosen, shift], "centred")
            scaled = graph.node("Mul", [centred, graph.array(encoder.gain[block], "level.gain")], "scaled")
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
    return graph.node("Gather", [value, graph.array(feature, f"{label}.feature")], f"{label}_inputs", axis=1)
