"""Subset sums of a whole tile of rows of codes, with the rows in lanes: layout and driver.

    turn the tile: (row, input) codes -> (input, row) columns
    for each block of inputs:
        build     columns -> tables, small enough for the first-level cache
        look up   every weight row adds one entry per group to its narrow sums
        before the narrow sums could overflow: add them to the wide ones
    turn the sums: (weight row, row) -> (row, weight row)

``subset_TILE(e)`` does this. Rows that fill no tile are answered by a method of another kind with the
same codes and the same place for the sums; its parameter table is the beginning of this one's.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from qcompile import registry
from qcompile.kernels import _source, _subset
from qcompile.kernels._arena import Arena
from qcompile.kernels._source import expand
from qcompile.kernels._subset import Subset
from qcompile.kernels.simd.isa import Isa

__all__ = ["WORDS", "bind"]

METHODS = "qcompile.kernels.subset"
# Words of the parameter table after those of kernels/_subset.py, in order.
WORDS = ("indices", "rows", "steps", "per_chunk", "columns", "turned", "entries", "narrow", "wide")


def bind(
    method: ModuleType,
    isa: Isa,
    bits: NDArray[np.bool_],
    width: int,
    rows: int,
    arena: Arena,
    cached: bool = True,
) -> Subset:
    """Pack a bit matrix for a method of either kind; arguments as in ``_subset.bind``."""
    if not hasattr(method, "TILE"):
        return _subset.bind(method, isa, bits, width, rows, arena, cached)
    bits = np.pad(bits, ((0, -len(bits) % 64), (0, 0)))
    few = _subset.bind(_few(isa.name, width), isa, bits, width, rows, arena, cached)
    inputs, groups = method.shape(len(bits), isa.name, width)
    steps = -(-bits.shape[1] // (inputs * groups))
    most = method.limit(width) // (inputs * groups)
    chunks = -(-steps // most)
    columns = steps * inputs * groups
    columns += -columns % 64
    # Odd multiples of 64 bytes: rows one below the other then lie in different sets of the cache.
    apart = [max(few.words["code_bytes"], columns + 64) // 64 | 1, len(bits) * 4 // 64 | 1]
    code_bytes, sum_bytes = (64 * one for one in apart)
    words = few.words | {
        "code_bytes": code_bytes,
        "sum_bytes": sum_bytes,
        "codes": arena.room(method.TILE * code_bytes),
        "sums": arena.room(method.TILE * sum_bytes),
        "indices": arena.address(indices(bits, inputs, groups)),
        "rows": len(bits),
        "steps": steps,
        "per_chunk": -(-steps // chunks),
        "columns": columns,
        "turned": arena.room(columns * method.TILE),
        "entries": arena.room(groups * (64 << inputs)),
        "narrow": arena.room(64 * len(bits)),
        "wide": arena.room(128 * len(bits) if chunks > 1 else 64),
    }
    assert tuple(words) == _subset.WORDS + WORDS
    name = method.__name__.rsplit(".", 1)[-1]
    text = "\n\n".join(
        [method.text(inputs, groups), TURN, _driver(method.TILE, inputs * groups, groups, chunks)]
    )
    module = _source.load(name, isa.name, text, (), cached)
    return Subset((*few.modules, module), words, (method.TILE, *few.sizes), name, PAD_FROM[width > 4])


# From so many rows on, a tile that is not full is faster than the other method: codes up to 4 bits, above.
PAD_FROM = (28, 15)


def _few(isa: str, width: int) -> ModuleType:
    """The method for rows that fill no tile."""
    if isa == "avx512":
        name = "fours4" if width <= 4 else "words6"
    else:
        name = "popcount" if isa == "scalar" else "bytes4"
    return registry.load(METHODS, name)


def indices(bits: NDArray[np.bool_], inputs: int, groups: int) -> NDArray[np.uint16]:
    """(steps, weight rows, groups) offsets of the entries that a weight row reads, in bytes.

    >>> indices(np.array([[True, False, True, True]]), 2, 2).tolist()
    [[[64, 448]]]
    """
    rows, d = bits.shape
    padded = np.pad(bits, ((0, 0), (0, -d % (inputs * groups))))
    entry = (padded.reshape(rows, -1, groups, inputs) * (1 << np.arange(inputs))).sum(3)
    offset = 64 * (entry + (np.arange(groups) << inputs))
    return np.ascontiguousarray(offset.transpose(1, 0, 2).astype(np.uint16))


# Sixteen rows of 64 codes: four steps of interleaving, then vector i holds columns i, 16 + i, 32 + i, 48 + i.
TURN = expand(
    """
def turn(codes, code_bytes, columns, to):
    for k in range(0, columns, 64):
        for half in range(2):
            c = codes + half * 16 * code_bytes + k
            each i: a{i} = load_u8(c + {i} * code_bytes); b{i} = load_u8(c + ({i} + 8) * code_bytes)
"""
    + "".join(
        "            each i: x{i} = interleave_low_u8(a{i}, b{i}); y{i} = interleave_high_u8(a{i}, b{i})\n"
        + "".join(
            f"            {'ab'[i // 4]}{2 * i % 8} = x{i}; {'ab'[i // 4]}{2 * i % 8 + 1} = y{i}\n"
            for i in range(8)
        )
        for _ in range(4)
    )
    + """
            t = to + k * 32 + half * 16
            each i: store_parts_u8(t + {i} * 32, 512, a{i}); store_parts_u8(t + ({i} + 8) * 32, 512, b{i})
""",
    i=8,
)


def _driver(tile: int, step: int, groups: int, chunks: int) -> str:
    names = _subset.WORDS + WORDS
    lines = [f"def subset_{tile}(e):"]
    lines += [f"    {name} = read_i64(e + {8 * i})" for i, name in enumerate(names)]
    lines += ["    turn(codes, code_bytes, columns, turned)"]
    if chunks > 1:
        lines += [
            "    zero = splat_i32(0)",
            "    for k in range(0, rows * 128, 64):",
            "        store_i32(wide + k, zero)",
        ]
    lines += [
        "    for start in range(0, steps, per_chunk):",
        "        for k in range(start, min(start + per_chunk, steps)):",
        f"            build(turned + k * {32 * step}, entries)",
        f"            at = indices + k * rows * {2 * groups}",
        "            if k == start:",
        "                first(entries, at, narrow, rows)",
        "            else:",
        "                further(entries, at, narrow, rows)",
    ]
    if chunks > 1:
        lines += ["        widen(narrow, wide, rows)", "    gather_wide(wide, rows, sums, sum_bytes)"]
    else:
        lines += ["    gather_narrow(narrow, rows, sums, sum_bytes)"]
    return "\n".join(lines) + "\n"
