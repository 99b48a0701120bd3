"""Six weights per lookup into 16-bit entries: a 64-entry table in two registers (``vpermi2w``).

For codes of up to 8 bits: an entry is at most 6 * 255 = 1530, so 42 answers can be added as
unsigned words before they are widened. A weight word holds two groups of six bits, one in each byte;
the instruction reads only the low six of a word, so the first group needs no mask and the second is
read from memory one byte further on: a shift would take the units that do the lookups.

The upper half of a table is the lower half plus the sixth code.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.source import expand
from qcompile.kernels.method import Costs, LanesMethod
from qcompile.kernels.subset import words5

INPUTS, UNIT = 6, 2
PATTERNS = words5.PATTERNS


def table_bytes(bits: int) -> int:
    """Two vectors."""
    return 128


def limit(bits: int) -> int:
    """Groups per block: unsigned 16-bit sums, and four rows of tables within 24 KiB."""
    return min(48, 65535 // (INPUTS * ((1 << bits) - 1)) // UNIT * UNIT)


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(rows, inputs) to (rows / 32, inputs / 12, 64): word j is row j, bit i is input i of 12."""
    rows, inputs = bits.shape
    weights = (1 << np.array([0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13])).astype(np.uint16)
    index = (bits.reshape(rows, inputs // 12, 12) * weights).sum(2, dtype=np.uint16)
    tiled = index.reshape(rows // 32, 32, -1).transpose(0, 2, 1)
    return np.ascontiguousarray(tiled).astype("<u2").view(np.uint8)


def prepare() -> str:
    """Three multiply-adds of input pairs with 0/1 patterns give 32 subset sums; one addition 32 more."""
    return expand(
        """
def prepare(codes, tables, groups, patterns, bits):
    each k: p{k} = load_u8(patterns + {k} * 64)
    for g in range(groups):
        c = codes + g * 6
        both = add_i16(multiply_pairs(repeat_2(c), p0), multiply_pairs(repeat_2(c + 2), p1))
        low = add_i16(both, multiply_pairs(repeat_2(c + 4), p2))
        store_i16(tables + g * 128, low)
        store_i16(tables + g * 128 + 64, add_i16(low, splat_i16(read_u8(c + 5))))
""",
        k=3,
    )


def sums(r: int, n: int, bits: int) -> str:
    """N rows of codes times R vectors of 32 weight rows."""
    # With one row every vector of weights is used once: reading it twice would take longer than a shift.
    second = "load_i16(w + (k * {R} + {r}) * 64 + 1)" if n > 1 else "right_i16(i{r}, 8)"
    return expand(
        """
def sums_{R}_{N}(tables, weights, sums, units, count, table_stride, sum_stride, bits):
    for tile in range(count):
        w = weights + tile * units * {R} * 64
        each r n: x{r}{n} = splat_i16(0)
        for k in range(units):
            each r: i{r} = load_i16(w + (k * {R} + {r}) * 64)
            each r: j{r} = SECOND
            each n:
                t = tables + {n} * table_stride + k * 256
                a = load_i16(t); b = load_i16(t + 64)
                each r: y{r} = hold_i16(lookup64_i16(a, b, i{r}))
                each r: x{r}{n} = hold_i16(add_i16(x{r}{n}, y{r}))
                a = load_i16(t + 128); b = load_i16(t + 192)
                each r: y{r} = hold_i16(lookup64_i16(a, b, j{r}))
                each r: x{r}{n} = hold_i16(add_i16(x{r}{n}, y{r}))
        each r n:
            q = sums + tile * {R} * 128 + {n} * sum_stride + {r} * 128
            accumulate_i32(q, low_i16_unsigned(x{r}{n}))
            accumulate_i32(q + 64, high_i16_unsigned(x{r}{n}))
""".replace("SECOND", second),
        r=r,
        n=n,
    )


def shape(rows: int, isa: str, bits: int) -> tuple[int, int]:
    """One 16-bit sum per (vector, row): 16 of 32 registers; many vectors per table load."""
    return (4, 4) if rows >= 4 else (8, 1)


METHOD = LanesMethod(
    lanes=32,
    inputs=INPUTS,
    unit=UNIT,
    groups_multiple=2,
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
        "avx512": Costs(single=(0.0024, 0.1), batch=(0.00185, 0.21)),
    },
)
