"""Instructions that move elements: interleaving within 16 bytes, parts from and to memory.

Every SIMD instruction set has these two moves (``punpckl``, ``zip1``), and transposing is nothing
else: in an array of 2^a vectors, interleaving vector i with vector i + 2^(a-1) rotates the bits of an
element's index by one; after a such steps rows are columns.
"""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from qcompile.kernels.simd.vectors import BYTES, VECTORS, WIDTH, Emit, define, halves, join, shuffle


def _interleave(lanes: int, per: int, high: int) -> Emit:
    first = [part + high * per // 2 + i for part in range(0, lanes, per) for i in range(per // 2)]
    order = [index for i in first for index in (i, lanes + i)]
    return lambda b, x, y: shuffle(b, x, y, order)


for _element in ("u8", "i16", "i32", "i64"):
    _per = 16 // WIDTH[_element]
    _half = _per // 2
    for _high, _side, _cut in ((0, "low", f":{_half}"), (1, "high", f"{_half}:")):
        define(
            f"interleave_{_side}_{_element} {_element} {_element} -> {_element}",
            f"np.stack([v.reshape(4, {_per})[:, {_cut}] for v in (a, b)], axis=2).reshape(-1)",
            _interleave(VECTORS[_element].lanes, _per, _high),
        )


def _store_parts(b: Any, address: Any, apart: Any, x: Any) -> None:
    for part in halves(b, x, BYTES // 16):
        b.store(part, b.inttoptr(address, part.type.as_pointer()), align=1)
        address = b.add(address, apart)


for _element in ("u8", "i32"):
    define(
        f"store_parts_{_element} address int {_element} -> none",
        f"[put('{_element}', a + i * b, c.reshape(4, -1)[i]) for i in range(4)]",
        _store_parts,
    )


def _load_halves(lanes: int, bits: int) -> Emit:
    kind = ir.VectorType(ir.IntType(bits), lanes // 2)

    def emit(b: Any, low: Any, high: Any) -> Any:
        return join(b, [b.load(b.inttoptr(a, kind.as_pointer()), align=1) for a in (low, high)])

    return emit


def _upper_half(b: Any, x: Any) -> Any:
    lanes = x.type.count
    zero = ir.Constant(x.type, [0] * lanes)
    return shuffle(b, zero, x, [*range(lanes // 2), *range(lanes + lanes // 2, 2 * lanes)])


for _element in ("u8", "i16"):
    _lanes = VECTORS[_element].lanes
    define(
        f"load_halves_{_element} address address -> {_element}",
        f"np.concatenate([at('{_element}', a, {_lanes // 2}), at('{_element}', b, {_lanes // 2})])",
        _load_halves(_lanes, 8 * WIDTH[_element]),
    )
    define(
        f"upper_half_{_element} {_element} -> {_element}",
        f"np.where(np.arange({_lanes}) < {_lanes // 2}, 0, a)",
        _upper_half,
    )
