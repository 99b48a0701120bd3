"""Memory instructions: load, store, splat, repeat; and scalar reads and writes by address.

``memory`` in a meaning is a byte array and an address is an index into it; ``at(kind, a, n)``
reads n elements there. No alignment is needed anywhere.
"""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from qcompile.kernels.simd.vectors import BYTES, ELEMENTS, VECTORS, WIDTH, Emit, define, shuffle, splat

I16, I64 = ir.IntType(16), ir.IntType(64)


def _pointer(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _load(kind: Any) -> Emit:
    return lambda b, a: b.load(_pointer(b, a, kind), align=1)


def _store(b: Any, a: Any, value: Any) -> None:
    b.store(value, _pointer(b, a, value.type), align=1)


def _splat(element: str) -> Emit:
    kind, lanes = ELEMENTS[element], VECTORS[element].lanes

    def emit(b: Any, x: Any) -> Any:
        if isinstance(kind, ir.IntType) and kind.width < 64:
            x = b.trunc(x, kind)
        return splat(b, x, lanes)

    return emit


def _repeat(width: int) -> Emit:
    """``width`` bytes from memory, over and over."""

    def emit(b: Any, a: Any) -> Any:
        if width <= 8:
            word = ir.IntType(8 * width)
            return b.bitcast(
                splat(b, b.load(_pointer(b, a, word), align=1), BYTES // width), VECTORS["u8"].llvm
            )
        kind = ir.VectorType(ir.IntType(8), width)
        part = b.load(_pointer(b, a, kind), align=1)
        return shuffle(b, part, part, list(range(width)) * (BYTES // width))

    return emit


for _element, _vector in VECTORS.items():
    _n = _vector.lanes
    define(f"load_{_element} address -> {_element}", f"at('{_element}', a, {_n})", _load(_vector.llvm))
    define(f"store_{_element} address {_element} -> none", f"put('{_element}', a, b)", _store)
    _scalar = "float" if _element == "f32" else "int"
    _cast = {"u8": "uint8", "f32": "float32"}.get(_element, f"int{8 * WIDTH[_element]}")
    define(
        f"splat_{_element} {_scalar} -> {_element}", f"np.full({_n}, a).astype(np.{_cast})", _splat(_element)
    )

for _width in (2, 4, 8, 16):
    define(
        f"repeat_{_width} address -> u8",
        f"np.tile(at('u8', a, {_width}), {BYTES // _width})",
        _repeat(_width),
    )


def _load_half(b: Any, a: Any) -> Any:
    part = b.load(_pointer(b, a, ir.VectorType(ir.IntType(8), 32)), align=1)
    return b.zext(part, VECTORS["i16"].llvm)


define("load_u8_as_i16 address -> i16", "at('u8', a, 32).astype(np.int16)", _load_half)


def _read(bits: int, signed: bool) -> Emit:
    def emit(b: Any, a: Any) -> Any:
        value = b.load(_pointer(b, a, ir.IntType(bits)), align=1)
        if bits == 64:
            return value
        return b.sext(value, I64) if signed else b.zext(value, I64)

    return emit


def _write(bits: int) -> Emit:
    def emit(b: Any, a: Any, value: Any) -> None:
        word = ir.IntType(bits)
        b.store(value if bits == 64 else b.trunc(value, word), _pointer(b, a, word), align=1)

    return emit


for _name, _bits, _signed in (("u8", 8, False), ("u16", 16, False), ("i32", 32, True), ("i64", 64, True)):
    define(f"read_{_name} address -> int", f"int(at('{_name}', a, 1)[0])", _read(_bits, _signed))
    if _signed or _name == "u8":
        define(f"write_{_name} address int -> none", f"put('{_name}', a, b)", _write(_bits))
define("read_f32 address -> float", "at('f32', a, 1)[0]", _load(ir.FloatType()))


def _load_first(b: Any, address: Any, count: Any) -> Any:
    kind = VECTORS["f32"].llvm
    lanes = ir.Constant(ir.VectorType(I64, 16), list(range(16)))
    mask = b.icmp_signed("<", lanes, splat(b, count, 16))
    pointer = _pointer(b, address, kind)
    name = "llvm.masked.load.v16f32.p0"
    function = b.module.globals.get(name)
    if function is None:
        arguments = [pointer.type, ir.IntType(32), mask.type, kind]
        function = ir.Function(b.module, ir.FunctionType(kind, arguments), name)
    return b.call(function, [pointer, ir.IntType(32)(1), mask, ir.Constant(kind, [0.0] * 16)])


define(
    "load_first_f32 address int -> f32",
    "np.pad(at('f32', a, b), (0, 16 - b))",
    _load_first,
)
