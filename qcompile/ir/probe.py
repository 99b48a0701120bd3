"""Rows that probe a program: seeded ones near every threshold, and worst cases.

Equality of two programs, or of a program and its compiled form, is only worth what the rows are.
``seeded_rows`` puts every raw feature at, just below and just above each value where a code
changes, at NaN, infinities, zeros and the ends of float32. ``worst_case_rows`` climbs: it
linearises the program at a row, moves features to the candidates that the gradient likes best
(features are independent, so that step is exact), keeps what is more extreme, and repeats. The
first step already attains the extreme of every first-layer product over the candidates; the next
ones drive up |score|.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qcompile.ir.interpret import interpret_all
from qcompile.ir.operation import Array
from qcompile.ir.ops.encode import Encode
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.model.step_encoder import codes

SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 3.4e38, -3.4e38, 1e-45, 0.5, 1.0, -1.0)
MOST = 256  # candidates per feature; beyond that, a seeded choice
CLIMBED = 48  # the same for worst cases, whose cost grows with it
MANY = 1 << 20  # rows of worst cases: no limit but that of the work
LEAST = 4  # rows, however large the program
PRODUCTS = 1 << 30  # multiply-accumulates of a batch of rows, a second or two
MOVED = (1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.1, 0.1)  # share of features that each step may move


def seeded_rows(program: Program, n: int, seed: int = 0) -> Array:
    r"""Rows at and around every threshold: (n, features) float32, or int64 codes without an encoder.

    >>> from qcompile.ir.text import parse
    >>> seeded_rows(parse("qcompile-ir 1\n%x : u4[2] = input\noutput scores = %x"), 2).tolist()
    [[0, 0], [15, 15]]
    """
    rng = np.random.default_rng(seed)
    table = _candidates(program, rng)
    pick = rng.integers(0, len(table), (n, table.shape[1]))
    rows: Array = np.take_along_axis(table, pick, axis=0)
    if program.input.type.kind == "f":
        finite = np.where(np.isfinite(table) & (np.abs(table) < 1e30), table, 0.0)
        low, high = finite.min(axis=0), finite.max(axis=0)
        spread = rng.uniform(low - 1.0, high + 1.0, rows.shape).astype(np.float32)
        return np.where(rng.random(rows.shape) < 0.5, rows, spread).astype(np.float32)
    rows = rng.integers(program.input.type.low, program.input.type.high, rows.shape, endpoint=True)
    rows[:1], rows[1:2] = program.input.type.low, program.input.type.high
    return rows


def worst_case_rows(program: Program, neurons: int = 4, seed: int = 0) -> Array:
    """Rows that reach extreme accumulators: both signs of every score column and chosen neurons.

    Args:
        program: any program.
        neurons: elements probed per dot product (first, last, largest weights) and at most
            that many score columns.
        seed: of the starting rows.

    Returns:
        Distinct rows, as ``seeded_rows``.
    """
    rng = np.random.default_rng(seed)
    goals = _some(_goals(program, neurons), affordable(program, MANY) // 2)
    table = _Table.of(program, rng)
    pool = seeded_rows(program, affordable(program, 128), seed)
    values = interpret_all(program, pool)
    start = [row for goal in goals for row in _extreme(values, *goal)]
    rows, values = pool[start], {name: value[start] for name, value in values.items()}
    for share in MOVED:
        moved = table.best(_gradients(program, values, goals))
        moved = np.where(rng.random(moved.shape) < share, moved, rows)
        found = interpret_all(program, moved)
        better = (_reached(found, goals) >= _reached(values, goals)).astype(bool)[:, None]
        rows = np.where(better, moved, rows)
        values = {name: np.where(better, found[name], value) for name, value in values.items()}
    distinct: Array = np.unique(rows, axis=0)
    return distinct


def affordable(program: Program, wish: int) -> int:
    """Rows to interpret at once: as many as wished, fewer where a row takes many millions of products.

    Dense networks of ordinary size get their wish; a convolutional one of 60 million products gets 17.
    """
    products = sum(op.work(*(program[a].type for a in op.operands)).macs for op in program.ops)
    return min(wish, max(LEAST, PRODUCTS // max(1, products)))


def _some(goals: list[tuple[str, int]], most: int) -> list[tuple[str, int]]:
    """Up to ``most`` goals, evenly spread from the first layer to the scores."""
    if len(goals) <= most:
        return goals
    return [goals[k * (len(goals) - 1) // max(1, most - 1)] for k in range(most)]


def _extreme(values: dict[str, Array], name: str, element: int) -> list[int]:
    """Rows with the largest and the smallest value of a goal."""
    column = values[name][:, element]
    return [int(np.argmax(column)), int(np.argmin(column))]


def _reached(values: dict[str, Array], goals: list[tuple[str, int]]) -> Array:
    """How far each row got: the goal's value, negated on odd rows."""
    far = [values[name][2 * k + odd, j] * (-1) ** odd for k, (name, j) in enumerate(goals) for odd in (0, 1)]
    return np.array(far, dtype=object)


def _goals(program: Program, neurons: int) -> list[tuple[str, int]]:
    """(value, element) pairs worth driving to both extremes; of an image, at its middle."""
    goals = []
    for op in program.ops:
        goals += [(op.result, _middle(op.type, channel)) for channel in op.goals(neurons)]
    scores = program.outputs["scores"]
    goals += [(scores, j) for j in range(min(neurons, program[scores].type.length))]
    return list(dict.fromkeys(goals))


def _middle(kind: ValueType, channel: int) -> int:
    height, width = kind.positions
    return (height // 2 * width + width // 2) * kind.channels + channel


def _gradients(program: Program, flat: dict[str, Array], goals: list[tuple[str, int]]) -> Array:
    """Gradient of every goal, upwards on even and downwards on odd rows, with respect to codes."""
    shape = {op.result: (2 * len(goals), *op.type.shape) for op in program.ops}
    values = {name: value.reshape(shape[name]) for name, value in flat.items()}
    slope = {op.result: np.zeros((2 * len(goals), op.type.length)) for op in program.ops}
    for k, (name, element) in enumerate(goals):
        slope[name][2 * k, element], slope[name][2 * k + 1, element] = 1.0, -1.0
    for op in reversed(program.ops):
        parts = op.gradient(slope[op.result].reshape(shape[op.result]), *(values[a] for a in op.operands))
        for name, part in zip(op.operands, parts, strict=False):
            slope[name] += part.reshape(slope[name].shape)
    encode = _encode(program)
    return slope[program.input.result if encode is None else encode.result]


@dataclass(frozen=True)
class _Table:
    """Candidate values per feature and the codes they give; columns ordered by feature."""

    values: Array
    codes: Array
    order: Array
    starts: Array
    features: Array

    @classmethod
    def of(cls, program: Program, rng: np.random.Generator) -> _Table:
        values = _candidates(program, rng, CLIMBED)
        encode = _encode(program)
        found = values if encode is None else codes(encode.encoder, values)
        feature = np.arange(values.shape[1]) if encode is None else encode.encoder.feature
        order = np.argsort(feature, kind="stable")
        features, starts = np.unique(feature[order], return_index=True)
        return cls(values, found[:, order].astype(np.float64), order, starts, features)

    def best(self, gradients: Array) -> Array:
        """For every gradient (n, d) the row that maximises the linearised goal."""
        rows = np.tile(self.values[0], (len(gradients), 1))
        if not len(self.features):
            return rows
        for row, g in zip(rows, gradients, strict=True):
            gain = np.add.reduceat(self.codes * g[self.order], self.starts, axis=1)
            row[self.features] = self.values[np.argmax(gain, axis=0), self.features]
        return rows


def _encode(program: Program) -> Encode | None:
    return next((op for op in program.ops if isinstance(op, Encode)), None)


def _candidates(program: Program, rng: np.random.Generator, most: int = MOST) -> Array:
    """(k, features) table: every value of a column is worth trying for that feature."""
    kind, encode = program.input.type, _encode(program)
    if kind.kind != "f":
        return np.array([[kind.low] * kind.length, [kind.high] * kind.length], dtype=np.int64)
    changes = [[] for _ in range(kind.length)] if encode is None else encode.changes()
    columns = [[*SPECIAL, *values] for values in changes]
    size = max((min(most, 3 * len(c)) for c in columns), default=1)
    table = np.empty((max(1, size), kind.length), dtype=np.float32)
    for f, values in enumerate(columns):
        with np.errstate(over="ignore"):
            at = np.array(values, dtype=np.float32)
        near = np.concatenate(
            [at, np.nextafter(at, np.float32(-np.inf)), np.nextafter(at, np.float32(np.inf))]
        )
        rest = rng.permutation(near[len(SPECIAL) :])
        table[:, f] = np.resize(np.concatenate([near[:3], rest]), len(table))
    return table
