"""Measure what each method costs on this machine, and keep it for the choice of kernels.

Two matrices per method, for single rows and for batches: the two unknowns of the cost model in
kernels/_choice.py. Timings are minima of short runs, so that other work does little harm.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

import numpy as np

from qcompile import registry
from qcompile.kernels import _choice, _source
from qcompile.kernels._contract import Dot
from qcompile.kernels._dot import fill, pack
from qcompile.kernels.simd.isa import current

__all__ = ["calibrate", "measure"]

SMALL, LARGE, INPUTS, BATCH = 256, 2048, 1024, 32


def measure(method: str, isa: str, rows: int, seconds: float = 0.1) -> tuple[float, float]:
    """(product, table) nanoseconds of one method for single rows (1) or batches.

    Solves  t = passes * (m * d * product + d * table)  for the two sizes.
    """
    module = registry.load(_choice.METHODS, method)
    bits = min(4, module.MAX_BITS)
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 1 << bits, (BATCH, INPUTS)).astype(np.uint8)
    found = []
    for m in (SMALL, LARGE):
        weight = rng.choice([-1, 1], (m, INPUTS)).astype(np.int64)
        state = pack(Dot(weight, bits), module, rows, isa)
        out = np.empty((BATCH, m), np.int64)
        fill(state, codes, out)
        best, end = np.inf, time.perf_counter() + seconds
        while time.perf_counter() < end:
            began = time.perf_counter()
            fill(state, codes, out)
            best = min(best, time.perf_counter() - began)
        found.append(1e9 * best / BATCH)
    passes = _choice.passes(method, bits)
    product = max((found[1] - found[0]) / ((LARGE - SMALL) * INPUTS * passes), 1e-6)
    return product, max(found[0] / (INPUTS * passes) - SMALL * product, 0.0)


def calibrate(
    isa: str | None = None, seconds: float = 0.1, tell: Callable[[str, str], None] = lambda mode, method: None
) -> dict[str, dict[str, tuple[float, float]]]:
    """Measure every method of an instruction set, store the result, and return it.

    Args:
        isa: spelling; by default the best this CPU runs.
        seconds: of each of the two measurements per method and mode.
        tell: called with (mode, method) before each.

    Returns:
        mode ("single", "batch") -> method -> (product, table) nanoseconds.
    """
    spelling = current(isa).name
    methods = [
        name
        for name in registry.names(_choice.METHODS)
        if spelling in registry.load(_choice.METHODS, name).ISAS
    ]
    table: dict[str, dict[str, tuple[float, float]]] = {}
    for mode, rows in (("single", 1), ("batch", BATCH)):
        table[mode] = {}
        for name in methods:
            if rows == 1 and hasattr(registry.load(_choice.METHODS, name), "TILES"):
                continue  # single rows are answered by another method
            tell(mode, name)
            table[mode][name] = measure(name, spelling, rows, seconds)
    path = _source.folder() / _choice.FILE
    try:
        kept = dict(json.loads(path.read_text())["costs"])
    except (OSError, ValueError, KeyError, TypeError):
        kept = {}
    # Written beside and moved: a reader never sees half a table.
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    beside.write_text(json.dumps({"costs": {**kept, spelling: table}}, indent=1, sort_keys=True) + "\n")
    os.replace(beside, path)
    _choice.calibrated.cache_clear()
    return table
