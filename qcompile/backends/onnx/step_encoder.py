"""The step encoder as ONNX nodes: a guess by arithmetic, made exact by two comparisons.

    filled = Where(IsNaN(x), fill, x)
    guess  = Cast( Clip((filled - first) / step + 1, 0, k) )     anywhere within one of the code
    code   = guess - [filled < steps[guess - 1]] + [filled >= steps[guess]]

Steps that are not nearly evenly spaced are compared one by one and counted. The guess may round as it
likes on any runtime: that it stays within one is checked here with a margin, on both sides of every
step; between them guess and code only rise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from qcompile.backends.onnx.graph import Graph
from qcompile.model.step_encoder import StepEncoder
from qcompile.model_file.keys import FILL

UINT8, INT32 = TensorProto.UINT8, TensorProto.INT32
MARGIN = 0.25  # of a step: far above any rounding of the guess


def emit_step_encoder(graph: Graph, x: str, encoder: StepEncoder) -> str:
    """Append the encoder; returns the (N, d) uint8 codes."""
    value = filled_columns(graph, x, encoder)
    line = _line(encoder.steps[0]) if len(encoder.steps) == 1 else None
    return _counted(graph, value, encoder.steps) if line is None else _guessed(graph, value, encoder, *line)


def filled_columns(graph: Graph, x: str, encoder: StepEncoder) -> str:
    """The raw columns that the codes count, missing cells filled."""
    missing = graph.node("IsNaN", [x], "missing")
    value = graph.node("Where", [missing, graph.array(encoder.fill, FILL), x], "filled")
    if not np.array_equal(encoder.feature, np.arange(encoder.features)):
        chosen = graph.array(encoder.feature, "steps.feature")
        value = graph.node("Gather", [value, chosen], "chosen", axis=1)
    return value


def _line(steps: NDArray[np.float32]) -> tuple[np.float32, np.float32] | None:
    """(first, gain) whose guess stays within one code, or None."""
    finite = steps.astype(np.float64)
    if len(steps) < 4 or not np.isfinite(finite).all() or not (finite[-1] > finite[0]):
        return None
    spacing = (finite[-1] - finite[0]) / (len(steps) - 1)
    first, gain = np.float32(finite[0]), np.float32(1 / spacing)
    if not np.isfinite(gain):
        return None
    with np.errstate(all="ignore"):
        place = (finite - np.float64(first)) * np.float64(gain) + 1
    # At step k (the code goes from k to k + 1) the guess before its floor must lie in [k, k + 2).
    k = np.arange(len(steps))
    near = (place >= k + MARGIN) & (place <= k + 2 - MARGIN)
    small = np.abs(finite).max() * np.float64(gain) < 2**20  # its rounding is far below the margin
    return (first, gain) if near.all() and small else None


def _guessed(graph: Graph, value: str, encoder: StepEncoder, first: np.float32, gain: np.float32) -> str:
    steps = encoder.steps[0]
    centred = graph.node("Sub", [value, graph.constant(first, "steps.first")], "centred")
    scaled = graph.node("Mul", [centred, graph.constant(gain, "steps.gain")], "scaled")
    moved = graph.node("Add", [scaled, graph.constant(np.float32(1), "one_float")], "moved")
    low, high = graph.constant(np.float32(0), "zero"), graph.constant(np.float32(len(steps)), "top")
    guess = graph.cast(graph.node("Clip", [moved, low, high], "clipped"), INT32, "guess")
    edges = np.concatenate([[-np.inf], steps, [np.inf]]).astype(np.float32)
    below = graph.node("Gather", [graph.array(edges[:-1], "steps.below"), guess], "below")
    above = graph.node("Gather", [graph.array(edges[1:], "steps.above"), guess], "above")
    less = graph.cast(graph.node("Less", [value, below], "is_below"), INT32, "one_less")
    # x >= step, written with an operator that every opset has; +inf reaches no step at +inf here,
    # which is the padding beyond the last one.
    short = graph.node("Not", [graph.node("Less", [value, above], "is_short")], "is_above")
    inside = graph.node("Less", [guess, graph.constant(np.int32(len(steps)), "last")], "is_inside")
    more = graph.cast(graph.node("And", [short, inside], "rises"), INT32, "one_more")
    code = graph.node("Add", [graph.node("Sub", [guess, less], "lower"), more], "code")
    return graph.cast(code, UINT8, "codes")


def _counted(graph: Graph, value: str, steps: NDArray[np.float32]) -> str:
    axis = graph.constant(np.array([2]), "last_axis")
    column = graph.node("Unsqueeze", [value, axis], "column")
    edges = graph.array(steps, "steps")
    reached = graph.node("Not", [graph.node("Less", [column, edges], "is_short")], "is_reached")
    counted = graph.node("ReduceSum", [graph.cast(reached, INT32, "each"), axis], "count", keepdims=0)
    return graph.cast(counted, UINT8, "codes")
