"""Bit planes: AND and count. One word is 64 inputs of one row; a vector is 8 rows.

    S = sum_b 2^b popcount(row & plane_b)

Nothing is built but the planes, so this is the kernel for 1-bit codes and for small networks;
B-bit codes cost B passes. With AVX-512 VPOPCNTDQ one instruction counts 512 bits; elsewhere LLVM
makes the count of byte tables or of scalar words, so it runs on every CPU.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.source import expand
from qcompile.kernels.method import Costs, LanesMethod
from qcompile.model.bits import pack_bits

PATTERNS = np.zeros((1, 64), np.uint8)


def table_bytes(bits: int) -> int:
    """One word per plane."""
    return 8 * bits


def limit(bits: int) -> int:
    """Counts are 64-bit: no bound; 512 words keep 8 planes of 4 rows within 128 KiB."""
    return 512


def pack(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(rows, inputs) to (rows / 8, inputs / 64, 64): eight rows' words side by side."""
    rows, _ = bits.shape
    packed = pack_bits(bits).reshape(rows // 8, 8, -1).transpose(0, 2, 1)
    return np.ascontiguousarray(packed).astype("<u8").view(np.uint8)


def prepare() -> str:
    """Codes to planes, 64 at a time; plane b of a block lies at word b * groups."""
    return """
def prepare(codes, tables, groups, patterns, bits):
    for b in range(bits):
        for k in range(groups):
            write_i64(tables + (b * groups + k) * 8, bit_of_bytes(load_u8(codes + k * 64), b))
"""


def sums(r: int, n: int, bits: int) -> str:
    """N rows of codes times R vectors of 8 weight rows; planes from the highest down (Horner)."""
    return expand(
        """
def sums_{R}_{N}(tables, weights, sums, units, count, table_stride, sum_stride, bits):
    for tile in range(count):
        w = weights + tile * units * {R} * 64
        each r n: x{r}{n} = splat_i64(0)
        for plane in range(bits - 1, -1, -1):
            each r n: x{r}{n} = add_i64(x{r}{n}, x{r}{n})
            t = tables + plane * units * 8
            for k in range(units):
                each r: i{r} = load_i64(w + (k * {R} + {r}) * 64)
                each n:
                    c = splat_i64(read_i64(t + {n} * table_stride + k * 8))
                    each r: x{r}{n} = add_i64(x{r}{n}, popcount_i64(and_i64(i{r}, c)))
        each r n: accumulate_i64_as_i32(sums + tile * {R} * 32 + {n} * sum_stride + {r} * 32, x{r}{n})
""",
        r=r,
        n=n,
    )


def passes(bits: int) -> float:
    """Once per bit plane of the codes."""
    return bits


def shape(rows: int, isa: str, bits: int) -> tuple[int, int]:
    """One 64-bit sum per (vector, row)."""
    if isa == "avx512":
        return (4, 4) if rows >= 4 else (8, 1)
    return (2, 2) if rows >= 2 else (2, 1)


METHOD = LanesMethod(
    lanes=8,
    inputs=64,
    unit=1,
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
        "avx512": Costs(single=(0.00085, 0.05), batch=(0.00087, 0.012)),
        "avx2": Costs(single=(0.0024, 0.03), batch=(0.0033, 0.25)),
        "neon": Costs(single=(1.0, 0.0), batch=(1.0, 0.0), measured=False),
        "scalar": Costs(single=(1.0, 0.0), batch=(1.0, 0.0), measured=False),
    },
)
