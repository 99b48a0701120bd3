"""Lookup instructions: 16-, 64- and 128-entry tables, population counts, sums of bytes.

These are what makes low-bit kernels fast: one lookup answers for 4 to 7 one-bit weights at once.
"""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from qcompile.kernels.simd.vectors import VECTORS, call, define, halves, join, splat

I32 = ir.IntType(32)
U8, I16, I64 = VECTORS["u8"].llvm, VECTORS["i16"].llvm, VECTORS["i64"].llvm
B16 = ir.VectorType(ir.IntType(8), 16)
B32 = ir.VectorType(ir.IntType(8), 32)


def _gather(b: Any, tables: list[Any], index: Any, mask: int, base: Any = None) -> Any:
    """Portable: spill the tables, then read one lane at a time."""
    element = tables[0].type.element
    per = tables[0].type.count
    room = b.alloca(ir.ArrayType(element, per * len(tables)))
    start = b.ptrtoint(room, ir.IntType(64))
    size = element.width // 8
    for i, table in enumerate(tables):
        where = b.add(start, ir.IntType(64)(i * per * size))
        b.store(table, b.inttoptr(where, table.type.as_pointer()), align=1)
    result = ir.Constant(index.type, ir.Undefined)
    for lane in range(index.type.count):
        entry = b.zext(b.extract_element(index, I32(lane)), ir.IntType(64))
        entry = b.and_(entry, ir.IntType(64)(mask))
        if base is not None:
            entry = b.add(entry, ir.IntType(64)(base(lane)))
        where = b.add(start, b.mul(entry, ir.IntType(64)(size)))
        value = b.load(b.inttoptr(where, element.as_pointer()), align=1)
        result = b.insert_element(result, value, I32(lane))
    return result


def _lookup16(b: Any, table: Any, index: Any) -> Any:
    found = _gather(b, [table], index, 15, lambda lane: lane // 16 * 16)
    return b.select(
        b.icmp_unsigned("<", index, ir.Constant(U8, [128] * 64)), found, ir.Constant(U8, [0] * 64)
    )


def _lookup16_avx2(b: Any, table: Any, index: Any) -> Any:
    parts = zip(halves(b, table, 2), halves(b, index, 2), strict=True)
    return join(b, [call(b, "llvm.x86.avx2.pshuf.b", B32, t, i) for t, i in parts])


def _lookup16_neon(b: Any, table: Any, index: Any) -> Any:
    # tbl answers 0 for every index of 16 and more; x86 looks at bit 7 and the low four bits.
    index = b.and_(index, ir.Constant(U8, [0x8F] * 64))
    parts = zip(halves(b, table, 4), halves(b, index, 4), strict=True)
    return join(b, [call(b, "llvm.aarch64.neon.tbl1.v16i8", B16, t, i) for t, i in parts])


define(
    "lookup16_u8 u8 u8 -> u8",
    "np.where(b < 128, a[np.arange(64) // 16 * 16 + (b & 15)], 0).astype(np.uint8)",
    _lookup16,
    avx2=_lookup16_avx2,
    avx512=lambda b, t, i: call(b, "llvm.x86.avx512.pshuf.b.512", U8, t, i),
    neon=_lookup16_neon,
)


def _lookup64_neon(b: Any, table: Any, index: Any) -> Any:
    rows = halves(b, table, 4)
    index = b.and_(index, ir.Constant(U8, [63] * 64))
    return join(b, [call(b, "llvm.aarch64.neon.tbl4.v16i8", B16, *rows, i) for i in halves(b, index, 4)])


define(
    "lookup64_u8 u8 u8 -> u8",
    "a[b & 63]",
    lambda b, t, i: _gather(b, [t], i, 63),
    avx512=lambda b, t, i: call(b, "llvm.x86.avx512.permvar.qi.512", U8, t, i),
    neon=_lookup64_neon,
)
define(
    "lookup128_u8 u8 u8 u8 -> u8",
    "np.concatenate([a, b])[c & 127]",
    lambda b, lo, hi, i: _gather(b, [lo, hi], i, 127),
    avx512=lambda b, lo, hi, i: call(b, "llvm.x86.avx512.vpermi2var.qi.512", U8, lo, i, hi),
)
define(
    "lookup64_i16 i16 i16 i16 -> i16",
    "np.concatenate([a, b])[c & 63]",
    lambda b, lo, hi, i: _gather(b, [lo, hi], i, 63),
    avx512=lambda b, lo, hi, i: call(b, "llvm.x86.avx512.vpermi2var.hi.512", I16, lo, i, hi),
)
define(
    "lookup32_i16 i16 i16 -> i16",
    "a[b & 31]",
    lambda b, t, i: _gather(b, [t], i, 31),
    avx512=lambda b, t, i: call(b, "llvm.x86.avx512.permvar.hi.512", I16, t, i),
)

define(
    "popcount_u8 u8 -> u8",
    "np.bitwise_count(a)",
    lambda b, x: call(b, "llvm.ctpop.v64i8", U8, x),
)
define(
    "popcount_i64 i64 -> i64",
    "np.bitwise_count(a.view(np.uint64)).astype(np.int64)",
    lambda b, x: call(b, "llvm.ctpop.v8i64", I64, x),
)


def _sum_bytes(b: Any, x: Any) -> Any:
    words = b.bitcast(x, I64)
    total = ir.Constant(I64, [0] * 8)
    low = splat(b, ir.IntType(64)(255), 8)
    for i in range(8):
        total = b.add(total, b.and_(b.lshr(words, splat(b, ir.IntType(64)(8 * i), 8)), low))
    return total


def _sum_bytes_avx2(b: Any, x: Any) -> Any:
    kind = ir.VectorType(ir.IntType(64), 4)
    zero = ir.Constant(B32, [0] * 32)
    return join(b, [call(b, "llvm.x86.avx2.psad.bw", kind, part, zero) for part in halves(b, x, 2)])


def _sum_bytes_avx512(b: Any, x: Any) -> Any:
    return call(b, "llvm.x86.avx512.psad.bw.512", I64, x, ir.Constant(U8, [0] * 64))


define(
    "sum_eights u8 -> i64",
    "a.reshape(8, 8).sum(1, dtype=np.int64)",
    _sum_bytes,
    avx2=_sum_bytes_avx2,
    avx512=_sum_bytes_avx512,
)


def _bit_of_bytes(b: Any, x: Any, k: Any) -> Any:
    bit = b.shl(ir.IntType(8)(1), b.trunc(k, ir.IntType(8)))
    chosen = b.and_(x, splat(b, bit, 64))
    return b.bitcast(b.icmp_unsigned("!=", chosen, ir.Constant(U8, [0] * 64)), ir.IntType(64))


define(
    "bit_of_bytes u8 int -> int",
    "int(np.packbits((a >> b) & 1, bitorder='little').view(np.int64)[0])",
    _bit_of_bytes,
)
