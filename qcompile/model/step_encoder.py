"""StepEncoder: codes that count the steps which a raw cell reaches; any quantizer of float32 cells.

    x = fill[f] if x is NaN else x
    code = number of k with x >= steps[k]

A quantizer written in float32 arithmetic (divide, add, round half to even, clip) is a staircase; its
steps are found once, exactly, and then only comparisons are left. They mean the same in numpy, ONNX
Runtime, Numba and C, whatever those do with divisions and ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.errors import DataError
from qcompile.model.arrays import frozen
from qcompile.model.encoder import Encoder, encode

MAX_STEPS = 255


@dataclass(frozen=True, eq=False)
class StepEncoder:
    """d output columns over ``features`` raw columns.

    Attributes:
        name: where it comes from: "imported".
        feature: (d,) int32, the raw column that each output column reads.
        steps: (1, k) float32 where all columns share them, else (d, k); rows ascend, k is 1 to 255,
            infinities are allowed (a step that is always, or never, reached), NaN is not.
        fill: (features,) float32, finite; stands in for NaN.
    """

    name: str
    feature: NDArray[np.int32]
    steps: NDArray[np.float32]
    fill: NDArray[np.float32]

    def __post_init__(self) -> None:
        for field, dtype, rank in (
            ("feature", np.int32, 1),
            ("steps", np.float32, 2),
            ("fill", np.float32, 1),
        ):
            object.__setattr__(self, field, frozen(getattr(self, field), dtype, rank, field))
        d, (rows, count) = len(self.feature), self.steps.shape
        if rows not in (1, d) or not 1 <= count <= MAX_STEPS:
            raise ValueError(f"steps have shape {(rows, count)}, allowed are (1 or {d}, 1 to {MAX_STEPS}).")
        if not (self.steps[:, 1:] >= self.steps[:, :-1]).all() or np.isnan(self.steps).any():
            raise ValueError("the steps of a column must ascend and not be NaN.")
        if d and (self.feature.min() < 0 or self.feature.max() >= len(self.fill)):
            raise ValueError(f"feature must lie in 0..{len(self.fill) - 1}.")
        if not np.isfinite(self.fill).all():
            raise ValueError("fill must be finite.")

    @property
    def features(self) -> int:
        """Number of raw columns that a row must have."""
        return len(self.fill)

    @property
    def width(self) -> int:
        """Number d of codes that come out."""
        return len(self.feature)

    @property
    def top(self) -> int:
        """Largest code: the number of steps."""
        return int(self.steps.shape[1])

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.top.bit_length()

    def columns(self, keep: NDArray[np.bool_]) -> StepEncoder:
        """The same encoder with the chosen output columns only."""
        steps = self.steps if len(self.steps) == 1 else self.steps[keep]
        return StepEncoder(self.name, self.feature[keep], steps, self.fill)


def codes(encoder: Encoder | StepEncoder, x: NDArray[Any]) -> NDArray[np.uint8]:
    """Codes of raw rows by either kind of encoder; the definition that back-ends reproduce.

    Args:
        encoder: what to compute.
        x: (n, features), any real type; converted to float32 first.

    Returns:
        (n, d) uint8.

    Raises:
        DataError: wrong number of columns.

    >>> e = StepEncoder("imported", [0], [[0.5, 1.5, 2.5]], [0.0])
    >>> codes(e, [[0.4], [0.5], [99.0], [np.nan]]).tolist()
    [[0], [1], [3], [0]]
    """
    if isinstance(encoder, Encoder):
        return encode(encoder, x)
    raw = np.asarray(x, dtype=np.float32)
    if raw.ndim != 2 or raw.shape[1] != encoder.features:
        raise DataError(
            f"rows have shape {raw.shape}, but the encoder reads (n, {encoder.features}); "
            "give the same columns, in the same order, as in the model."
        )
    value = np.where(np.isnan(raw), encoder.fill, raw)[:, encoder.feature]
    if len(encoder.steps) == 1:
        return np.searchsorted(encoder.steps[0], value, side="right").astype(np.uint8)
    found = np.empty(value.shape, dtype=np.uint8)
    for j, row in enumerate(encoder.steps):
        found[:, j] = np.searchsorted(row, value[:, j], side="right")
    return found
