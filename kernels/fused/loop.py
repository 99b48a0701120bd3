"""A fused network kernel: encoder, subset sums and second layer in one call per batch.

    for N rows at a time:
        encode        float32 row -> codes (one byte each), and their sum
        subset_N      codes -> 32-bit subset sums of all weight rows   (kernels/subset)
        second_layer  subset sums -> 64-bit scores

Nothing but the workspace of N rows exists in between.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.contract import TwoLayer
from qcompile.kernels.fused.choose import bind
from qcompile.kernels.fused.encode import encode_plan, encode_text
from qcompile.kernels.fused.second_layer import second_layer
from qcompile.kernels.generate import native
from qcompile.kernels.generate.arena import Arena
from qcompile.kernels.generate.native import Native
from qcompile.kernels.generate.source import Generated
from qcompile.kernels.simd.isa import Isa
from qcompile.kernels.subset.drivers.lanes import Subset, by_size
from qcompile.model.bits import bit_rows

WORDS = (
    "features", "classes", "code_bytes", "sum_bytes", "codes", "sums", "scratch", "subset",
    "encoder", "second", "row_scores", "totals",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Fused:
    """A bound kernel.

    Attributes:
        parameters: address of the parameter table.
        arena: keeps everything behind that address alive.
        method: name of the subset-sum method.
        sizes: numbers of rows that are answered at once, descending to 1.
        generated: text of ``scores`` and ``labels``, functions of (rows, count, to, parameters).
    """

    parameters: int
    arena: Arena
    method: str
    sizes: tuple[int, ...]
    generated: Generated

    @functools.cached_property
    def native(self) -> Native:
        """``call(x, out)`` fills out (n, C) int64 from x (n, features) float32."""
        return native.bind(self.generated, "scores", self.parameters, self.arena)


def build(form: TwoLayer, method: str, isa: Isa, rows: int, cached: bool = True) -> Fused:
    """Generate, pack and bind.

    Args:
        form: the network; ``t_bound`` below 2^31, ``score_bound`` below 2^63.
        method: name of one of ``kernels/subset`` that takes codes of that width.
        isa: spelling of the vocabulary.
        rows: rows that are expected at once; any number is answered.
        cached: see ``Generated``; false where code of the whole is wanted on its own.
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
    encoder = Generated("encode", isa.name, encode_text(plan), (), cached)
    second = Generated("second_layer", isa.name, layer.text, (), cached)
    text = "\n\n".join([*(_tile(n) for n in subset.sizes), _network(subset)])
    network = Generated("network", isa.name, text, (encoder, *subset.generated, second), cached=False)
    return Fused(arena.table(words), arena, subset.method, subset.sizes, network)


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
