"""A fused network kernel: encoder, subset sums and second layer in one call per batch.

    for N rows at a time:
        encode        float32 row -> codes (one byte each), and their sum
        subset_N      codes -> 32-bit subset sums of all weight rows   (kernels/_subset.py)
        second_layer  subset sums -> 64-bit scores

Nothing but the workspace of N rows exists in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels import _source
from qcompile.kernels._arena import Arena
from qcompile.kernels._bit_rows import bit_rows
from qcompile.kernels._contract import TwoLayer
from qcompile.kernels._encode import encode_plan, encode_text
from qcompile.kernels._second_layer import second_layer
from qcompile.kernels._subset import bind
from qcompile.kernels.simd.isa import Isa

__all__ = ["Fused", "build"]

WORDS = (
    "features", "classes", "code_bytes", "sum_bytes", "codes", "sums", "scratch", "subset",
    "encoder", "second", "row_scores",
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
        tile: (R, N) in registers.
        modules: generated, in the order in which they use each other.
    """

    function: Any
    free: Any
    parameters: int
    arena: Arena
    method: str
    tile: tuple[int, int]
    modules: tuple[ModuleType, ...]


def build(form: TwoLayer, method: ModuleType, isa: Isa, rows: int, cached: bool = True) -> Fused:
    """Generate, pack and bind.

    Args:
        form: the network; ``t_bound`` below 2^31, ``score_bound`` below 2^63.
        method: a file of ``kernels/subset`` that takes codes of so many bits.
        isa: spelling of the vocabulary.
        rows: rows that are expected at once; any number is answered.
        cached: see ``_source.load``.
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
    }
    assert tuple(words) == WORDS
    encoder = _source.load("encode", isa.name, encode_text(plan), (), cached)
    second = _source.load("second_layer", isa.name, layer.text, (), cached)
    at_once = subset.tile[1]
    text = "\n\n".join([*(_tile(n) for n in sorted({1, at_once})), _network(at_once)])
    uses = (encoder, subset.module, second)
    network = _source.load("network", isa.name, text, uses, cached)
    # A plain int: Numba takes microseconds to find out what a subclass of int is, at every call.
    parameters = int(arena.table(words))
    modules = (*uses, network)
    return Fused(
        network.network, network.free_network, parameters, arena, subset.method, subset.tile, modules
    )


def _arrange(bits: NDArray[np.bool_], sides: int, neurons: int) -> NDArray[np.bool_]:
    """Bit rows in the order (plane, side, neuron), with the neurons padded."""
    planes, rows, d = bits.shape
    m = rows // sides
    out = np.zeros((planes, sides, neurons, d), dtype=bool)
    out[:, :, :m] = bits.reshape(planes, sides, m, d)
    return out.reshape(-1, d)


def _tile(n: int) -> str:
    lines = [f"def tile_{n}(row, to, e):"]
    lines += [f"    {name} = read_i64(e + {8 * i})" for i, name in enumerate(WORDS)]
    for i in range(n):
        place = f"row + {i} * features * 4, codes + {i} * code_bytes"
        lines.append(f"    total{i} = encode({place}, scratch, encoder)")
    lines.append(f"    subset_{n}(subset)")
    for i in range(n):
        place = f"sums + {i} * sum_bytes, total{i}, to + {i} * classes * 8"
        lines.append(f"    second_layer({place}, second)")
    return "\n".join(lines) + "\n"


def _network(at_once: int) -> str:
    names = "\n".join(f"    {name} = read_i64(e + {8 * i})" for i, name in enumerate(WORDS))
    many = f"""
    while k + {at_once} <= n:
        tile_{at_once}(row, to, e)
        row += {at_once} * row_bytes
        to += {at_once} * out_bytes
        k += {at_once}"""
    return f"""def scores(row, n, to, e):
    row_bytes = 4 * read_i64(e)
    out_bytes = 8 * read_i64(e + 8)
    k = 0{many if at_once > 1 else ""}
    while k < n:
        tile_1(row, to, e)
        row += row_bytes
        to += out_bytes
        k += 1
    return 0


def network(x, out, e):
    return scores(x.ctypes.data, x.shape[0], out.ctypes.data, e)


def free_network(x, out, e):
    return scores(x.ctypes.data, x.shape[0], out.ctypes.data, e)


def labels(row, n, to, e):
{names}
    for k in range(n):
        tile_1(row + k * features * 4, row_scores, e)
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
