"""Which method computes the subset sums of a network: a cost model of two numbers per method.

    nanoseconds per row = passes * (rows * inputs * product + inputs * table)

for so many bit rows and inputs; a pass is a bit plane or a nibble of the codes, or all of them.
``product`` and ``table`` were measured once for each instruction set, for single rows and for
batches (DEFAULT); ``kernels/calibrate.py`` measures them on this machine and stores them.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qcompile import registry
from qcompile.kernels import _source
from qcompile.kernels._bit_rows import bit_rows
from qcompile.kernels._contract import TwoLayer
from qcompile.kernels.simd.isa import Isa

__all__ = [
    "DEFAULT",
    "METHODS",
    "Choice",
    "Table",
    "calibrated",
    "choose",
    "passes",
    "predicted_ns",
    "stored",
]

METHODS = "qcompile.kernels.subset"
FILE = "calibration.json"

# method -> (product, table) nanoseconds, for single rows and for batches.
Table = Mapping[str, Mapping[str, tuple[float, float]]]
# Measured on AMD Zen 4 (family 25, 3.7 GHz), one thread; only ratios within a line matter.
DEFAULT: dict[str, Table] = {
    "avx512": {
        "single": {
            "popcount": (0.00085, 0.05),
            "bytes7": (0.00172, 0.10),
            "bytes6": (0.00180, 0.10),
            "words6": (0.00240, 0.10),
            "words5": (0.00300, 0.12),
            "bytes4": (0.00300, 0.10),
        },
        "batch": {
            "popcount": (0.00087, 0.012),
            "fours4": (0.00129, 0.09),
            "bytes7": (0.00127, 0.28),
            "bytes6": (0.00150, 0.22),
            "words6": (0.00185, 0.21),
            "words5": (0.00210, 0.23),
            "bytes4": (0.00230, 0.20),
        },
    },
    "avx2": {
        "single": {"popcount": (0.0024, 0.03), "bytes4": (0.0017, 0.08)},
        "batch": {
            "popcount": (0.0033, 0.25),
            "bytes4": (0.0027, 0.42),
            "rows16": (0.0026, 0.43),
            "rows8": (0.0016, 0.40),
        },
    },
}


@dataclass(frozen=True)
class Choice:
    """A method with the reason for it.

    Attributes:
        method: a file of kernels/subset.
        expected_ns: predicted time per row of the subset sums.
        reason: one phrase for reports.
    """

    method: str
    expected_ns: float
    reason: str


def predicted_ns(costs: tuple[float, float], method: str, bits: int, rows: int, inputs: int) -> float:
    """The formula of the module docstring."""
    product, table = costs
    # Rows are padded to whole vectors; a vector is what is paid for.
    lanes = max(16, int(registry.load(METHODS, method).LANES))
    padded = rows + -rows % lanes
    return passes(method, bits) * (padded * inputs * product + inputs * table)


def passes(method: str, bits: int) -> float:
    """How often a method goes over the weights for so wide codes: its own ``passes(bits)``, else once."""
    own = getattr(registry.load(METHODS, method), "passes", None)
    return 1.0 if own is None else float(own(bits))


def choose(form: TwoLayer, isa: Isa, rows: int) -> Choice:
    """The cheapest method for single rows (rows < 4) or batches.

    An instruction set without measured numbers (plain LLVM operations, NEON) uses bit planes for
    narrow codes and 16-byte tables where the CPU has them.
    """
    both = form.u if form.v is None else np.concatenate([form.u, form.v])
    bit_count = len(bit_rows(both).bits) * len(both)
    bits, d = form.encoder.bits, form.encoder.width
    table = stored(isa.name)
    if table is None:
        method = "bytes4" if isa.name == "neon" and bits > 1 else "popcount"
        return Choice(method, 0.0, f"no measurement for {isa.name}")
    costs = table["batch" if rows >= 4 else "single"]
    expected = {
        method: predicted_ns(numbers, method, bits, bit_count, d)
        for method, numbers in costs.items()
        if bits <= registry.load(METHODS, method).MAX_BITS
    }
    order = sorted(expected, key=lambda name: (expected[name], name))
    origin = "calibrated here" if calibrated(isa.name) else "shipped table"
    reason = f"{expected[order[0]]:.0f} ns a row expected ({origin})"
    if len(order) > 1:
        reason += f", {order[1]} {expected[order[1]]:.0f}"
    return Choice(order[0], expected[order[0]], reason)


def stored(isa: str) -> Table | None:
    """This machine's calibration, else the default table, else None."""
    return calibrated(isa) or DEFAULT.get(isa)


@functools.cache
def calibrated(isa: str) -> Table | None:
    """What ``qcompile calibrate`` measured here, if the file is there, whole and names known methods."""
    path = _source.folder() / FILE
    known = registry.names(METHODS)
    try:
        found = json.loads(path.read_text())["costs"][isa]
        table = {
            mode: {method: (float(a), float(b)) for method, (a, b) in found[mode].items() if method in known}
            for mode in ("single", "batch")
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    sound = all(
        np.isfinite(costs).all() and min(costs) >= 0 for of in table.values() for costs in of.values()
    )
    # Without the methods that take 8-bit codes the table could not answer for every network.
    whole = all(any(registry.load(METHODS, m).MAX_BITS == 8 for m in of) for of in table.values())
    return table if sound and whole else None
