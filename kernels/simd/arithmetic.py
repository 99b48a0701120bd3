"""Arithmetic instructions: wrap-around integers, IEEE float32 without contraction, conversions."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from qcompile.kernels.simd.vectors import VECTORS, Emit, call, define, halves, join, shuffle, splat

INTEGERS = ("u8", "i16", "i32", "i64")


def _binary(method: str) -> Emit:
    return lambda b, x, y: getattr(b, method)(x, y)


for _e in INTEGERS:
    define(f"add_{_e} {_e} {_e} -> {_e}", "a + b", _binary("add"))
    define(f"sub_{_e} {_e} {_e} -> {_e}", "a - b", _binary("sub"))
for _e in ("i16", "i32", "i64"):
    define(f"mul_{_e} {_e} {_e} -> {_e}", "a * b", _binary("mul"))
for _e in ("u8", "i16", "i64"):
    define(f"and_{_e} {_e} {_e} -> {_e}", "a & b", _binary("and_"))
for _e in ("u8", "i64"):
    define(f"xor_{_e} {_e} {_e} -> {_e}", "a ^ b", _binary("xor"))
define("or_u8 u8 u8 -> u8", "a | b", _binary("or_"))


def _shift(method: str) -> Emit:
    def emit(b: Any, x: Any, count: Any) -> Any:
        element = x.type.element
        narrow = count if element.width == 64 else b.trunc(count, element)
        return getattr(b, method)(x, splat(b, narrow, x.type.count))

    return emit


for _e, _u in (("i16", "uint16"), ("i32", "uint32"), ("i64", "uint64")):
    define(f"right_{_e} {_e} int -> {_e}", f"(a.view(np.{_u}) >> np.{_u}(b)).view(a.dtype)", _shift("lshr"))
    define(f"left_{_e} {_e} int -> {_e}", "a << a.dtype.type(b)", _shift("shl"))
define("right_u8 u8 int -> u8", "a >> np.uint8(b)", _shift("lshr"))

for _f, _m in (("fadd", "a + b"), ("fsub", "a - b"), ("fmul", "a * b")):
    define(f"{_f[1:]}_f32 f32 f32 -> f32", _m, _binary(_f))


def _bound(order: str) -> Emit:
    # select on an ordered comparison is what minps and maxps do; neither operand is NaN here.
    return lambda b, x, y: b.select(b.fcmp_ordered(order, x, y), x, y)


define("min_f32 f32 f32 -> f32", "np.where(a < b, a, b)", _bound("<"))
define("max_f32 f32 f32 -> f32", "np.where(a > b, a, b)", _bound(">"))


def _choose(order: str) -> Emit:
    def emit(b: Any, x: Any, y: Any, yes: Any, no: Any) -> Any:
        return b.select(b.fcmp_ordered(order, x, y), yes, no)

    return emit


define("choose_greater_f32 f32 f32 f32 f32 -> f32", "np.where(a > b, c, d)", _choose(">"))
define("choose_equal_f32 f32 f32 f32 f32 -> f32", "np.where(a == b, c, d)", _choose("=="))
define("truncate_f32_to_i32 f32 -> i32", "a.astype(np.int32)", lambda b, x: b.fptosi(x, VECTORS["i32"].llvm))


def _store_bytes(b: Any, address: Any, x: Any) -> None:
    narrow = b.trunc(x, ir.VectorType(ir.IntType(8), 16))
    b.store(narrow, b.inttoptr(address, narrow.type.as_pointer()), align=1)


define("store_i32_as_u8 address i32 -> none", "put('u8', a, b.astype(np.uint8))", _store_bytes)

for _to in VECTORS:
    for _from in VECTORS:
        if _to != _from:
            _numpy = {"u8": "uint8", "f32": "float32"}.get(_to, _to.replace("i", "int"))
            define(
                f"{_from}_as_{_to} {_from} -> {_to}",
                f"a.view(np.{_numpy})",
                lambda b, x, _kind=VECTORS[_to].llvm: b.bitcast(x, _kind),
            )


def _widen(source: str, target: str, half: int, signed: bool) -> None:
    lanes = VECTORS[source].lanes // 2
    kind = VECTORS[target].llvm
    side = ("low", "high")[half]
    sign = "signed" if signed else "unsigned"
    cut = f"a[:{lanes}]" if half == 0 else f"a[{lanes}:]"
    numpy = target.replace("i", "int")
    view = (
        ""
        if signed
        else f".view(np.{'u' * (source[0] == 'i')}{source.replace('i', 'int').replace('u8', 'uint8')})"
    )

    def emit(b: Any, x: Any) -> Any:
        part = shuffle(b, x, x, list(range(half * lanes, half * lanes + lanes)))
        return b.sext(part, kind) if signed else b.zext(part, kind)

    define(f"{side}_{source}_{sign} {source} -> {target}", f"{cut}{view}.astype(np.{numpy})", emit)


for _half in (0, 1):
    _widen("u8", "i16", _half, False)
    for _signed in (True, False):
        _widen("i16", "i32", _half, _signed)
    _widen("i32", "i64", _half, True)


def _every_second(odd: bool) -> Emit:
    def emit(b: Any, x: Any) -> Any:
        # In place: a product of two such vectors is one instruction, which reads the low halves only.
        words = b.bitcast(x, VECTORS["i64"].llvm)
        by = splat(b, ir.IntType(64)(32), 8)
        return b.ashr(words if odd else b.shl(words, by), by)

    return emit


define("even_i32_signed i32 -> i64", "a[::2].astype(np.int64)", _every_second(False))
define("odd_i32_signed i32 -> i64", "a[1::2].astype(np.int64)", _every_second(True))


def _sum(b: Any, x: Any) -> Any:
    return call(b, "llvm.vector.reduce.add.v8i64", ir.IntType(64), x)


def _sum_i32(b: Any, x: Any) -> Any:
    return b.sext(call(b, "llvm.vector.reduce.add.v16i32", ir.IntType(32), x), ir.IntType(64))


define("total_i64 i64 -> int", "int(a.sum())", _sum)
define("total_i32 i32 -> int", "int(a.sum(dtype=np.int32))", _sum_i32)


# u8 times signed bytes, summed in pairs (int16, saturating) or fours (int32, exact).
def _pairs(b: Any, x: Any, y: Any) -> Any:
    wide = ir.VectorType(ir.IntType(32), 64)
    products = b.mul(b.zext(x, wide), b.sext(y, wide))
    even = shuffle(b, products, products, list(range(0, 64, 2)))
    odd = shuffle(b, products, products, list(range(1, 64, 2)))
    # Saturate: the smaller of (sum, 32767), the larger of (sum, -32768).
    both = b.add(even, odd)
    limit = ir.VectorType(ir.IntType(32), 32)
    top, low = ir.Constant(limit, [32767] * 32), ir.Constant(limit, [-32768] * 32)
    both = b.select(b.icmp_signed("<", both, top), both, top)
    both = b.select(b.icmp_signed(">", both, low), both, low)
    return b.trunc(both, VECTORS["i16"].llvm)


def _pairs_avx2(b: Any, x: Any, y: Any) -> Any:
    kind = ir.VectorType(ir.IntType(16), 16)
    parts = zip(halves(b, x, 2), halves(b, y, 2), strict=True)
    return join(b, [call(b, "llvm.x86.avx2.pmadd.ub.sw", kind, p, q) for p, q in parts])


def _pairs_avx512(b: Any, x: Any, y: Any) -> Any:
    return call(b, "llvm.x86.avx512.pmaddubs.w.512", VECTORS["i16"].llvm, x, y)


define(
    "multiply_pairs u8 u8 -> i16",
    "np.clip((a.astype(np.int32) * b.view(np.int8)).reshape(32, 2).sum(1), -32768, 32767).astype(np.int16)",
    _pairs,
    avx2=_pairs_avx2,
    avx512=_pairs_avx512,
)


def _fours(b: Any, total: Any, x: Any, y: Any) -> Any:
    wide = ir.VectorType(ir.IntType(32), 64)
    products = b.mul(b.zext(x, wide), b.sext(y, wide))
    for i in range(4):
        total = b.add(total, shuffle(b, products, products, list(range(i, 64, 4))))
    return total


def _fours_avx512(b: Any, total: Any, x: Any, y: Any) -> Any:
    kind = VECTORS["i32"].llvm  # newer LLVM takes bytes, and rewrites this form
    words = [b.bitcast(v, kind) for v in (x, y)]
    return call(b, "llvm.x86.avx512.vpdpbusd.512", kind, total, *words)


define(
    "add_multiplied_fours i32 u8 u8 -> i32",
    "a + (b.astype(np.int32) * c.view(np.int8)).reshape(16, 4).sum(1, dtype=np.int32)",
    _fours,
    avx512=_fours_avx512,
)


# Memory as the first operand: sums that do not fit into registers.
def _accumulate(b: Any, address: Any, x: Any) -> None:
    pointer = b.inttoptr(address, x.type.as_pointer())
    b.store(b.add(b.load(pointer, align=1), x), pointer, align=1)


def _accumulate_narrow(b: Any, address: Any, x: Any) -> None:
    _accumulate(b, address, b.trunc(x, ir.VectorType(ir.IntType(32), 8)))


define("accumulate_i32 address i32 -> none", "put('i32', a, at('i32', a, 16) + b)", _accumulate)
define(
    "accumulate_i64_as_i32 address i64 -> none",
    "put('i32', a, at('i32', a, 8) + b.astype(np.int32))",
    _accumulate_narrow,
)


def _pack(b: Any, *parts: Any) -> Any:
    out = []
    for x in parts:
        top, zero = ir.Constant(x.type, [255] * 16), ir.Constant(x.type, [0] * 16)
        x = b.select(b.icmp_signed("<", x, top), x, top)
        x = b.select(b.icmp_signed(">", x, zero), x, zero)
        out.append(b.trunc(x, ir.VectorType(ir.IntType(8), 16)))
    return join(b, out)


def _pack_avx512(b: Any, *parts: Any) -> Any:
    words = VECTORS["i16"].llvm
    first, second = (call(b, "llvm.x86.avx512.packssdw.512", words, x, y) for x, y in (parts[:2], parts[2:]))
    # The packs work inside 128-bit lanes: dword 4 l + p of the result is lane l of part p.
    mixed = b.bitcast(
        call(b, "llvm.x86.avx512.packuswb.512", VECTORS["u8"].llvm, first, second), VECTORS["i32"].llvm
    )
    ordered = shuffle(b, mixed, mixed, [4 * lane + part for part in range(4) for lane in range(4)])
    return b.bitcast(ordered, VECTORS["u8"].llvm)


define(
    "pack_i32 i32 i32 i32 i32 -> u8",
    "np.clip(np.concatenate([a, b, c, d]), 0, 255).astype(np.uint8)",
    _pack,
    avx512=_pack_avx512,
)
define(
    "either_nan f32 f32 -> int",
    "int(np.packbits(np.isnan(a) | np.isnan(b), bitorder='little').view(np.uint16)[0])",
    lambda b, x, y: b.zext(b.bitcast(b.fcmp_unordered("uno", x, y), ir.IntType(16)), ir.IntType(64)),
)


def _hold_avx512(b: Any, x: Any) -> Any:
    # No instruction: an empty piece of assembly that the compiler keeps in order with others.
    kind = ir.FunctionType(x.type, [x.type])
    return b.call(ir.InlineAsm(kind, "", "=v,0", side_effect=True), [x])


for _e in ("u8", "i16", "i32"):
    define(f"hold_{_e} {_e} -> {_e}", "a", lambda b, x: x, avx512=_hold_avx512)
