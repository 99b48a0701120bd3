"""Four weights per lookup, four lookups of a row side by side, summed by one multiply-add (VBMI, VNNI).

A weight byte holds the bits of 4 inputs and, above them, which of four groups they are: a 64-byte
table (``vpermb``) answers for 16 inputs of 16 rows. Entries are at most 4 * 15 = 60, so four answers
are added as bytes; then ``vpdpbusd`` with ones adds the four bytes of a row to its 32-bit sum. Eight
instructions for 1024 weights, and nothing is ever widened or flushed; bytes7 looks up more weights
at once, but pays for it with shifts, copies of operands and tables three and a half times the size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.source import expand
from qcompile.kernels.method import Costs, LanesMethod
from qcompile.kernels.subset import bytes4

# The table of four inputs in each quarter of a vector, of a group each.
PATTERNS = bytes4.PATTERNS


def table_bytes(bits: int) -> int:
    """One vector."""
    return 64


def limit(bits: int) -> int:
    """Groups per block: 32-bit sums know no bound; 64 keep the tables of 4 rows in 16 KiB."""
    return 64


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(rows, inputs) to (rows / 16, inputs / 16, 64): byte 4 r + k is row r, inputs 4 k to 4 k + 3."""
    rows, inputs = bits.shape
    weights = (1 << np.arange(4)).astype(np.uint8)
    index = (bits.reshape(rows, inputs // 16, 4, 4) * weights).sum(3, dtype=np.uint8)
    index |= (np.arange(4) << 4).astype(np.uint8)
    tiled = index.reshape(rows // 16, 16, -1, 4).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(tiled).reshape(rows // 16, -1, 64)


def prepare() -> str:
    """Sixteen codes in each quarter of a vector; quarter k keeps its own four."""
    return expand(
        """
def prepare(codes, tables, groups, patterns, bits):
    each k: p{k} = load_u8(patterns + {k} * 64)
    for g in range(groups):
        c = repeat_16(codes + g * 16)
        low = add_u8(lookup16_u8(c, p0), lookup16_u8(c, p1))
        store_u8(tables + g * 64, add_u8(low, add_u8(lookup16_u8(c, p2), lookup16_u8(c, p3))))
""",
        k=4,
    )


def sums(r: int, n: int, bits: int) -> str:
    """N rows of codes times R vectors of 16 weight rows, four groups at a time."""
    return expand(
        """
def sums_{R}_{N}(tables, weights, sums, units, count, table_stride, sum_stride, bits):
    ones = splat_u8(1)
    whole = units - units % 4
    for tile in range(count):
        w = weights + tile * units * {R} * 64
        q = sums + tile * {R} * 64
        each r n: s{r}{n} = load_i32(q + {n} * sum_stride + {r} * 64)
        for k in range(0, whole, 4):
            each l r: i{l}{r} = load_u8(w + ((k + {l}) * {R} + {r}) * 64)
            each n:
                t = tables + {n} * table_stride + k * 64
                each l: a{l} = load_u8(t + {l} * 64)
                each r: x{r} = hold_u8(lookup64_u8(a0, i0{r})); y{r} = hold_u8(lookup64_u8(a1, i1{r}))
                each r: x{r} = hold_u8(add_u8(x{r}, y{r}))
                each r: y{r} = hold_u8(lookup64_u8(a2, i2{r})); z{r} = hold_u8(lookup64_u8(a3, i3{r}))
                each r: x{r} = hold_u8(add_u8(x{r}, hold_u8(add_u8(y{r}, z{r}))))
                each r: s{r}{n} = add_multiplied_fours(s{r}{n}, x{r}, ones)
        for k in range(whole, units):
            each r: i{r} = load_u8(w + (k * {R} + {r}) * 64)
            each n:
                a = load_u8(tables + {n} * table_stride + k * 64)
                each r: s{r}{n} = add_multiplied_fours(s{r}{n}, lookup64_u8(a, i{r}), ones)
        each r n: store_i32(q + {n} * sum_stride + {r} * 64, s{r}{n})
""",
        r=r,
        n=n,
        l=4,
    )


def shape(rows: int, isa: str, bits: int) -> tuple[int, int]:
    """A 32-bit sum per (vector, row), the weights of four groups and the tables of one row."""
    return (2, 4) if rows >= 4 else (3, 1)


METHOD = LanesMethod(
    lanes=16,
    inputs=16,
    unit=1,
    step=4,
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
        "avx512": Costs(batch=(0.00129, 0.09)),
    },
)
