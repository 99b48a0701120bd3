"""Subset sums of a whole tile of rows of codes, with the rows in lanes: layout and driver.

    turn the tile: (row, input) codes -> (input, row) columns
    for each block of inputs:
        build     columns -> tables, small enough for the first-level cache
        look up   every weight row adds one entry per group to its narrow sums
        before the narrow sums could overflow: add them to the wide ones
    turn the sums: (weight row, row) -> (row, weight row)

``subset_N(e)`` does this for N rows, a tile or half of one. Rows that fill neither are answered by a
method of the other kind, with the same codes and the same place for the sums; its parameter table is
the beginning of this one's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.arena import Arena
from qcompile.kernels.generate.source import Generated, expand
from qcompile.kernels.method import LanesMethod, TileMethod
from qcompile.kernels.simd.isa import Isa
from qcompile.kernels.subset.drivers import lanes
from qcompile.kernels.subset.drivers.lanes import Subset, odd_lines

# Words of the parameter table after those of kernels/subset/drivers/lanes.py, in order.
WORDS = ("indices", "rows", "steps", "per_chunk", "columns", "turned", "entries", "narrow", "wide")


def bind(
    method: TileMethod,
    isa: Isa,
    bits: NDArray[np.bool_],
    width: int,
    rows: int,
    arena: Arena,
    companion: LanesMethod,
    cached: bool = True,
) -> Subset:
    """Pack a bit matrix; arguments as in ``lanes.bind``, and the method for rows that fill no tile."""
    bits = np.pad(bits, ((0, -len(bits) % 64), (0, 0)))
    few = lanes.bind(companion, isa, bits, width, rows, arena, cached)
    inputs, groups = method.shape(len(bits), isa.name, width)
    steps = -(-bits.shape[1] // (inputs * groups))
    chunks = -(-steps // (method.limit(width) // (inputs * groups)))
    columns = steps * inputs * groups
    columns += -columns % 64
    code_bytes = odd_lines(max(few.words["code_bytes"], columns + 64))
    sum_bytes = odd_lines(len(bits) * 4)
    words = few.words | {
        "code_bytes": code_bytes,
        "sum_bytes": sum_bytes,
        "codes": arena.room(method.tiles[0] * code_bytes),
        "sums": arena.room(method.tiles[0] * sum_bytes),
        "indices": arena.address(indices(bits, inputs, groups)),
        "rows": len(bits),
        "steps": steps,
        "per_chunk": -(-steps // chunks),
        "columns": columns,
        "turned": arena.room(columns * method.column),
        "entries": arena.room(groups * (64 << inputs)),
        "narrow": arena.room(2 * method.tiles[0] * len(bits)),
        "wide": arena.room(4 * method.tiles[0] * len(bits) if chunks > 1 else 64),
    }
    assert tuple(words) == lanes.WORDS + WORDS
    parts = [method.shared, FOUR, TURN]
    for tile in method.tiles:
        parts += [method.text(inputs, groups, tile, width)]
        parts += [_driver(method, tile, inputs * groups, groups, chunks)]
    module = Generated(method.name, isa.name, "\n\n".join(parts), (), cached)
    smaller = [at for at in zip(few.sizes, few.least, strict=True) if at[0] < method.tiles[-1]]
    sizes, least = zip(*zip(method.tiles, method.least[width > 4], strict=True), *smaller, strict=True)
    return Subset((*few.generated, module), words, sizes, method.name, least)


def indices(bits: NDArray[np.bool_], inputs: int, groups: int) -> NDArray[np.uint16]:
    """(steps, weight rows, groups) places of the entries that a weight row reads.

    In bytes for tiles of 16 rows; an entry for 32 rows has twice the size.

    >>> indices(np.array([[True, False, True, True]]), 2, 2).tolist()
    [[[32, 224]]]
    """
    rows, d = bits.shape
    padded = np.pad(bits, ((0, 0), (0, -d % (inputs * groups))))
    entry = (padded.reshape(rows, -1, groups, inputs) * (1 << np.arange(inputs))).sum(3)
    offset = 32 * (entry + (np.arange(groups) << inputs))
    return np.ascontiguousarray(offset.transpose(1, 0, 2).astype(np.uint16))


# Sixteen rows of 64 codes: four steps of interleaving, then vector i holds columns i, 16 + i, 32 + i, 48 + i.
_STEP = """
        each i: x{i} = interleave_low_u8(a{i}, b{i}); y{i} = interleave_high_u8(a{i}, b{i})
        a0 = x0; a1 = y0; a2 = x1; a3 = y1; a4 = x2; a5 = y2; a6 = x3; a7 = y3
        b0 = x4; b1 = y4; b2 = x5; b3 = y5; b4 = x6; b5 = y6; b6 = x7; b7 = y7"""
# A column has a whole vector, or half of one: a tile, or half a tile twice.
TURN = expand(
    f"""
def turn(codes, code_bytes, columns, to, tile, column):
    for at in range(0, columns // 64 * column, 16):
        k = at // column
        c = codes + k * 64 + at % column % tile * code_bytes
        each i: a{{i}} = load_u8(c + {{i}} * code_bytes)
        each i: b{{i}} = load_u8(c + ({{i}} + 8) * code_bytes){4 * _STEP}
        t = to + k * 64 * column + at % column
        each i: store_parts_u8(t + {{i}} * column, 16 * column, a{{i}})
        each i: store_parts_u8(t + ({{i}} + 8) * column, 16 * column, b{{i}})
""",
    i=8,
)
# Four weight rows by 16 rows of codes become 16 times four neighbours.
FOUR = """
def four(a0, a1, a2, a3, to, apart):
    p = i32_as_i64(interleave_low_i32(a0, a1)); q = i32_as_i64(interleave_low_i32(a2, a3))
    x = i32_as_i64(interleave_high_i32(a0, a1)); y = i32_as_i64(interleave_high_i32(a2, a3))
    store_parts_i32(to, 4 * apart, i64_as_i32(interleave_low_i64(p, q)))
    store_parts_i32(to + apart, 4 * apart, i64_as_i32(interleave_high_i64(p, q)))
    store_parts_i32(to + 2 * apart, 4 * apart, i64_as_i32(interleave_low_i64(x, y)))
    store_parts_i32(to + 3 * apart, 4 * apart, i64_as_i32(interleave_high_i64(x, y)))
"""


def _driver(method: TileMethod, tile: int, step: int, groups: int, chunks: int) -> str:
    lines = [f"def subset_{tile}(e):"]
    lines += [f"    {name} = read_i64(e + {8 * i})" for i, name in enumerate(lanes.WORDS + WORDS)]
    lines += [f"    turn(codes, code_bytes, columns, turned, {tile}, {method.column})"]
    if chunks > 1:
        lines += [
            "    zero = splat_i32(0)",
            f"    for k in range(0, rows * {4 * tile}, 64):",
            "        store_i32(wide + k, zero)",
        ]
    lines += [
        "    for start in range(0, steps, per_chunk):",
        "        for k in range(start, min(start + per_chunk, steps)):",
        f"            build_{tile}(turned + k * {method.column * step}, entries)",
        f"            at = indices + k * rows * {2 * groups}",
        "            if k == start:",
        f"                first_{tile}(entries, at, narrow, rows)",
        "            else:",
        f"                further_{tile}(entries, at, narrow, rows)",
    ]
    if chunks > 1:
        lines.append(f"        widen(narrow, wide, rows // {method.tiles[0] // tile})")
        lines.append(f"    gather_wide_{tile}(wide, rows, sums, sum_bytes)")
    else:
        lines.append(f"    gather_narrow_{tile}(narrow, rows, sums, sum_bytes)")
    return "\n".join(lines) + "\n"
