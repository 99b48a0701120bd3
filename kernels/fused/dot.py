"""One product by one method: integer weights by rows of codes, one call per batch.

What calibration measures and what the tests compare with the slow reference; networks run in loop.py.

(w c)_j = low sum_i c_i + step sum_b 2^b S[b, j]         (qcompile/model/bits.py)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels import method as methods
from qcompile.kernels.contract import Dot
from qcompile.kernels.fused.choose import bind
from qcompile.kernels.generate import native
from qcompile.kernels.generate.arena import Arena
from qcompile.kernels.generate.native import Native
from qcompile.kernels.generate.source import Generated
from qcompile.kernels.simd.isa import current
from qcompile.kernels.subset.drivers.lanes import Subset, by_size
from qcompile.model.bits import bit_rows

WORDS = ("rows", "planes", "low", "step", "code_bytes", "sum_bytes", "codes", "sums", "subset", "d", "last")


@dataclass(frozen=True, eq=False)
class State:
    """A packed matrix with the function that multiplies by it."""

    native: Native


def pack(form: Dot, method: str, rows: int = 4, isa: str | None = None) -> State:
    """Pack an integer matrix for the method of that name.

    Raises:
        ValueError: the codes are wider than the method takes.
    """
    most = methods.load(method).max_bits
    if form.bits > most:
        raise ValueError(f"{method} takes codes of at most {most} bits, not {form.bits}.")
    arena = Arena()
    planes = bit_rows(form.weight)
    m, d = form.weight.shape
    spelling = current(isa)
    bits = np.pad(planes.bits, ((0, 0), (0, -m % 16), (0, 0))).reshape(-1, d)
    subset = bind(method, spelling, bits, form.bits, rows, arena)
    words = {
        "rows": m,
        "planes": len(planes.bits),
        "low": planes.low,
        "step": planes.step,
        "code_bytes": subset.words["code_bytes"],
        "sum_bytes": subset.words["sum_bytes"],
        "codes": subset.words["codes"],
        "sums": subset.words["sums"],
        "subset": arena.table(subset.words),
        "d": d,
        "last": arena.room(128),
    }
    assert tuple(words) == WORDS
    generated = Generated("dot", spelling.name, _text(subset), subset.generated, cached=False)
    return State(native.bind(generated, "products", arena.table(words), arena))


def fill(state: State, x: NDArray[np.uint8], out: NDArray[np.int64]) -> None:
    """Fill out (n, m) with x (n, d) @ weight'."""
    state.native.call(x, out)


def _text(subset: Subset) -> str:
    names = "\n".join(f"    {name} = read_i64(e + {8 * i})" for i, name in enumerate(WORDS))
    work = "enter(source, count, e); subset_{size}(subset); leave(to, count, e)"
    return f"""def enter(source, count, e):
{names}
    for i in range(count):
        c = codes + i * code_bytes
        for k in range(0, d - 63, 64):
            store_u8(c + k, load_u8(source + i * d + k))
        for k in range(d - d % 64, d):
            write_u8(c + k, read_u8(source + i * d + k))


def leave(to, count, e):
{names}
    padded = (rows + 15) // 16 * 16
    for i in range(count):
        total = splat_i64(0)
        for k in range(0, d, 64):
            total = add_i64(total, sum_eights(load_u8(codes + i * code_bytes + k)))
        rest = low * total_i64(total)
        s = sums + i * sum_bytes
        out = to + i * rows * 8
        for j in range(0, padded, 16):
            a = splat_i64(rest)
            b = splat_i64(rest)
            for plane in range(planes):
                v = load_i32(s + (plane * padded + j) * 4)
                factor = splat_i64(step << plane)
                a = add_i64(a, mul_i64(low_i32_signed(v), factor))
                b = add_i64(b, mul_i64(high_i32_signed(v), factor))
            if j + 16 <= rows:
                store_i64(out + j * 8, a)
                store_i64(out + j * 8 + 64, b)
            else:
                store_i64(last, a)
                store_i64(last + 64, b)
                for k in range(rows - j):
                    write_i64(out + (j + k) * 8, read_i64(last + k * 8))


def products(source, n, to, e):
    d = read_i64(e + {8 * WORDS.index("d")})
    rows = read_i64(e + {8 * WORDS.index("rows")})
    subset = read_i64(e + {8 * WORDS.index("subset")})
    while n > 0:
{by_size(subset, work)}
        source += count * d
        to += count * rows * 8
        n -= count
    return 0
"""
