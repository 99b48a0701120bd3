"""Method of the four Russians with bytes in the tables: 64 rows of codes of at most four bits.

As tile_words, with twice as many rows in a vector and half the memory in the tables. An entry of g
inputs is at most g (2^b - 1), so a few entries can be added as bytes; then they are taken as
sixteen-bit words and added up twice, whole and shifted:

    s = sum of (even + 256 odd)  modulo 2^16,   h = sum of odd,   so  sum of even = s - 256 h

for neighbouring rows (even, odd). Both sums stay below 2^16 up to ``limit`` inputs.
"""

from __future__ import annotations

from qcompile.kernels.generate.source import expand
from qcompile.kernels.method import Costs, TileMethod
from qcompile.kernels.subset.tile_words import build, entry, places


def limit(bits: int) -> int:
    """Most inputs whose codes cannot add up to more than 65535."""
    return 65535 // ((1 << bits) - 1)


def shape(weight_rows: int, isa: str, bits: int) -> tuple[int, int]:
    """(inputs per group, groups per block): tables of at most 32 KiB, worth their stores."""
    if weight_rows < 96:
        return 4, 8
    return (5, 8) if weight_rows < 384 else (6, 8)


def look_up(name: str, inputs: int, groups: int, tile: int, bits: int) -> str:
    """Every weight row adds its entries of a block; half a tile is two weight rows at once."""
    step, size = 64 // tile, 2 * tile
    at_once = 255 // (inputs * ((1 << bits) - 1))  # this many entries cannot leave a byte
    lines = [f"def {name}_{tile}(tables, indices, narrow, rows):", f"    for r in range(0, rows, {step}):"]
    starts = [f"load_i16(narrow + r * {size}{more})" for more in ("", " + 64")]
    if name == "first":
        starts = ["splat_i16(0)"] * 2
    lines += [f"        {x} = {start}" for x, start in zip("sh", starts, strict=True)]
    for k in range(groups):
        if k % 4 == 0:
            lines += places(groups, k, step)
        one = entry(k % 4, step, "u8")
        lines.append(f"        x = {one if k % at_once == 0 else f'add_u8(x, {one})'}")
        if (k + 1) % at_once == 0 or k + 1 == groups:
            lines += ["        w = u8_as_i16(x)", "        s = add_i16(s, w)"]
            lines.append("        h = add_i16(h, right_i16(w, 8))")
    lines += [f"        store_i16(narrow + r * {size}{more}, {x})" for x, more in (("s", ""), ("h", " + 64"))]
    return "\n".join(lines)


def text(inputs: int, groups: int, tile: int, bits: int) -> str:
    """build, first, further and gather for a number of rows of codes at once."""
    return "\n\n".join(
        [
            build(inputs, groups, tile, "u8"),
            look_up("first", inputs, groups, tile, bits),
            look_up("further", inputs, groups, tile, bits),
            expand(GATHER[tile], r=4),
        ]
    )


# Narrow sums become part of the wide ones: even rows of codes first.
SHARED = """
def widen(narrow, wide, vectors):
    for r in range(vectors):
        h = load_i16(narrow + r * 128 + 64)
        s = sub_i16(load_i16(narrow + r * 128), left_i16(h, 8))
        accumulate_i32(wide + r * 256, low_i16_unsigned(s))
        accumulate_i32(wide + r * 256 + 64, high_i16_unsigned(s))
        accumulate_i32(wide + r * 256 + 128, low_i16_unsigned(h))
        accumulate_i32(wide + r * 256 + 192, high_i16_unsigned(h))
"""
GATHER = {
    64: """
def gather_narrow_64(narrow, rows, to, apart):
    for k in range(0, rows, 4):
        p = to + k * 4
        each r: h{r} = load_i16(narrow + (k + {r}) * 128 + 64)
        each r: s{r} = sub_i16(load_i16(narrow + (k + {r}) * 128), left_i16(h{r}, 8))
        each r: a{r} = low_i16_unsigned(s{r}); b{r} = high_i16_unsigned(s{r})
        four(a0, a1, a2, a3, p, 2 * apart)
        four(b0, b1, b2, b3, p + 32 * apart, 2 * apart)
        each r: a{r} = low_i16_unsigned(h{r}); b{r} = high_i16_unsigned(h{r})
        four(a0, a1, a2, a3, p + apart, 2 * apart)
        four(b0, b1, b2, b3, p + 33 * apart, 2 * apart)


def gather_wide_64(wide, rows, to, apart):
    for k in range(0, rows, 4):
        p = to + k * 4
        w = wide + k * 256
        for odd in range(2):
            each r: a{r} = load_i32(w + {r} * 256 + odd * 128)
            each r: b{r} = load_i32(w + {r} * 256 + odd * 128 + 64)
            four(a0, a1, a2, a3, p + odd * apart, 2 * apart)
            four(b0, b1, b2, b3, p + (32 + odd) * apart, 2 * apart)
""",
    32: """
def gather_narrow_32(narrow, rows, to, apart):
    for k in range(0, rows, 4):
        p = to + k * 4
        h = load_i16(narrow + k * 64 + 64); g = load_i16(narrow + k * 64 + 192)
        s = sub_i16(load_i16(narrow + k * 64), left_i16(h, 8))
        t = sub_i16(load_i16(narrow + k * 64 + 128), left_i16(g, 8))
        low, high = low_i16_unsigned(s), high_i16_unsigned(s)
        four(low, high, low_i16_unsigned(t), high_i16_unsigned(t), p, 2 * apart)
        low, high = low_i16_unsigned(h), high_i16_unsigned(h)
        four(low, high, low_i16_unsigned(g), high_i16_unsigned(g), p + apart, 2 * apart)


def gather_wide_32(wide, rows, to, apart):
    for k in range(0, rows, 4):
        w = wide + k * 128
        for odd in range(2):
            a0 = load_i32(w + odd * 128); a1 = load_i32(w + odd * 128 + 64)
            a2 = load_i32(w + odd * 128 + 256); a3 = load_i32(w + odd * 128 + 320)
            four(a0, a1, a2, a3, to + k * 4 + odd * apart, 2 * apart)
""",
}


METHOD = TileMethod(
    tiles=(64, 32),
    column=64,
    lanes=64,
    # The number of rows from which a partly filled tile is faster than the next smaller tile.
    least=((50, 17), (50, 17)),
    max_bits=4,
    isas=("avx512", "avx2", "neon", "scalar"),
    limit=limit,
    shape=shape,
    shared=SHARED,
    text=text,
    costs={
        "avx2": Costs(batch=(0.0016, 0.4)),
    },
)
