"""Arrangements of an activation: as an image with channels last, as a vector, two on common integers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qcompile.importers.onnx.builder import Builder, wide
from qcompile.importers.onnx.lanes import Lane, Source
from qcompile.ir.ops import Encode
from qcompile.ir.types import VECTOR
from qcompile.model.encoder import Encoder

ANCESTORS = 16  # quantizers behind quantizers that are followed back


def image(builder: Builder, lane: Lane) -> Lane:
    """A tensor (1, channels, height, width) whose source is that image, in the order of positions.

    Raises:
        ValueError: the tensor has another rank, is raw, or its constants vary over the positions.
    """
    if lane.index.ndim != 4 or len(lane.index) != 1:
        raise ValueError(f"an activation of shape {lane.index.shape} is not (1, channels, height, width)")
    _, channels, height, width = lane.index.shape
    source, positions = lane.source, (height, width)
    order = lane.index[0].transpose(1, 2, 0).reshape(-1, channels)
    index = np.arange(order.size).reshape(height, width, channels).transpose(2, 0, 1)[None]
    same = source.length == order.size and np.array_equal(order.reshape(-1), np.arange(order.size))
    if same and source.positions == positions:
        return lane
    if source.raw:
        raise ValueError("it reads the raw input, which no quantizer has made integers")
    rows = order % source.rows
    for constant in (c for step in lane.steps for c in step.constants):
        if len(constant) > 1 and not (constant[rows] == constant[rows[:1]]).all():
            raise ValueError("its constants vary over the positions of an image")
    steps = tuple(step.take(rows[0]) for step in lane.steps)
    made = _picked(builder, source, order, positions)
    low, high = (
        e[rows].min(axis=0) if k else e[rows].max(axis=0)
        for e, k in ((source.low, True), (source.high, False))
    )
    return Lane(replace(made, low=low, high=high), index, steps)


def _picked(builder: Builder, source: Source, order: NDArray[np.int64], positions: tuple[int, int]) -> Source:
    """The elements of (positions, channels) as an image."""
    channels = order.shape[1]
    offsets = np.arange(len(order))[:, None] * source.rows
    if source.positions == positions and (order - offsets == order[0]).all() and order[0].max() < source.rows:
        return builder.gather(source, order[0])
    flat = order.reshape(-1)
    if source.positions == VECTOR and (encode := _columns(builder, source)) is not None:
        name = builder.name("codes")
        encoder, shift = encode.encoder, source.expansion
        if isinstance(encoder, Encoder):
            names = ("kind", "feature", "shift", "gain")
            encoder = replace(encoder, **{k: getattr(encoder, k)[flat] for k in names})
        else:
            steps = encoder.steps if len(encoder.steps) == 1 else encoder.steps[flat]
            encoder = replace(encoder, feature=encoder.feature[flat], steps=steps)
        builder.ops.append(Encode(name, wide(channels, positions), "x", encoder))
        if shift is None:
            return Source(name, source.low, source.high, positions=positions)
        sign, add = (c[flat].reshape(-1, channels) for c in (shift.sign, shift.shift))
        if (sign != sign[:1]).any() or (add != add[:1]).any():
            raise ValueError("some cells of a channel of the input rise and others fall")
        ends = np.zeros(channels, np.int64), np.full(channels, encoder.top)
        return builder.affine(Source(name, *ends, positions=positions), sign[0], add[0])
    if not np.array_equal(flat, np.arange(source.length)):
        source = builder.gather(_flat(builder, source), flat)
    return builder.reshape(source, channels, positions)


def _columns(builder: Builder, source: Source) -> Encode | None:
    """The encoder whose column i is element i."""
    if source.expansion is not None and not source.expansion.single:
        return None
    made = builder.op(source.value)
    return made if isinstance(made, Encode) else None


def _flat(builder: Builder, source: Source) -> Source:
    return source if source.positions == VECTOR else builder.reshape(source, source.length, VECTOR)


def vector(builder: Builder, lane: Lane) -> Lane:
    """The same tensor on a source without positions."""
    if lane.source.positions == VECTOR:
        return lane
    rows = np.arange(lane.source.length) % lane.source.rows
    flat = _flat(builder, lane.source)
    flat = replace(flat, low=lane.source.low[rows], high=lane.source.high[rows])
    return Lane(flat, lane.index, tuple(step.take(rows) for step in lane.steps))


def aligned(builder: Builder, lane: Lane) -> Lane:
    """The same tensor on a source that has its elements only, in its order (an image in its own)."""
    if lane.source.raw:
        lane = builder.integer_input(lane)
    if lane.source.positions != VECTOR and lane.index.ndim == 4:
        return image(builder, lane)
    lane = vector(builder, lane)
    order, index = lane.order, np.arange(lane.index.size).reshape(lane.index.shape)
    if lane.source.length == len(order) and (order == np.arange(len(order))).all():
        return lane
    source = builder.gather(builder.elements(lane.source), order)
    return Lane(source, index, tuple(step.take(order) for step in lane.steps))


def on_one_source(first: Lane, second: Lane) -> tuple[Lane, Lane] | None:
    """Two tensors as functions of the same integers, element by element, or None where they are not.

    A quantizer of few integers is a function of them, so that x and sigmoid(x) meet again although a
    quantizer stands between.
    """
    for a in _back(first):
        for b in _back(second):
            if a.source.value == b.source.value and np.array_equal(a.index, b.index):
                return a, b
    return None


def _back(lane: Lane) -> list[Lane]:
    """The tensor on its source, on the source behind that quantizer, and so on."""
    found = [lane]
    while (behind := found[-1].source.behind) is not None and len(found) < ANCESTORS:
        source, codes = behind
        found.append(Lane(source, lane.index, (codes, *found[-1].steps)))
    return found
