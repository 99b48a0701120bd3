"""Seven weights per lookup: a 128-byte table in two registers (AVX-512 VBMI ``vpermi2b``).

As bytes6 with one more input: the upper half of a table is the lower half plus the seventh code.
Entries are at most 7 * (2^B - 1) <= 105 for B <= 4 bits, so two answers of the widest codes still
fit a byte. The instruction overwrites an operand: with one row of codes an index is read once and
needs no copy; with several the copies cost what the seventh weight saves (bytes6). A weight byte has
seven bits in use; bit 7 is 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.source import expand
from qcompile.kernels.method import Costs, LanesMethod
from qcompile.kernels.subset import bytes6
from qcompile.kernels.subset.bytes6 import WIDEN

INPUTS = 7


def table_bytes(bits: int) -> int:
    """Two vectors."""
    return 128


def limit(bits: int) -> int:
    """Groups per block: 16-bit sums would hold 65535 / 105 = 624; 48 keep 4 rows in 24 KiB."""
    return 48


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(rows, inputs) to (rows / 64, inputs / 7, 64): bit i of a byte is input i of the group."""
    return bytes6.pack(bits, INPUTS)


PATTERNS = bytes6.patterns(INPUTS)


def prepare() -> str:
    """Four groups at a time: 2 lookups make pair sums, 3 each the lower halves, 1 addition the upper."""
    return expand(
        """
def prepare(codes, tables, groups, patterns, bits):
    each k: p{k} = load_u8(patterns + {k} * 64)
    for q in range(0, groups, 4):
        c = load_u8(codes + q * 7)
        t = tables + q * 128
        pairs = add_u8(and_u8(lookup64_u8(c, p0), p1), and_u8(lookup64_u8(c, p2), p3))
"""
        + "\n".join(
            f"        both = add_u8(lookup64_u8(pairs, p{4 + 3 * g}), lookup64_u8(pairs, p{5 + 3 * g}))\n"
            f"        both = add_u8(both, lookup64_u8(pairs, p{6 + 3 * g}))\n"
            f"        store_u8(t + {128 * g}, both)\n"
            f"        seventh = splat_u8(read_u8(codes + q * 7 + {7 * g + 6}))\n"
            f"        store_u8(t + {128 * g + 64}, add_u8(both, seventh))"
            for g in range(4)
        ),
        k=len(PATTERNS),
    )


def sums(r: int, n: int, bits: int) -> str:
    """N rows of codes times R vectors of 64 weight rows."""
    return expand(
        """
def sums_{R}_{N}(tables, weights, sums, units, count, table_stride, sum_stride, bits):
    period = 255 // (7 * ((1 << bits) - 1))
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
                p = tables + {n} * table_stride + k * 128
                a = load_u8(p); b = load_u8(p + 64); c = load_u8(p + 128); d = load_u8(p + 192)
                each r:
                    x = u8_as_i16(add_u8(lookup128_u8(a, b, i{r}), lookup128_u8(c, d, j{r})))
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
                    a = load_u8(tables + {n} * table_stride + k * 128)
                    b = load_u8(tables + {n} * table_stride + k * 128 + 64)
                    each r: x{r}{n} = add_u8(x{r}{n}, lookup128_u8(a, b, i{r}))
                k += 1
            each r n:
                x = u8_as_i16(x{r}{n})
                s{r}{n} = add_i16(s{r}{n}, x)
                g{r}{n} = add_i16(g{r}{n}, right_i16(x, 8))
"""


def shape(rows: int, isa: str, bits: int) -> tuple[int, int]:
    """Two sums per (vector, row) in every step for 4-bit codes; one, until it is widened, for narrow ones."""
    if rows < 4:
        return (4, 1)
    return (4, 2) if bits == 4 else (4, 4)


METHOD = LanesMethod(
    lanes=64,
    inputs=INPUTS,
    unit=1,
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
        "avx512": Costs(single=(0.00172, 0.1), batch=(0.00127, 0.28)),
    },
)
