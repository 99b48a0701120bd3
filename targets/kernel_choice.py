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

__all__ = ["Work", "cheapest", "instructions"]

KERNELS = ("xnor", "lut", "int8")
# Where no target is given: 32-bit integer core without popcount (Cortex-M4, counted in Unicorn).
PORTABLE = {
    "per_mac_xnor": 0.28,
    "per_mac_lut": 0.5,
    "per_mac_int8": 2.6,
    "per_row": 12.0,
    "per_table_entry": 4.0,  # load, add, store, and a share of the loop
}
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

    @property
    def macs(self) -> int:
        """Multiply-accumulates: rows x inputs."""
        return self.rows * self.inputs


def instructions(work: Work, kernel: str, target: Target | None, end: str = "expected") -> float:
    """Instructions of one kernel, everything that depends on the choice included.

    ``end`` is "low", "expected" or "high": which end of the target's figures is taken.
    """

    def per(key: str) -> float:
        if target is not None and key in target.model:
            figure: float = getattr(target.model[key], end)
            return figure
        return PORTABLE[key]

    fixed = work.rows * per("per_row")
    match kernel:
        case "xnor":
            passes = work.bits * work.planes  # each pays half a row's overhead again
            rows = fixed * (1 + passes) / 2
            return work.macs * passes * per("per_mac_xnor") + rows + work.inputs * work.bits * PACK_BIT
        case "lut":
            tables = -(-work.inputs // 32) * 4 * 256 * per("per_table_entry")
            return work.planes * work.macs * per("per_mac_lut") + tables
        case "int8":
            return work.macs * per("per_mac_int8") + fixed
        case _:
            raise ValueError(f"kernel is {kernel!r}, allowed: {', '.join(KERNELS)}.")


def cheapest(work: Work, target: Target | None) -> str:
    """The kernel with the fewest expected instructions; the earlier name wins a tie.

    >>> cheapest(Work(rows=1024, inputs=784, bits=1, planes=1), None)
    'xnor'
    >>> cheapest(Work(rows=1024, inputs=784, bits=8, planes=1), None)
    'lut'
    """
    return min(KERNELS, key=lambda kernel: instructions(work, kernel, target))
