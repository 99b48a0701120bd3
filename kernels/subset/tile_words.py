"""Method of the four Russians: 32 rows of codes side by side, one table entry for all of them.

An entry is a vector: lane n is the subset sum of row n, sixteen bits. A weight row reads one entry
per group of g inputs, by an index that was computed when the weights were packed, and adds it: a
load and an addition for 32 g products, whatever the width of the codes. No shuffle is needed, so on
a CPU whose widest lookup has 16 bytes this is the method for batches.

A table of 2^g entries costs 2^g stores and is read once by every weight row, so g grows with the
number of weight rows. All tables of a block lie in 64 KiB, so an index is a 16-bit offset, and four
of them come with one 64-bit load. [ADKF70]; tables for language models: [WCG25].

Bound: sums of a subset of k codes of b bits are at most k (2^b - 1). Up to ``limit`` inputs fit 16
bits, and the sums over more inputs are cut there and continued in 32 bits.
"""

from __future__ import annotations

from qcompile.kernels.generate.source import expand
from qcompile.kernels.method import Costs, TileMethod


def limit(bits: int) -> int:
    """Most inputs whose codes cannot add up to more than 65535."""
    return 65535 // ((1 << bits) - 1)


def passes(bits: int) -> float:
    """Once; the sums of wide codes are widened more often."""
    return 1.15 if bits > 6 else 1


def shape(weight_rows: int, isa: str, bits: int) -> tuple[int, int]:
    """(inputs per group, groups per block): tables of at most 32 KiB, worth their stores."""
    if weight_rows < 96:
        return 4, 8
    if weight_rows < 384:
        return 5, 8
    return (6, 6) if weight_rows < 3072 else (7, 4)


def build(inputs: int, groups: int, tile: int, kind: str) -> str:
    """Tables of a block: from the entries of the first two inputs, each further input doubles them.

    A vector holds one entry of a whole tile, or of half a tile two neighbours: without and with the first
    input.
    """
    whole, column, load = (32, 32, "load_u8_as_i16") if kind == "i16" else (64, 64, "load_u8")
    entry = 64 * tile // whole
    body = [f"x1 = {load}(c)", f"x2 = {load}(c + {column})"]
    if tile == whole:
        body += [f"x3 = add_{kind}(x1, x2)", f"store_{kind}(t, splat_{kind}(0))"]
        kept = {64: "x1", 128: "x2", 192: "x3"}
        body += [f"store_{kind}(t + {at}, {x})" for at, x in kept.items()]
    else:
        kept = {64: "x2"}
        body += [f"x1 = upper_half_{kind}(x1)", f"store_{kind}(t, x1)"]
        body += [f"store_{kind}(t + 64, add_{kind}(x1, x2))"]
    for j in range(2, inputs):
        half = entry << j
        body += [
            f"x = {load}(c + {column * j})",
            f"for at in range(0, {half}, {4 * entry}):",
            f"    y = add_{kind}(load_{kind}(t + at), x)",
            f"    store_{kind}(t + at + {half}, y)",
        ]
        body += [f"    store_{kind}(t + at + {half + at}, add_{kind}(y, {x}))" for at, x in kept.items()]
    lines = [f"def build_{tile}(columns, tables):", f"    for group in range({groups}):"]
    lines += [f"        t = tables + group * {entry << inputs}"]
    lines += [f"        c = columns + group * {column * inputs}"]
    return "\n".join(lines + [f"        {line}" for line in body])


def places(groups: int, k: int, step: int) -> list[str]:
    """Lines that read the indices of up to four groups of one or two weight rows."""
    lines = []
    for i in "ij"[:step]:
        row = "r" if i == "i" else "(r + 1)"
        lines.append(f"        {i} = read_i64(indices + ({row} * {groups} + {k}) * 2)")
    return lines


def entry(part: int, step: int, kind: str) -> str:
    """The vector at the index of one of the four groups; two half vectors for two weight rows."""
    at = [f"tables + (({i} >> {16 * part}) & 65535) * {3 - step}" for i in "ij"[:step]]
    return f"load_{'halves_' * (step - 1)}{kind}({', '.join(at)})"


def look_up(name: str, groups: int, tile: int, start: str) -> str:
    """Every weight row adds its entries of a block to ``start``; half a tile is two weight rows at once."""
    step = 32 // tile
    lines = [f"def {name}_{tile}(tables, indices, narrow, rows):", f"    for r in range(0, rows, {step}):"]
    lines.append(f"        s = {start.format(size=2 * tile)}")
    for k in range(0, groups, 4):
        lines += places(groups, k, step)
        lines += [f"        s = add_i16(s, {entry(part, step, 'i16')})" for part in range(min(4, groups - k))]
    lines.append(f"        store_i16(narrow + r * {2 * tile}, s)")
    return "\n".join(lines)


def text(inputs: int, groups: int, tile: int, bits: int) -> str:
    """build, first, further and gather for a number of rows of codes at once."""
    return "\n\n".join(
        [
            build(inputs, groups, tile, "i16"),
            look_up("first", groups, tile, "splat_i16(0)"),
            look_up("further", groups, tile, "load_i16(narrow + r * {size})"),
            expand(GATHER[tile], r=4),
        ]
    )


# Narrow sums become part of the wide ones.
SHARED = """
def widen(narrow, wide, vectors):
    for r in range(vectors):
        s = load_i16(narrow + r * 64)
        accumulate_i32(wide + r * 128, low_i16_unsigned(s))
        accumulate_i32(wide + r * 128 + 64, high_i16_unsigned(s))
"""
GATHER = {
    32: """
def gather_narrow_32(narrow, rows, to, apart):
    for k in range(0, rows, 4):
        each r: s{r} = load_i16(narrow + (k + {r}) * 64)
        each r: a{r} = low_i16_unsigned(s{r}); b{r} = high_i16_unsigned(s{r})
        four(a0, a1, a2, a3, to + k * 4, apart)
        four(b0, b1, b2, b3, to + k * 4 + 16 * apart, apart)


def gather_wide_32(wide, rows, to, apart):
    for k in range(0, rows, 4):
        each r: a{r} = load_i32(wide + (k + {r}) * 128); b{r} = load_i32(wide + (k + {r}) * 128 + 64)
        four(a0, a1, a2, a3, to + k * 4, apart)
        four(b0, b1, b2, b3, to + k * 4 + 16 * apart, apart)
""",
    16: """
def gather_narrow_16(narrow, rows, to, apart):
    for k in range(0, rows, 4):
        s = load_i16(narrow + k * 32); t = load_i16(narrow + k * 32 + 64)
        low, high = low_i16_unsigned(s), high_i16_unsigned(s)
        four(low, high, low_i16_unsigned(t), high_i16_unsigned(t), to + k * 4, apart)


def gather_wide_16(wide, rows, to, apart):
    for k in range(0, rows, 4):
        each r: a{r} = load_i32(wide + (k + {r}) * 64)
        four(a0, a1, a2, a3, to + k * 4, apart)
""",
}


METHOD = TileMethod(
    tiles=(32, 16),
    column=32,
    lanes=64,
    # The number of rows from which a partly filled tile is faster than the next smaller tile.
    least=((29, 16), (23, 9)),
    max_bits=8,
    isas=("avx512", "avx2", "neon", "scalar"),
    limit=limit,
    shape=shape,
    shared=SHARED,
    text=text,
    passes=passes,
    costs={
        "avx2": Costs(batch=(0.0026, 0.43)),
    },
)
