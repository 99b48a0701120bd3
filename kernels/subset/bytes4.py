"""Four weights per lookup: 16-byte tables, as every SIMD instruction set has them (``pshufb``, ``tbl``).

A weight byte holds two groups, one per nibble, for one of 64 rows. Entries are at most
4 * 15 = 60; codes above 4 bits are split into two nibbles and the weights are read twice
(S = S_low + 16 S_high). Byte sums are widened as in bytes6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.source import expand
from qcompile.kernels.method import Costs, LanesMethod
from qcompile.kernels.subset.bytes6 import ORDER


def table_bytes(bits: int) -> int:
    """16 bytes for each nibble of the codes."""
    return 16 * ((bits + 3) // 4)


def limit(bits: int) -> int:
    """Groups per block: sixteen-bit sums hold 65535 / 60 = 1092; tables of 4 rows in 16 KiB."""
    return 256 // ((bits + 3) // 4)


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(rows, inputs) to (rows / 64, inputs / 8, 64): low nibble = first group of the pair."""
    rows, inputs = bits.shape
    index = (bits.reshape(rows, inputs // 8, 8) * (1 << np.arange(8))).sum(2, dtype=np.uint8)
    return np.ascontiguousarray(index.reshape(rows // 64, 64, -1)[:, ORDER].transpose(0, 2, 1))


def _patterns() -> NDArray[np.uint8]:
    entry, lane = np.arange(64) % 16, np.arange(64) // 16
    # 0x80 makes lookup16 answer 0: the input is not in the subset.
    return np.array([np.where(entry >> i & 1, 4 * lane + i, 0x80) for i in range(4)]).astype(np.uint8)


PATTERNS = _patterns()


def prepare() -> str:
    """Four groups at a time, one per 16 bytes; the tables of the high nibbles follow all low ones."""
    return expand(
        """
def prepare(codes, tables, groups, patterns, bits):
    each k: p{k} = load_u8(patterns + {k} * 64)
    f = splat_u8(15)
    for digit in range((bits + 3) // 4):
        t = tables + digit * groups * 16
        for g in range(0, groups, 4):
            c = repeat_16(codes + g * 4)
            if digit:
                c = right_u8(c, 4)
            else:
                c = and_u8(c, f)
            low = add_u8(lookup16_u8(c, p0), lookup16_u8(c, p1))
            store_u8(t + g * 16, add_u8(low, add_u8(lookup16_u8(c, p2), lookup16_u8(c, p3))))
""",
        k=4,
    )


def sums(r: int, n: int, bits: int) -> str:
    """N rows of codes times R vectors of 64 weight rows, once per nibble."""
    return expand(
        """
def sums_{R}_{N}(tables, weights, sums, units, count, table_stride, sum_stride, bits):
    f = splat_u8(15)
    period = 255 // (8 * ((1 << min(bits, 4)) - 1))
    for tile in range(count):
        w = weights + tile * units * {R} * 64
        for digit in range((bits + 3) // 4):
            t = tables + digit * units * 32
            each r n: s{r}{n} = splat_i16(0); g{r}{n} = splat_i16(0)
            k = 0
            while k < units:
                stop = min(k + period, units)
                each r n: x{r}{n} = splat_u8(0)
                while k < stop:
                    each r:
                        i = load_u8(w + (k * {R} + {r}) * 64)
                        i{r} = and_u8(i, f)
                        j{r} = and_u8(i16_as_u8(right_i16(u8_as_i16(i), 4)), f)
                    each n:
                        p = t + {n} * table_stride + k * 32
                        a = repeat_16(p); b = repeat_16(p + 16)
                        each r: x{r}{n} = add_u8(x{r}{n}, add_u8(lookup16_u8(a, i{r}), lookup16_u8(b, j{r})))
                    k += 1
                each r n:
                    x = u8_as_i16(x{r}{n})
                    s{r}{n} = add_i16(s{r}{n}, x)
                    g{r}{n} = add_i16(g{r}{n}, right_i16(x, 8))
            shift = digit * 4
            each r n:
                q = sums + tile * {R} * 256 + {n} * sum_stride + {r} * 256
                s = sub_i16(s{r}{n}, left_i16(g{r}{n}, 8))
                accumulate_i32(q, left_i32(low_i16_unsigned(s), shift))
                accumulate_i32(q + 64, left_i32(high_i16_unsigned(s), shift))
                accumulate_i32(q + 128, left_i32(low_i16_unsigned(g{r}{n}), shift))
                accumulate_i32(q + 192, left_i32(high_i16_unsigned(g{r}{n}), shift))
""",
        r=r,
        n=n,
    )


def passes(bits: int) -> float:
    """Once per nibble of the codes; the narrowest need fewer widenings."""
    return 0.8 if bits <= 2 else (bits + 3) // 4


def shape(rows: int, isa: str, bits: int) -> tuple[int, int]:
    """With 16 registers of 32 bytes: one vector (two registers) by two rows."""
    if isa == "avx512":
        return (2, 4) if rows >= 4 else (4, 1)
    return (1, 2) if rows >= 2 else (1, 1)


METHOD = LanesMethod(
    lanes=64,
    inputs=4,
    unit=2,
    groups_multiple=4,
    max_bits=8,
    isas=("avx512", "avx2", "neon", "scalar"),
    table_bytes=table_bytes,
    limit=limit,
    pack=pack,
    patterns=PATTERNS,
    prepare=prepare,
    sums=sums,
    shape=shape,
    passes=passes,
    costs={
        "avx512": Costs(single=(0.003, 0.1), batch=(0.0023, 0.2)),
        "avx2": Costs(single=(0.0017, 0.08), batch=(0.0027, 0.42)),
        "neon": Costs(single=(1.5, 0.0), batch=(1.5, 0.0), measured=False),
    },
)
