"""The one place that chooses how a first-layer dot is computed, from a target's sourced figures.

A dot of sign or mask planes over B-bit codes can be done three ways:

    xnor   one pass over packed words per weight plane and per input bit
    lut    one table lookup per eight weights per weight plane, tables built once per eight inputs
    int8   a multiply-accumulate per weight

The compiler picks the one with the fewest instructions; the cost model prices the same choice.
"""

from __future__ import annotations

from dataclasses import dataclass

from qcompile.targets.schema import Target

KERNELS = ("xnor", "lut", "int8")
# Where no target is given: 32-bit integer core without popcount (Cortex-M4, counted in Unicorn).
PORTABLE = {
    "per_mac_xnor": 0.25,
    "per_mac_lut": 0.5,
    "per_mac_int8": 2.6,
    "per_row": 8.0,
    "per_table_entry": 4.0,  # load, add, store, and a share of the loop
}
MOST_KEYS = 1024  # thresholds of an encoder, 4 bytes each; beyond, codes are computed in floats
CHUNK, TABLES = 32, 1024  # inputs that share tables, and the entries of these
PACK_BIT = 2.0  # instructions per code and bit to make planes


@dataclass(frozen=True)
class Work:
    """A dot of ``rows`` weight rows with ``inputs`` codes of ``bits`` bits.

    ``planes`` is the number of binary matrices that the weights decompose into.
    """

    rows: int
    inputs: int
    bits: int
    planes: int

    def padded(self, width: int) -> int:
        """Weights of all rows, each row padded to a multiple of ``width``.

        >>> Work(rows=2, inputs=33, bits=1, planes=1).padded(32)
        128
        """
        return self.rows * -(-self.inputs // width) * width


def instructions(work: Work, kernel: str, target: Target | None, end: str = "expected") -> float:
    """Instructions of one kernel, everything that depends on the choice included.

    ``end`` is "low", "expected" or "high": which end of the target's figures is taken.
    """

    def per(key: str) -> float:
        if target is not None and key in target.model:
            figure: float = getattr(target.model[key], end)
            return figure
        return PORTABLE[key]

    neon = target is not None and "neon" in target.features
    fixed = work.rows * per("per_row")
    match kernel:
        case "xnor":
            word = 128 if neon else target.word_bits if target is not None else 32
            passes = work.bits * work.planes  # each ends in the same summing up of a word's lanes
            counts = work.padded(word) * passes * per("per_mac_xnor")
            share = 4 if neon else 1  # four rows are summed up together
            return counts + fixed * (passes + 0.5) / share + work.inputs * work.bits * PACK_BIT
        case "lut":
            tables = -(-work.inputs // CHUNK) * TABLES * per("per_table_entry")
            return work.planes * work.padded(CHUNK) * per("per_mac_lut") + tables
        case "int8":
            return work.padded(16 if neon else 1) * per("per_mac_int8") + fixed
        case _:
            raise ValueError(f"kernel is {kernel!r}, allowed: {', '.join(KERNELS)}.")


def searches_levels(keys: int, target: Target | None) -> bool:
    """Whether an encoder searches threshold tables instead of computing: no float unit, few thresholds.

    >>> searches_levels(15, None), searches_levels(4000, None)
    (True, False)
    """
    hard_float = target is not None and "f32" in target.features
    return not hard_float and 0 < keys <= MOST_KEYS


def cheapest(work: Work, target: Target | None) -> str:
    """The kernel with the fewest expected instructions; the earlier name wins a tie.

    >>> cheapest(Work(rows=1024, inputs=784, bits=1, planes=1), None)
    'xnor'
    >>> cheapest(Work(rows=1024, inputs=784, bits=8, planes=1), None)
    'lut'
    """
    return min(KERNELS, key=lambda kernel: instructions(work, kernel, target))
