"""Encoding inside a kernel: one raw float32 row to its codes, 64 columns at a time.

The same IEEE operations in the same order as ``qcompile.model.encoder.encode``; nothing may be
contracted. Blocks of a kind are written in order and may spill up to 63 bytes into the next block,
which overwrites them; the constants and the zeros after them come last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.arena import Arena
from qcompile.model.encoder import ColumnKind, Encoder

# Addresses in the parameter table of the encoder, per kind; then the constants.
FIELDS = ("feature", "shift", "gain", "fill")
BODY = {
    ColumnKind.LEVEL: (
        "y{p} = mul_f32(sub_f32(x{p}, load_f32(shift + {at})), load_f32(gain + {at}))",
        # Not a number stays one; it and all that is negative become code 0 when they are packed.
        "y{p} = add_f32(min_f32(top, y{p}), half)",
    ),
    ColumnKind.GREATER: ("y{p} = choose_greater_f32(x{p}, load_f32(shift + {at}), top, zero)",),
    ColumnKind.EQUAL: ("y{p} = choose_equal_f32(x{p}, load_f32(shift + {at}), top, zero)",),
    ColumnKind.MISSING: ("y{p} = choose_equal_f32(x{p}, x{p}, zero, top)",),
}


@dataclass(frozen=True, eq=False)
class EncodePlan:
    """What the generated text depends on, and the arrays it reads.

    Attributes:
        blocks: (kind, direct): direct means that column j reads feature first + j.
        arrays: per block feature (int64), shift, gain, fill (float32 in column order, padded).
        counts: columns per block.
        suffix: the constants and 64 zeros, a multiple of 64 bytes.
        top: largest code.
        firsts: first feature of direct blocks.
    """

    blocks: tuple[tuple[ColumnKind, bool], ...]
    arrays: tuple[dict[str, NDArray[np.generic]], ...]
    counts: tuple[int, ...]
    firsts: tuple[int, ...]
    suffix: NDArray[np.uint8]
    top: int

    def words(self, arena: Arena) -> dict[str, int]:
        """The parameter table that ``encode`` reads."""
        words: dict[str, int] = {}
        for i, (arrays, count, start) in enumerate(zip(self.arrays, self.counts, self.firsts, strict=True)):
            words |= {f"count{i}": count, f"first{i}": start}
            words |= {f"{name}{i}": arena.address(arrays[name]) for name in FIELDS}
        # Row r of ``first`` has 255 in its first r bytes: the columns of the last, partial vector.
        first = np.where(np.arange(64) < np.arange(65)[:, None], 255, 0).astype(np.uint8)
        return words | {
            "suffix": arena.address(self.suffix),
            "length": len(self.suffix),
            "first": arena.address(first),
            "top": self.top,
        }


def encode_plan(encoder: Encoder) -> EncodePlan:
    """Cut an encoder into blocks."""
    blocks, counts, firsts = [], [], []
    arrays: list[dict[str, NDArray[np.generic]]] = []
    for kind in BODY:
        columns = encoder.of_kind(kind)
        feature = encoder.feature[columns].astype(np.int64)
        n = len(feature)
        if not n:
            continue
        direct = bool((feature == feature[0] + np.arange(n)).all())
        pad = -n % 64
        blocks.append((kind, direct))
        counts.append(n)
        firsts.append(int(feature[0]) if direct else 0)
        arrays.append(
            {
                "feature": feature,
                "shift": np.pad(encoder.shift[columns], (0, pad)),
                "gain": np.pad(encoder.gain[columns], (0, pad), constant_values=1),
                "fill": np.pad(encoder.fill[feature], (0, pad)),
            }
        )
    constants = encoder.of_kind(ColumnKind.CONSTANT)
    length = constants.stop - constants.start
    suffix = np.zeros(-(-length // 64) * 64 + 64, np.uint8)
    suffix[:length] = encoder.top
    return EncodePlan(tuple(blocks), tuple(arrays), tuple(counts), tuple(firsts), suffix, encoder.top)


def encode_text(plan: EncodePlan) -> str:
    """``encode(row, codes, scratch, e)``: writes the codes of one row and returns their sum.

    ``e`` is the address of the parameter table (``EncodePlan.words``). Rows without a missing cell
    take ``fast``; it answers -1 where it finds one, and ``filled`` does the row again.
    """
    missing = any(kind == ColumnKind.MISSING for kind, _ in plan.blocks)
    passes = [("filled", True)] if missing else [("filled", True), ("fast", False)]
    text = "\n\n".join(_pass(plan, name, fill) for name, fill in passes)
    call = "filled(row, codes, scratch, e)"
    if not missing:
        call = f"fast(row, codes, scratch, e)\n    if total < 0:\n        total = {call}"
    return f"{text}\n\ndef encode(row, codes, scratch, e):\n    total = {call}\n    return total\n"


def _pass(plan: EncodePlan, name: str, fill: bool) -> str:
    """One way through all blocks: with missing cells filled, or refusing them."""
    last = 48 * len(plan.blocks)
    lines = [
        f"def {name}(row, codes, scratch, e):",
        "    zero = splat_f32(np.float32(0.0))",
        "    half = splat_f32(np.float32(0.5))",
        f"    top = splat_f32(np.float32(read_i64(e + {last + 24})))",
        "    to = codes",
        "    nan = 0",
        f"    first = read_i64(e + {last + 16})",
        "    total = splat_i64(0)",
    ]
    for i, (kind, direct) in enumerate(plan.blocks):
        lines += [f"    count = read_i64(e + {48 * i})"]
        lines += [f"    {field} = read_i64(e + {48 * i + 16 + 8 * j})" for j, field in enumerate(FIELDS)]
        if direct:
            lines.append(f"    source = row + read_i64(e + {48 * i + 8}) * 4")
        else:
            lines += [
                "    for j in range(count):",
                "        write_i32(scratch + j * 4, read_i32(row + read_i64(feature + j * 8) * 4))",
                "    source = scratch",
            ]
        whole = "0" if fill else "count - count % 64"
        if not fill:
            lines.append(f"    for k in range(0, {whole}, 64):")
            lines += _sixty_four(kind, "load_f32(source + k * 4 + {p} * 64)", fill, partial=False)
        lines.append(f"    for k in range({whole}, count, 64):")
        load = "load_first_f32(source + k * 4 + {p} * 64, max(0, min(16, count - k - {p} * 16)))"
        lines += _sixty_four(kind, load, fill, partial=True)
        lines.append("    to += count")
    lines += [
        "    if nan:",
        "        return -1",
        f"    suffix = read_i64(e + {last})",
        f"    for k in range(0, read_i64(e + {last + 8}), 64):",
        "        c = load_u8(suffix + k)",
        "        total = add_i64(total, sum_eights(c))",
        "        store_u8(to + k, c)",
        "    return total_i64(total)",
    ]
    return "\n".join(lines) + "\n"


def _sixty_four(kind: ColumnKind, load: str, fill: bool, partial: bool) -> list[str]:
    """Lines for 64 columns of one kind; lanes past the count get code 0 or are overwritten."""
    lines = []
    for p in range(4):
        lines.append(f"x{p} = {load.format(p=p)}")
        if fill and kind != ColumnKind.MISSING:
            lines.append(f"x{p} = choose_equal_f32(x{p}, x{p}, x{p}, load_f32(fill + k * 4 + {64 * p}))")
    if not fill:
        lines.append("nan = nan | either_nan(x0, x1) | either_nan(x2, x3)")
    for p in range(4):
        lines += [line.format(p=p, at=f"k * 4 + {64 * p}") for line in BODY[kind]]
        lines.append(f"y{p} = truncate_f32_to_i32(y{p})")
    lines.append("c = pack_i32(y0, y1, y2, y3)")
    if partial:
        lines.append("c = and_u8(c, load_u8(first + min(64, count - k) * 64))")
    lines += [
        "total = add_i64(total, sum_eights(c))",
        "store_u8(to + k, c)",
    ]
    return [f"        {line}" for line in lines]
