"""What this core can do: each method's inner instructions alone, in registers and first-level cache.

A peak is a loop of (lookup, add) or (and, count, add) on independent accumulators; the share of it
that a whole network reaches says how much the rest costs.
"""

from __future__ import annotations

import time

import numpy as np
from numba import njit

from qcompile.kernels.generate.source import expand
from qcompile.kernels.simd.vectors import vocabulary

ACCUMULATORS = 12
# name -> (element, step of an accumulator x with a vector w from memory, products per step)
LOOPS = {
    "popcount": ("i64", "popcount_i64(and_i64(t, w))", 512),
    "bytes6": ("u8", "lookup64_u8(t, w)", 64 * 6),
    "bytes7": ("u8", "lookup128_u8(t, t2, w)", 64 * 7),
    "quads4": ("u8", "lookup64_u8(t, w)", 64 * 4),
    "words6": ("i16", "lookup64_i16(t, t2, w)", 32 * 6),
    "words5": ("i16", "lookup32_i16(t, w)", 32 * 5),
    "bytes4": ("u8", "lookup16_u8(t, w)", 64 * 4),
    "tile_words": ("i16", "w", 32 * 7),
    "tile_bytes": ("u8", "w", 64 * 6),
    "int8 multiply-add": ("i16", "multiply_pairs(i16_as_u8(t), i16_as_u8(w))", 64),
}


def loop(isa: str, element: str, step: str):
    """A compiled loop over 2 KiB of vectors."""
    text = expand(
        """
def loop(n, p):
    t = load_KIND(p + 4096)
    t2 = load_KIND(p + 4160)
    each a: x{a} = load_KIND(p + {a} * 64)
    for i in range(n):
        q = p + (i & 3) * 768
        each a:
            w = load_KIND(q + {a} * 64)
            x{a} = add_KIND(x{a}, STEP)
    total = x0
    each a: total = add_KIND(total, x{a})
    store_KIND(p + 5000, total)
    return 0
""".replace("KIND", element).replace("STEP", step),
        a=ACCUMULATORS,
    )
    scope = dict(vars(vocabulary(isa)))
    exec(text, scope)
    return njit(scope["loop"])


def measure(isa: str, seconds: float = 0.15) -> dict[str, float]:
    """Products per nanosecond of each loop, the best of many short runs."""
    room = np.random.default_rng(0).integers(0, 64, 8192, dtype=np.uint8)
    start = room.ctypes.data + -room.ctypes.data % 64
    found = {}
    for name, (element, step, products) in LOOPS.items():
        run = loop(isa, element, step)
        run(10, start)
        best, end = np.inf, time.perf_counter() + seconds
        while time.perf_counter() < end:
            began = time.perf_counter()
            run(20_000, start)
            best = min(best, time.perf_counter() - began)
        found[name] = 20_000 * ACCUMULATORS * products / best / 1e9
    return found


if __name__ == "__main__":
    from qcompile.kernels.simd.isa import current

    for name, rate in measure(current().name).items():
        print(f"{name:20} {rate:7.0f} products/ns")
