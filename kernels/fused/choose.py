"""Which method computes the subset sums of a network: a cost model of two numbers per method.

    nanoseconds per row = passes * (rows * inputs * product + inputs * table)

for a number of bit rows and inputs; a pass is a bit plane or a nibble of the codes, or all of them.
Each method states ``product`` and ``table`` for the instruction sets on which it was measured (AMD
Zen 4, family 25, 3.7 GHz, one thread; only ratios within an instruction set matter);
``calibrate.py`` measures them on this machine and stores them.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels import method as methods
from qcompile.kernels.contract import TwoLayer
from qcompile.kernels.generate import cache
from qcompile.kernels.generate.arena import Arena
from qcompile.kernels.method import Cost, LanesMethod, Method
from qcompile.kernels.simd.isa import Isa
from qcompile.kernels.subset.drivers import lanes, tile
from qcompile.kernels.subset.drivers.lanes import Subset
from qcompile.model.bits import levels_of

FILE = "calibration.json"
BATCH = 4  # rows from which a call is a batch

# "single" or "batch" -> method -> (product, table) nanoseconds.
Table = Mapping[str, Mapping[str, Cost]]


@dataclass(frozen=True)
class Choice:
    """A method with the reason for it.

    Attributes:
        method: a file of kernels/subset.
        expected_ns: predicted time per row of the subset sums; 0 where nothing was measured.
        reason: one phrase for reports.
    """

    method: str
    expected_ns: float
    reason: str


def predicted_ns(cost: Cost, method: Method, bits: int, rows: int, inputs: int) -> float:
    """The formula of the module docstring."""
    product, table = cost
    # Rows are padded to whole vectors; a vector is what is paid for.
    lanes = max(16, method.lanes)
    padded = rows + -rows % lanes
    return method.passes(bits) * (padded * inputs * product + inputs * table)


def choose(form: TwoLayer, isa: Isa, rows: int) -> Choice:
    """The cheapest method for single rows (rows < BATCH) or batches, by ``stored``."""
    both = form.u if form.v is None else np.concatenate([form.u, form.v])
    bit_count = levels_of(both).bits * len(both)
    bits = form.encoder.bits
    table = stored(isa.name)["batch" if rows >= BATCH else "single"]
    expected = _expected(table, table, bits, bit_count, form.encoder.width)
    order = sorted(expected, key=lambda name: (expected[name], name))
    if not calibrated(isa.name) and not measured(isa.name):
        return Choice(order[0], 0.0, f"no measurement for {isa.name}")
    origin = "calibrated here" if calibrated(isa.name) else "shipped table"
    reason = f"{expected[order[0]]:.0f} ns a row expected ({origin})"
    if len(order) > 1:
        reason += f", {order[1]} {expected[order[1]]:.0f}"
    return Choice(order[0], expected[order[0]], reason)


def bind(
    method: str, isa: Isa, bits: NDArray[np.bool_], width: int, rows: int, arena: Arena, cached: bool = True
) -> Subset:
    """Pack a bit matrix for a method by name and generate its functions; see ``drivers.lanes.bind``."""
    one = methods.load(method)
    if isinstance(one, LanesMethod):
        return lanes.bind(one, isa, bits, width, rows, arena, cached)
    return tile.bind(one, isa, bits, width, rows, arena, companion(isa, width, *bits.shape), cached)


def companion(isa: Isa, bits: int, rows: int, inputs: int) -> LanesMethod:
    """The method for rows of codes that fill no tile: the cheapest for batches that takes any number."""
    table = stored(isa.name)["batch"]
    able = {name: one for name in table if isinstance(one := methods.load(name), LanesMethod)}
    expected = _expected(table, able, bits, rows, inputs)
    return able[min(expected, key=lambda name: (expected[name], name))]


def _expected(
    table: Mapping[str, Cost], names: Iterable[str], bits: int, rows: int, inputs: int
) -> dict[str, float]:
    """Nanoseconds of each method that takes codes of that width."""
    able = {name: one for name in names if bits <= (one := methods.load(name)).max_bits}
    return {name: predicted_ns(table[name], one, bits, rows, inputs) for name, one in able.items()}


def stored(isa: str) -> Table:
    """This machine's calibration, else what the methods state."""
    return calibrated(isa) or shipped(isa)


@functools.cache
def shipped(isa: str) -> Table:
    """The costs that the methods state for an instruction set; where not measured, ratios only."""
    stated = {name: one.costs[isa] for name in methods.names() if isa in (one := methods.load(name)).costs}
    return {
        "single": {name: costs.single for name, costs in stated.items() if costs.single is not None},
        "batch": {name: costs.batch for name, costs in stated.items() if costs.batch is not None},
    }


def measured(isa: str) -> bool:
    """Whether the stated costs are measurements."""
    return all(methods.load(name).costs[isa].measured for name in shipped(isa)["batch"])


@functools.cache
def calibrated(isa: str) -> Table | None:
    """What ``qcompile calibrate`` measured here, if the file is there, whole and names known methods."""
    try:
        home = cache.folder()
        if home is None:
            return None
        found = json.loads((home / FILE).read_text())["costs"][isa]
        table = {mode: _known(found[mode]) for mode in ("single", "batch")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    sound = all(math.isfinite(x) and x >= 0 for of in table.values() for cost in of.values() for x in cost)
    # Without a method for 8-bit codes and any number of rows it could not answer for every network.
    whole = all(any(_answers_all(methods.load(name)) for name in of) for of in table.values())
    return table if sound and whole else None


def _answers_all(method: Method) -> bool:
    return isinstance(method, LanesMethod) and method.max_bits == 8


def _known(costs: Mapping[str, tuple[float, float]]) -> dict[str, Cost]:
    """Costs of the methods that still exist, under their present names."""
    named = {methods.FORMER.get(name, name): cost for name, cost in costs.items()}
    return {name: (float(a), float(b)) for name, (a, b) in named.items() if name in methods.names()}
