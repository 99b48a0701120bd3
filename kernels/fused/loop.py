"""A fused network kernel: encoder, subset sums and second layer in one call per batch.

    for N rows at a time:
        encode        float32 row -> codes (one byte each), and their sum
        subset_N      codes -> 32-bit subset sums of all weight rows   (kernels/subset)
        second_layer  subset sums -> 64-bit scores

Nothing but the workspace of N rows exists in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.contract import TwoLayer
from qcompile.kernels.fused.bit_rows import bit_rows
from qcompile.kernels.fused.choose import bind
from qcompile.kernels.fused.encode import encode_plan, encode_text
from qcompile.kernels.fused.second_layer import second_layer
from qcompile.kernels.generate import source
from qcompile.kernels.generate.arena import Arena
from qcompile.kernels.simd.isa import Isa
from qcompile.kernels.subset.drivers.lanes import Subset, by_size

__all__ = ["Fused", "build"]

WORDS = (
    "features", "classes", "code_bytes", "sum_bytes", "codes", "sums", "scratch", "subset",
    "encoder", "second", "row_scores", "totals",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Fused:
    """A bound kernel.

    Attributes:
        function: ``function(x, out, parameters)`` fills out (n, C) int64 from x (n, features) float32.
        free: the same without Python's global lock: one thread at a time per Fused.
        parameters: address of the parameter table.
        arena: keeps everything behind that address alive.
        method: name of the subset-sum method.
        sizes: numbers of rows that are answered at once, descending to 1.
        modules: generated, in the order in which they use each other.
    """

    function: Any
    free: Any
    parameters: int
    arena: Arena
    method: str
    sizes: tuple[int, ...]
    modules: tuple[ModuleType, ...]


def build(form: TwoLayer, method: str, isa: Isa, rows: int, cached: bool = True) -> Fused:
    """Generate, pack and bind.

    Args:
        form: the network; ``t_bound`` below 2^31, ``score_bound`` below 2^63.
        method: name of one of ``kernels/subset`` that takes codes of so many bits.
        isa: spelling of the vocabulary.
        rows: rows that are expected at once; any number is answered.
        cached: see ``source.load``.
    """
    arena = Arena()
    both = form.u if form.v is None else np.concatenate([form.u, form.v])
    planes = bit_rows(both)
    sides = 1 if form.v is None else 2
    layer = second_layer(form, planes, arena)
    bits = _arrange(planes.bits, sides, layer.neurons)
    subset = bind(method, isa, bits, form.encoder.bits, rows, arena, cached)
    plan = encode_plan(form.encoder)
    words = {
        "features": form.encoder.features,
        "classes": len(form.alpha),
        "code_bytes": subset.words["code_bytes"],
        "sum_bytes": subset.words["sum_bytes"],
        "codes": subset.words["codes"],
        "sums": subset.words["sums"],
        "scratch": arena.room(4 * max(form.encoder.width, 16)),
        "subset": arena.table(subset.words),
        "encoder": arena.table(plan.words(arena)),
        "second": arena.table(layer.words),
        "row_scores": arena.room(8 * len(form.alpha)),
        "totals": arena.room(8 * subset.sizes[0]),
    }
    assert tuple(words) == WORDS
    encoder = source.load("encode", isa.name, encode_text(plan), (), cached)
    second = source.load("second_layer", isa.name, layer.text, (), cached)
    text = "\n\n".join([*(_tile(n) for n in subset.sizes), _network(subset)])
    uses = (encoder, *subset.modules, second)
    network = source.load("network", isa.name, text, uses, cached)
    # A plain int: Numba takes microseconds to find out what a subclass of int is, at every call.
    parameters = int(arena.table(words))
    modules = (*uses, network)
    return Fused(
        network.network, network.free_network, parameters, arena, subset.method, subset.sizes, modules
    )


def _arrange(bits: NDArray[np.bool_], sides: int, neurons: int) -> NDArray[np.bool_]:
    """Bit rows in the order (plane, side, neuron), with the neurons padded."""
    planes, rows, d = bits.shape
    m = rows // sides
    out = np.zeros((planes, sides, neurons, d), dtype=bool)
    out[:, :, :m] = bits.reshape(planes, sides, m, d)
    return out.reshape(-1, d)


def _tile(n: int) -> str:
    """Up to n rows. Absent rows cost as much as others; their sums are not read."""
    encode = [
        "total = encode(row + {i} * features * 4, codes + {i} * code_bytes, scratch, encoder)",
        "write_i64(totals + {i} * 8, total)",
    ]
    score = [
        "second_layer(sums + {i} * sum_bytes, read_i64(totals + {i} * 8), to + {i} * classes * 8, second)"
    ]
    lines = [f"def tile_{n}(row, count, to, e):"]
    lines += [f"    {name} = read_i64(e + {8 * i})" for i, name in enumerate(WORDS)]
    lines += [*_each(encode, n), f"    subset_{n}(subset)", *_each(score, n)]
    return "\n".join(lines) + "\n"


def _each(body: list[str], n: int) -> list[str]:
    """The lines once per row; a few rows are written out."""
    if n <= 4:
        return [f"    {line.format(i=i)}" for i in range(n) for line in body]
    return ["    for i in range(count):", *(f"        {line.format(i='i')}" for line in body)]


def _network(subset: Subset) -> str:
    names = "\n".join(f"    {name} = read_i64(e + {8 * i})" for i, name in enumerate(WORDS))
    return f"""def scores(row, n, to, e):
    row_bytes = 4 * read_i64(e)
    out_bytes = 8 * read_i64(e + 8)
    while n > 0:
{by_size(subset, "tile_{size}(row, count, to, e)")}
        row += count * row_bytes
        to += count * out_bytes
        n -= count
    return 0


def network(x, out, e):
    # Signed: Numba adds signed to unsigned integers as floats.
    return scores(np.int64(x.ctypes.data), x.shape[0], np.int64(out.ctypes.data), e)


def free_network(x, out, e):
    return scores(np.int64(x.ctypes.data), x.shape[0], np.int64(out.ctypes.data), e)


def labels(row, n, to, e):
{names}
    for k in range(n):
        tile_1(row + k * features * 4, 1, row_scores, e)
        best = 0
        top = read_i64(row_scores)
        if classes == 1:
            best = 1 if top >= 0 else 0
        for c in range(1, classes):
            if read_i64(row_scores + c * 8) > top:
                top = read_i64(row_scores + c * 8)
                best = c
        write_i64(to + k * 8, best)
    return 0
"""
