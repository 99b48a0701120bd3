"""What a file of ``kernels/subset`` defines: ``METHOD``, one of the two records below.

    S[n, row] = sum of codes[n, i] over the inputs i where bits[row, i] is 1

A method computes these subset sums: the only product that the fused kernel needs
(``qcompile.model.bits``: every integer matrix is rows of bits). It is text of the SIMD vocabulary with the
figures its driver needs, and what it costs per instruction set. The folder listing is the table: a
new method is one new file there, chosen by its own costs, and exact or the tests fail.

A record instead of a protocol of modules: mypy checks each file where it builds the record.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qcompile import registry

METHODS = "qcompile.kernels.subset"
# Names before the files were named after what they serve; saved calibrations may hold them.
FORMER = {"fours4": "quads4", "rows16": "tile_words", "rows8": "tile_bytes"}

# (product, table): nanoseconds per bit of the weights and per input, see kernels/fused/choose.py.
Cost = tuple[float, float]


@dataclass(frozen=True)
class Costs:
    """What a method costs on one instruction set.

    Attributes:
        single: for few rows at once; None where another method should answer those.
        batch: for many rows at once.
        measured: on such a CPU; else the figures are only the ratios expected there.
    """

    single: Cost | None = None
    batch: Cost | None = None
    measured: bool = True


def _once(bits: int) -> float:
    return 1.0


@dataclass(frozen=True, eq=False, kw_only=True)
class LanesMethod:
    """Weight rows in the lanes of a vector; inputs in groups. Driver: subset/drivers/lanes.py.

    Attributes:
        lanes: weight rows per vector.
        inputs: inputs per group.
        unit: groups whose row bits share one 64-byte weight vector.
        groups_multiple: a block has a multiple of this many groups.
        step: groups that ``sums`` takes at once; what is left over is slower.
        max_bits: widest codes.
        isas: spellings of the vocabulary worth using.
        table_bytes: (bits) -> bytes of a group's table, all digits of the codes.
        limit: (bits) -> most groups in a block: narrow accumulators cannot overflow below it.
        pack: (rows, inputs) bool -> (vectors of rows, units, 64) uint8 weights.
        patterns: constant vectors that ``prepare`` needs, (k, 64) uint8.
        prepare: text of  prepare(codes, tables, groups, patterns, bits).
        sums: (R, N, bits) -> text of  sums_R_N(tables, weights, sums, units, count, strides.., bits);
            sums are int32 and are added to.
        shape: (rows, isa, bits) -> (R, N): vectors of rows by rows of codes in registers at once.
        costs: per instruction set.
        passes: (bits) -> how often the weights are gone over, for the cost model.
        name: of the file; set by ``load``.
    """

    lanes: int
    inputs: int
    unit: int
    max_bits: int
    isas: tuple[str, ...]
    table_bytes: Callable[[int], int]
    limit: Callable[[int], int]
    pack: Callable[[NDArray[np.bool_]], NDArray[np.uint8]]
    patterns: NDArray[np.uint8]
    prepare: Callable[[], str]
    sums: Callable[[int, int, int], str]
    shape: Callable[[int, str, int], tuple[int, int]]
    costs: Mapping[str, Costs]
    groups_multiple: int = 1
    step: int = 1
    passes: Callable[[int], float] = _once
    name: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)
class TileMethod:
    """Rows of codes in the lanes of a vector: a whole tile of them at once. Driver: subset/drivers/tile.py.

    Attributes:
        tiles: rows of codes at once: a whole vector of them, and half of one.
        column: bytes of a column of codes.
        lanes: weight rows that are paid for together.
        least: fewest rows for which each tile is worth it: for codes up to 4 bits, and above.
        max_bits: widest codes.
        isas: spellings of the vocabulary worth using.
        limit: (bits) -> most inputs before narrow sums could overflow; they are widened there.
        shape: (weight rows, isa, bits) -> (inputs per group, groups per block).
        shared: text of  widen(narrow, wide, vectors).
        text: (inputs, groups, tile, bits) -> text of build, first, further, gather_narrow, gather_wide.
        costs: per instruction set; for batches only.
        passes: (bits) -> how often the weights are gone over, for the cost model.
        name: of the file; set by ``load``.
    """

    tiles: tuple[int, int]
    column: int
    lanes: int
    least: tuple[tuple[int, int], tuple[int, int]]
    max_bits: int
    isas: tuple[str, ...]
    limit: Callable[[int], int]
    shape: Callable[[int, str, int], tuple[int, int]]
    shared: str
    text: Callable[[int, int, int, int], str]
    costs: Mapping[str, Costs]
    passes: Callable[[int], float] = _once
    name: str = ""


Method = LanesMethod | TileMethod


def names() -> tuple[str, ...]:
    """Names of all methods.

    >>> "popcount" in names()
    True
    """
    return registry.names(METHODS)


def load(name: str) -> Method:
    """A method by the name of its file.

    Raises:
        UnsupportedError: there is no such file.
        TypeError: the file defines no METHOD.

    >>> load("popcount").max_bits
    8
    """
    return _load(METHODS, name)


@functools.cache
def _load(package: str, name: str) -> Method:
    method = getattr(registry.load(package, name), "METHOD", None)
    if not isinstance(method, LanesMethod | TileMethod):
        raise TypeError(f"{package}.{name} defines no METHOD: a LanesMethod or a TileMethod.")
    return replace(method, name=name)
