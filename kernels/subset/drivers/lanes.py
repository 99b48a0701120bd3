"""Subset sums of a few rows of codes with one method: layout, workspace, generated functions.

    zero the sums
    for each block of inputs:
        for a few rows of codes at a time:
            prepare   codes -> tables, small enough for the first-level cache
            sums      tables x packed weights -> added to 32-bit sums

``subset_N(e)`` does this for the N rows of codes in the workspace; ``e`` is a table of addresses. In
batches a block of weights stays in the second-level cache while N rows go over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.arena import Arena
from qcompile.kernels.generate.source import Generated
from qcompile.kernels.method import LanesMethod
from qcompile.kernels.simd.isa import Isa

# Words of the parameter table, in order.
WORDS = (
    "weights", "patterns", "blocks", "groups", "full", "sum_bytes", "code_bytes", "table_bytes",
    "codes", "tables", "sums", "bits",
)  # fmt: skip
# Batches: bytes of a block of weights, and of the sums of all rows that go over it.
WEIGHTS_ROOM, SUMS_ROOM = 512 << 10, 320 << 10
LEAST_GROUPS = 24


@dataclass(frozen=True, eq=False)
class Subset:
    """A method bound to a bit matrix.

    Attributes:
        generated: ``subset_N`` for each N of ``sizes``.
        words: name -> size or address, see WORDS.
        sizes: numbers of rows that are answered at once, descending to 1.
        method: name of its file.
        least: fewest rows for which each is worth it, though it could take more.
    """

    generated: tuple[Generated, ...]
    words: dict[str, int]
    sizes: tuple[int, ...]
    method: str
    least: tuple[int, ...]


def bind(
    method: LanesMethod,
    isa: Isa,
    bits: NDArray[np.bool_],
    width: int,
    rows: int,
    arena: Arena,
    cached: bool = True,
) -> Subset:
    """Pack a bit matrix and generate the functions for it.

    Args:
        method: one of ``kernels/subset``.
        isa: spelling of the vocabulary.
        bits: (bit rows, d); padded to whole vectors here.
        width: bits of the codes.
        rows: rows of codes that are expected at once.
        arena: keeps the arrays.
        cached: see ``Generated``.
    """
    lanes = max(method.lanes, 16)
    bits = np.pad(bits, ((0, -len(bits) % lanes), (0, 0)))
    tiles = len(bits) // method.lanes
    many, at_once = method.shape(rows, isa.name, width)
    many = min(many, tiles)
    limit = method.limit(width)
    if at_once > 1:
        limit = min(limit, max(WEIGHTS_ROOM // (64 * tiles) * method.unit, LEAST_GROUPS))
    groups, blocks = _blocks(bits.shape[1], method, limit)
    sum_bytes = odd_lines(len(bits) * 4)
    together = at_once * max(1, min(4, SUMS_ROOM // (at_once * sum_bytes))) if at_once > 1 else 1
    code_bytes = blocks * groups * method.inputs + 64
    code_bytes += -code_bytes % 64
    table_bytes = groups * method.table_bytes(width)
    words = {
        "weights": arena.address(_pack(bits, method, groups, blocks, many)),
        "patterns": arena.address(method.patterns),
        "blocks": blocks,
        "groups": groups,
        "full": tiles // many,
        "sum_bytes": sum_bytes,
        "code_bytes": code_bytes,
        "table_bytes": table_bytes,
        "codes": arena.room(together * code_bytes),
        "tables": arena.room(at_once * table_bytes),
        "sums": arena.room(together * sum_bytes),
        "bits": width,
    }
    assert tuple(words) == WORDS
    sizes = tuple(sorted({together, at_once, 1}, reverse=True))
    text = _text(method, width, many, tiles % many, at_once, sizes)
    return Subset((Generated(method.name, isa.name, text, (), cached),), words, sizes, method.name, sizes)


def by_size(subset: Subset, work: str) -> str:
    """Lines of a loop over n rows: ``count`` of them by the largest function that they fill, or nearly.

    Args:
        subset: a bound method.
        work: statements for them; {size} is the largest number of rows that the function takes.
    """
    lines = []
    for i, (size, least) in enumerate(zip(subset.sizes, subset.least, strict=True)):
        lines.append(f"{'elif' if i else 'if'} n >= {least}:" if size > 1 else "else:" if i else "if True:")
        lines.append(f"    count = min(n, {size})")
        lines += [f"    {line.strip()}" for line in work.format(size=size).split(";")]
    return "\n".join(f"        {line}" for line in lines)


def odd_lines(size: int) -> int:
    """Bytes from one row to the next: ``size``, a multiple of 64, made an odd number of cache lines.

    Rows a power of two apart would fall into the same few sets of the cache.

    >>> odd_lines(64), odd_lines(128)
    (64, 192)
    """
    return 64 * (size // 64 | 1)


def _blocks(d: int, method: LanesMethod, limit: int) -> tuple[int, int]:
    """(groups per block, blocks): equal blocks, each within the limit of groups, with little padding."""
    total = max(1, -(-d // method.inputs))
    least = -(-total // limit)

    def cut(blocks: int) -> int:
        groups = -(-total // blocks)
        return groups + -groups % method.groups_multiple

    def cost(blocks: int) -> float:
        # A group outside a step of several takes about half as long again.
        return blocks * (cut(blocks) + 0.5 * (cut(blocks) % method.step))

    blocks = min(range(least, least + 3), key=cost)
    return cut(blocks), blocks


def _pack(
    bits: NDArray[np.bool_], method: LanesMethod, groups: int, blocks: int, many: int
) -> NDArray[np.uint8]:
    """Weights as ``sums`` reads them: (block, tile of R vectors, unit, vector, 64)."""
    inputs = blocks * groups * method.inputs
    vectors = method.pack(np.pad(bits, ((0, 0), (0, inputs - bits.shape[1]))))
    tiles = len(vectors)
    cut = vectors.reshape(tiles, blocks, -1, 64)
    parts = [
        cut[first : first + many, block].transpose(1, 0, 2).reshape(-1)
        for block in range(blocks)
        for first in range(0, tiles, many)
    ]
    return np.concatenate(parts)


def _text(method: LanesMethod, width: int, many: int, tail: int, at_once: int, sizes: tuple[int, ...]) -> str:
    """prepare, sums and subset, for one row and for N rows at a time."""
    parts = [method.prepare()]
    parts += [method.sums(r, n, width) for n in sorted({1, at_once}) for r in sorted({many, tail} - {0})]
    parts += [_driver(method, many, tail, size, min(size, at_once)) for size in sizes]
    return "\n\n".join(part.strip("\n") + "\n" for part in parts)


def _driver(method: LanesMethod, many: int, tail: int, size: int, n: int) -> str:
    """subset_SIZE: that many rows, n at a time."""
    unit, lanes = method.unit, method.lanes
    lines = [f"def subset_{size}(e):"]
    lines += [f"    {name} = read_i64(e + {8 * i})" for i, name in enumerate(WORDS)]
    lines += [
        "    zero = splat_i32(0)",
        f"    for k in range(0, {size} * sum_bytes, 64):",
        "        store_i32(sums + k, zero)",
        f"    units = groups // {unit}",
        "    w = weights",
        "    for block in range(blocks):",
        f"        for first in range(0, {size}, {n}):",
        f"            c = codes + first * code_bytes + block * groups * {method.inputs}",
        "            s = sums + first * sum_bytes",
    ]
    lines += [
        f"            prepare(c + {i} * code_bytes, tables + {i} * table_bytes, groups, patterns, bits)"
        for i in range(n)
    ]
    lines.append(f"            sums_{many}_{n}(tables, w, s, units, full, table_bytes, sum_bytes, bits)")
    if tail:
        place = f"w + full * units * {64 * many}, s + full * {many * lanes * 4}"
        lines.append(f"            sums_{tail}_{n}(tables, {place}, units, 1, table_bytes, sum_bytes, bits)")
    lines.append(f"        w += (full * {many} + {tail}) * units * 64")
    return "\n".join(lines) + "\n"
