"""Five weights per lookup into 16-bit entries: a 32-entry table in one register (``vpermw``).

For codes of up to 8 bits: an entry is at most 5 * 255 = 1275, so 51 answers can be added as
unsigned words before they are widened; no nibbles, no carries. A weight word holds three groups
of five bits; the instruction reads only the low five, so the first group needs no mask and the
others one shift each: 16 bits for 15 weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.source import expand
from qcompile.kernels.method import Costs, LanesMethod

INPUTS = 5
PER_WORD = 3


def table_bytes(bits: int) -> int:
    """One vector."""
    return 64


def limit(bits: int) -> int:
    """Groups per block: unsigned 16-bit sums, and four rows of tables within 24 KiB."""
    return min(96, 65535 // (INPUTS * ((1 << bits) - 1)) // PER_WORD * PER_WORD)


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(rows, inputs) to (rows / 32, inputs / 15, 64): word j is row j, bit i is input i of 15."""
    rows, inputs = bits.shape
    weights = (1 << np.arange(15)).astype(np.uint16)
    index = (bits.reshape(rows, inputs // 15, 15) * weights).sum(2, dtype=np.uint16)
    tiled = index.reshape(rows // 32, 32, -1).transpose(0, 2, 1)
    return np.ascontiguousarray(tiled).astype("<u2").view(np.uint8)


def _patterns() -> NDArray[np.uint8]:
    entry = np.arange(32)
    bit = [(entry >> k) & 1 for k in range(5)]
    pairs = [(bit[0], bit[1]), (bit[2], bit[3]), (bit[4], 0 * entry)]
    return np.array([np.stack(p, axis=1).reshape(64) for p in pairs]).astype(np.uint8)


PATTERNS = _patterns()


def prepare() -> str:
    """Three multiply-adds of input pairs with 0/1 patterns give all 32 subset sums."""
    return expand(
        """
def prepare(codes, tables, groups, patterns, bits):
    each k: p{k} = load_u8(patterns + {k} * 64)
    for g in range(groups):
        c = codes + g * 5
        both = add_i16(multiply_pairs(repeat_2(c), p0), multiply_pairs(repeat_2(c + 2), p1))
        store_i16(tables + g * 64, add_i16(both, multiply_pairs(repeat_2(c + 4), p2)))
""",
        k=3,
    )


def sums(r: int, n: int, bits: int) -> str:
    """N rows of codes times R vectors of 32 weight rows."""
    return expand(
        """
def sums_{R}_{N}(tables, weights, sums, units, count, table_stride, sum_stride, bits):
    for tile in range(count):
        w = weights + tile * units * {R} * 64
        each r n: x{r}{n} = splat_i16(0)
        for k in range(units):
            each r: i{r} = load_i16(w + (k * {R} + {r}) * 64)
            each g:
                each n:
                    a = load_i16(tables + {n} * table_stride + k * 192 + {g} * 64)
                    each r: x{r}{n} = add_i16(x{r}{n}, lookup32_i16(a, i{r}))
                each r: i{r} = right_i16(i{r}, 5)
        each r n:
            q = sums + tile * {R} * 128 + {n} * sum_stride + {r} * 128
            accumulate_i32(q, low_i16_unsigned(x{r}{n}))
            accumulate_i32(q + 64, high_i16_unsigned(x{r}{n}))
""",
        r=r,
        n=n,
        g=PER_WORD,
    )


def shape(rows: int, isa: str, bits: int) -> tuple[int, int]:
    """One 16-bit sum per (vector, row): 16 of 32 registers."""
    return (4, 4) if rows >= 4 else (8, 1)


METHOD = LanesMethod(
    lanes=32,
    inputs=INPUTS,
    unit=3,
    groups_multiple=3,
    max_bits=8,
    isas=("avx512",),
    table_bytes=table_bytes,
    limit=limit,
    pack=pack,
    patterns=PATTERNS,
    prepare=prepare,
    sums=sums,
    shape=shape,
    costs={
        "avx512": Costs(single=(0.003, 0.12), batch=(0.0021, 0.23)),
    },
)
