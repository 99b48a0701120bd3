"""Six weights per lookup: a 64-byte table in one register (AVX-512 VBMI ``vpermb``).

A weight byte holds the bits of 6 inputs for one row; one instruction answers for 64 rows, that is
384 weights. (``vpermi2b`` would take 7, but it destroys an operand, and the copy costs more than
the seventh weight brings.) Entries are bytes, at most 6 * (2^B - 1) <= 90 for B <= 4 bits, so
255 // (6 top) answers are added as bytes before they are widened:

    s += word(x);  g += word(x) >> 8        two bytes per word; low byte sum = s - 256 g

A table is three lookups into the pair sums [0, a, b, a + b] of the group's inputs, and two additions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.source import expand
from qcompile.kernels.method import Costs, LanesMethod

INPUTS, UNIT = 6, 1
# Byte lane 2i of a vector becomes word i of s, lane 2i + 1 word i of g: with rows in that order
# the sums come out in their natural order.
ORDER = np.arange(64).reshape(2, 32).T.reshape(-1)


def table_bytes(bits: int) -> int:
    """One vector."""
    return 64


def limit(bits: int) -> int:
    """Groups per block: 16-bit sums would hold 65535 / 90 = 728; 96 keep 4 rows in 24 KiB."""
    return 96


def pack(bits: NDArray[np.bool_], inputs: int = INPUTS) -> NDArray[np.uint8]:
    """(rows, d) to (rows / 64, d / inputs, 64): bit i of a byte is input i of the group."""
    rows, d = bits.shape
    weights = (1 << np.arange(inputs)).astype(np.uint8)
    index = (bits.reshape(rows, d // inputs, inputs) * weights).sum(2, dtype=np.uint8)
    return np.ascontiguousarray(index.reshape(rows // 64, 64, -1)[:, ORDER].transpose(0, 2, 1))


def patterns(inputs: int) -> NDArray[np.uint8]:
    """Four groups of codes to the pair sums of their first six; pair sums to tables."""
    slot, lane = np.arange(64) % 16, np.arange(64) // 16
    low = np.array([0, 0, 1, 0, 0, 2, 3, 2, 0, 4, 5, 4, 0, 0, 0, 0])
    high = np.array([0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0])
    use_low = np.array([0, 1, 1, 1] * 3 + [0] * 4)
    use_high = np.array([0, 0, 0, 1] * 3 + [0] * 4)
    out = [inputs * lane + low[slot], 255 * use_low[slot], inputs * lane + high[slot], 255 * use_high[slot]]
    entry = np.arange(64)
    for group in range(4):
        out += [16 * group + 4 * k + (entry >> (2 * k) & 3) for k in range(3)]
    return np.array(out).astype(np.uint8)


PATTERNS = patterns(INPUTS)


def prepare() -> str:
    """Four groups at a time: 2 lookups make their pair sums, 3 lookups each their tables."""
    return expand(
        """
def prepare(codes, tables, groups, patterns, bits):
    each k: p{k} = load_u8(patterns + {k} * 64)
    for q in range(0, groups, 4):
        c = load_u8(codes + q * 6)
        t = tables + q * 64
        pairs = add_u8(and_u8(lookup64_u8(c, p0), p1), and_u8(lookup64_u8(c, p2), p3))
"""
        + "\n".join(
            f"        both = add_u8(lookup64_u8(pairs, p{4 + 3 * g}), lookup64_u8(pairs, p{5 + 3 * g}))\n"
            f"        store_u8(t + {64 * g}, add_u8(both, lookup64_u8(pairs, p{6 + 3 * g})))"
            for g in range(4)
        ),
        k=len(PATTERNS),
    )


def sums(r: int, n: int, bits: int) -> str:
    """N rows of codes times R vectors of 64 weight rows."""
    return expand(
        """
def sums_{R}_{N}(tables, weights, sums, units, count, table_stride, sum_stride, bits):
    period = 255 // (6 * ((1 << bits) - 1))
    for tile in range(count):
        w = weights + tile * units * {R} * 64
        each r n: s{r}{n} = splat_i16(0); g{r}{n} = splat_i16(0)
"""
        + (PAIRS if bits == 4 else RUNS)
        + WIDEN,
        r=r,
        n=n,
    )


# Two answers of 4-bit codes fit a byte: each pair is widened at once.
PAIRS = """
        for k in range(0, units, 2):
            each r: i{r} = load_u8(w + (k * {R} + {r}) * 64); j{r} = load_u8(w + (k * {R} + {R} + {r}) * 64)
            each n:
                p = tables + {n} * table_stride + k * 64
                a = load_u8(p); b = load_u8(p + 64)
                each r:
                    x = u8_as_i16(add_u8(lookup64_u8(a, i{r}), lookup64_u8(b, j{r})))
                    s{r}{n} = add_i16(s{r}{n}, x)
                    g{r}{n} = add_i16(g{r}{n}, right_i16(x, 8))
"""
RUNS = """
        k = 0
        while k < units:
            stop = min(k + period, units)
            each r n: x{r}{n} = splat_u8(0)
            while k < stop:
                each r: i{r} = load_u8(w + (k * {R} + {r}) * 64)
                each n:
                    a = load_u8(tables + {n} * table_stride + k * 64)
                    each r: x{r}{n} = add_u8(x{r}{n}, lookup64_u8(a, i{r}))
                k += 1
            each r n:
                x = u8_as_i16(x{r}{n})
                s{r}{n} = add_i16(s{r}{n}, x)
                g{r}{n} = add_i16(g{r}{n}, right_i16(x, 8))
"""
WIDEN = """
        each r n:
            q = sums + tile * {R} * 256 + {n} * sum_stride + {r} * 256
            s = sub_i16(s{r}{n}, left_i16(g{r}{n}, 8))
            accumulate_i32(q, low_i16_unsigned(s))
            accumulate_i32(q + 64, high_i16_unsigned(s))
            accumulate_i32(q + 128, low_i16_unsigned(g{r}{n}))
            accumulate_i32(q + 192, high_i16_unsigned(g{r}{n}))
"""


def shape(rows: int, isa: str, bits: int) -> tuple[int, int]:
    """Two 16-bit sums per (vector, row): 8 of them fill 16 of 32 registers."""
    return (2, 4) if rows >= 4 else (4, 1)


METHOD = LanesMethod(
    lanes=64,
    inputs=INPUTS,
    unit=UNIT,
    groups_multiple=4,
    max_bits=4,
    isas=("avx512",),
    table_bytes=table_bytes,
    limit=limit,
    pack=pack,
    patterns=PATTERNS,
    prepare=prepare,
    sums=sums,
    shape=shape,
    costs={
        "avx512": Costs(single=(0.0018, 0.1), batch=(0.0015, 0.22)),
    },
)
