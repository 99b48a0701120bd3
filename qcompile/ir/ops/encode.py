"""encode x: codes of an encoder, unsigned integers of up to 8 bits."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from qcompile.ir.constants_text import constant_lines
from qcompile.ir.operation import Array, Mask, Op, expect
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import F32, ValueType
from qcompile.ir.work import Work
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model.step_encoder import StepEncoder, codes

ENCODER_ARRAYS = ("kind", "feature", "shift", "gain", "fill")
STEP_ARRAYS = ("feature", "steps", "fill")


@dataclass(frozen=True, eq=False)
class Encode(Op):
    """Codes of an encoder: raw cells, missing ones included, to small integers."""

    a: str
    encoder: Encoder | StepEncoder

    reads_floats = True
    makes_codes = True

    def meaning(self, *values: Array) -> Array:
        """As the encoder says; raw cells are a vector."""
        rows = values[0].reshape(len(values[0]), math.prod(values[0].shape[1:]))
        return codes(self.encoder, rows).astype(np.int64).reshape(len(rows), *self.type.shape)

    def wrong(self, *operands: ValueType) -> str:
        """It reads the float32 row, with the encoder's numbers of columns."""
        (raw,) = operands
        if (raw.kind, raw.bits) != F32:
            return "it encodes something that is not the float input"
        return expect((raw.length, self.encoder.features), (self.type.length, self.encoder.width))

    def bound(self, *operands: Ranges) -> Ranges:
        """All codes; the lifted constant is always the largest."""
        e, n = self.encoder, self.type.channels
        if isinstance(e, StepEncoder):
            return [(0, e.top)] * n
        constant = (e.kind == ColumnKind.CONSTANT).reshape(-1, n).all(axis=0) if n else np.zeros(0, bool)
        return [(e.top if c else 0, e.top) for c in constant.tolist()]

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """Unsigned, as many bits as the codes have."""
        return self.type.of("u", self.encoder.bits)

    def work(self, *operands: ValueType) -> Work:
        """Comparisons and float operations per column, and one test for a missing cell per feature."""
        n, e = self.type.length, self.encoder
        if isinstance(e, StepEncoder):  # one binary search per column
            return Work(
                compares=e.features + n * math.ceil(math.log2(e.top + 1)),
                constant_bytes=4 * (e.features + e.steps.size) + 2 * n,
            )
        # NaN test and fill per feature; level: subtract, multiply, clip, add; others: one compare.
        by_kind = np.bincount(e.kind, minlength=5)
        return Work(
            float_ops=int(3 * by_kind[0]),
            level_keys=e.level_keys,
            compares=int(e.features + 2 * by_kind[0] + by_kind[1] + by_kind[2] + by_kind[3]),
            constant_bytes=4 * (e.features + int(2 * by_kind[0] + by_kind[1] + by_kind[2])) + 2 * n,
        )

    def kept(self, keep: Mask) -> Self:
        """Without some of the encoder's columns."""
        e, channels = self.encoder, int(keep.sum())
        keep = np.tile(keep, self.type.length // max(1, self.type.channels))
        if isinstance(e, Encoder):
            names = ("kind", "feature", "shift", "gain")
            e = replace(e, **{name: getattr(e, name)[keep] for name in names})
        else:
            e = e.columns(keep)
        return replace(self, type=replace(self.type, channels=channels), encoder=e)

    def changes(self) -> list[list[float]]:
        """For every raw feature the values at which one of its codes changes."""
        e = self.encoder
        found: list[list[float]] = [[] for _ in range(e.features)]
        if isinstance(e, StepEncoder):
            table = np.broadcast_to(e.steps, (e.width, e.top))
            for feature, row in zip(e.feature, table.tolist(), strict=True):
                found[feature] += row
            return found
        for k, feature, shift, gain in zip(e.kind, e.feature, e.shift, e.gain, strict=True):
            steps = [0.0]
            if k == ColumnKind.LEVEL:
                steps += ((np.arange(e.top) + 0.5) / np.float64(gain)).tolist()
            if k <= ColumnKind.EQUAL:
                found[feature] += [float(shift) + step for step in steps]
        return found

    def text(self) -> list[str]:
        """Name and bits of the encoder, then its arrays."""
        e = self.encoder
        names = ENCODER_ARRAYS if isinstance(e, Encoder) else STEP_ARRAYS
        arrays = [line for name in names for line in constant_lines(name, getattr(e, name))]
        return [f"  encoder = {json.dumps(e.name)} {e.bits}", *arrays]

    @classmethod
    def parsed(
        cls,
        result: str,
        type_: ValueType,
        operands: Sequence[str],
        constants: Mapping[str, Any],
        notes: dict[str, str],
    ) -> Self:
        """Inverse of ``text``."""
        given = dict(constants)
        if "encoder" in given:
            name, bits = given.pop("encoder")
            given["encoder"] = _encoder(name, bits, given)
        return super().parsed(result, type_, operands, given, notes)


def _encoder(name: str, bits: int, given: dict[str, Any]) -> Encoder | StepEncoder:
    """The encoder whose arrays are among the given constants; they are taken out."""
    arrays = STEP_ARRAYS if "steps" in given else ENCODER_ARRAYS
    if absent := [key for key in arrays if key not in given]:
        raise ValueError(f"the encoder has no {absent[0]}.")
    taken = [given.pop(key) for key in arrays]
    if arrays is ENCODER_ARRAYS:
        return Encoder(name, bits, *taken)
    made = StepEncoder(name, *taken)
    if made.bits != bits:
        raise ValueError(f"an encoder of {made.top} steps has {made.bits} bits, not {bits}.")
    return made
