"""Method of the four Russians: 32 rows of codes side by side, one table entry for all of them.

An entry is a vector: lane n is the subset sum of row n, sixteen bits. A weight row reads one entry
per group of g inputs, by an index that was computed when the weights were packed, and adds it: a
load and an addition for 32 g products, whatever the width of the codes. No shuffle is needed, so on
a CPU whose widest lookup has 16 bytes this is the method for batches.

A table of 2^g entries costs 2^g stores and is read once by every weight row, so g grows with the
number of weight rows. All tables of a block lie in 64 KiB, so an index is a 16-bit offset, and four
of them come with one 64-bit load. [Arlazarov et al. 1970]; tables of vectors as in Vec-LUT.

Bound: sums of a subset of k codes of b bits are at most k (2^b - 1). Up to ``limit`` inputs fit 16
bits, and the sums over more inputs are cut there and continued in 32 bits.
"""

from __future__ import annotations

from qcompile.kernels._source import expand

TILE, LANES, INPUTS, UNIT = 32, 4, 6, 1
MAX_BITS = 8
ISAS = ("avx512", "avx2", "neon", "scalar")


def limit(bits: int) -> int:
    """Most inputs whose codes cannot add up to more than 65535."""
    return 65535 // ((1 << bits) - 1)


def shape(weight_rows: int, isa: str, bits: int) -> tuple[int, int]:
    """(inputs per group, groups per block): tables of at most 32 KiB, worth their stores."""
    if weight_rows < 96:
        return 4, 8
    if weight_rows < 384:
        return 5, 8
    return (6, 6) if weight_rows < 3072 else (7, 4)


def build(inputs: int, groups: int) -> str:
    """Tables of a block: from the entries of the first two inputs, each further input doubles them."""
    lines = ["def build(columns, tables):", f"    for group in range({groups}):"]
    body = [f"t = tables + group * {64 << inputs}", f"c = columns + group * {32 * inputs}"]
    body += ["x1 = load_u8_as_i16(c)", "x2 = load_u8_as_i16(c + 32)", "x3 = add_i16(x1, x2)"]
    body += ["store_i16(t, splat_i16(0))"] + [f"store_i16(t + {64 * k}, x{k})" for k in (1, 2, 3)]
    for j in range(2, inputs):
        body += [
            f"x = load_u8_as_i16(c + {32 * j})",
            f"for at in range(0, {64 << j}, 256):",
            "    y = add_i16(load_i16(t + at), x)",
            f"    store_i16(t + at + {64 << j}, y)",
        ]
        body += [f"    store_i16(t + at + {(64 << j) + 64 * k}, add_i16(y, x{k}))" for k in (1, 2, 3)]
    return "\n".join(lines + [f"        {line}" for line in body])


def look_up(name: str, groups: int, start: str) -> str:
    """Every weight row adds its entries of a block to ``start``."""
    lines = [
        f"def {name}(tables, indices, narrow, rows):",
        "    for r in range(rows):",
        f"        s = {start}",
    ]
    for k in range(0, groups, 4):
        lines.append(f"        i = read_i64(indices + (r * {groups} + {k}) * 2)")
        for part in range(min(4, groups - k)):
            at = f"(i >> {16 * part}) & 65535"
            lines.append(f"        s = add_i16(s, load_i16(tables + ({at})))")
    lines.append("        store_i16(narrow + r * 64, s)")
    return "\n".join(lines)


def text(inputs: int, groups: int) -> str:
    """build, first, next, widen and gather."""
    return "\n\n".join(
        [
            build(inputs, groups),
            look_up("first", groups, "splat_i16(0)"),
            look_up("further", groups, "load_i16(narrow + r * 64)"),
            WIDEN,
            expand(GATHER, r=4),
        ]
    )


WIDEN = """
def widen(narrow, wide, rows):
    for r in range(rows):
        s = load_i16(narrow + r * 64)
        accumulate_i32(wide + r * 128, low_i16_unsigned(s))
        accumulate_i32(wide + r * 128 + 64, high_i16_unsigned(s))
"""
# Four weight rows by 16 rows of codes at a time become 16 times four neighbours.
GATHER = """
def four(a0, a1, a2, a3, to, apart):
    p = i32_as_i64(interleave_low_i32(a0, a1)); q = i32_as_i64(interleave_low_i32(a2, a3))
    x = i32_as_i64(interleave_high_i32(a0, a1)); y = i32_as_i64(interleave_high_i32(a2, a3))
    store_parts_i32(to, 4 * apart, i64_as_i32(interleave_low_i64(p, q)))
    store_parts_i32(to + apart, 4 * apart, i64_as_i32(interleave_high_i64(p, q)))
    store_parts_i32(to + 2 * apart, 4 * apart, i64_as_i32(interleave_low_i64(x, y)))
    store_parts_i32(to + 3 * apart, 4 * apart, i64_as_i32(interleave_high_i64(x, y)))


def gather_narrow(narrow, rows, to, apart):
    for k in range(0, rows, 4):
        each r: s{r} = load_i16(narrow + (k + {r}) * 64)
        each r: a{r} = low_i16_unsigned(s{r}); b{r} = high_i16_unsigned(s{r})
        four(a0, a1, a2, a3, to + k * 4, apart)
        four(b0, b1, b2, b3, to + k * 4 + 16 * apart, apart)


def gather_wide(wide, rows, to, apart):
    for k in range(0, rows, 4):
        each r: a{r} = load_i32(wide + (k + {r}) * 128); b{r} = load_i32(wide + (k + {r}) * 128 + 64)
        four(a0, a1, a2, a3, to + k * 4, apart)
        four(b0, b1, b2, b3, to + k * 4 + 16 * apart, apart)
"""
