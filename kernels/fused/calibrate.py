"""Measure what each method costs on this machine, and keep it for the choice of kernels.

Two matrices per method, for single rows and for batches: the two unknowns of the cost model in
kernels/fused/choose.py. Timings are minima of short runs, so that other work does little harm.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qcompile.errors import UnsupportedError
from qcompile.kernels import method as methods
from qcompile.kernels.contract import Dot
from qcompile.kernels.fused import choose
from qcompile.kernels.fused.dot import fill, pack
from qcompile.kernels.generate import cache
from qcompile.kernels.method import LanesMethod
from qcompile.kernels.simd.isa import current

SMALL, LARGE, INPUTS, BATCH = 256, 2048, 1024, 32


def measure(method: str, isa: str, rows: int, seconds: float = 0.1) -> tuple[float, float]:
    """(product, table) nanoseconds of one method for single rows (1) or batches.

    Solves  t = passes * (m * d * product + d * table)  for the two sizes.
    """
    one = methods.load(method)
    bits = min(4, one.max_bits)
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 1 << bits, (BATCH, INPUTS)).astype(np.uint8)
    found = []
    for m in (SMALL, LARGE):
        weight = rng.choice([-1, 1], (m, INPUTS)).astype(np.int64)
        state = pack(Dot(weight, bits), method, rows, isa)
        out = np.empty((BATCH, m), np.int64)
        fill(state, codes, out)
        best, end = np.inf, time.perf_counter() + seconds
        while time.perf_counter() < end:
            began = time.perf_counter()
            fill(state, codes, out)
            best = min(best, time.perf_counter() - began)
        found.append(1e9 * best / BATCH)
    passes = one.passes(bits)
    product = max((found[1] - found[0]) / ((LARGE - SMALL) * INPUTS * passes), 1e-6)
    return product, max(found[0] / (INPUTS * passes) - SMALL * product, 0.0)


def file() -> Path:
    """Where the costs are kept.

    Raises:
        UnsupportedError: no folder can be written.
    """
    home = cache.folder()
    if home is None:
        raise UnsupportedError(
            f"no folder for the costs can be written; set {cache.VARIABLE} to one that can."
        )
    return home / choose.FILE


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

    Raises:
        UnsupportedError: this CPU does not have the instruction set, or no folder can be written.
    """
    spelling, path = current(isa).name, file()
    able = {name: one for name in methods.names() if spelling in (one := methods.load(name)).isas}
    table: dict[str, dict[str, tuple[float, float]]] = {}
    for mode, rows in (("single", 1), ("batch", BATCH)):
        table[mode] = {}
        for name, one in able.items():
            if rows == 1 and not isinstance(one, LanesMethod):
                continue  # single rows are answered by another method
            tell(mode, name)
            table[mode][name] = measure(name, spelling, rows, seconds)
    try:
        kept = dict(json.loads(path.read_text())["costs"])
    except (OSError, ValueError, KeyError, TypeError):
        kept = {}
    text = json.dumps({"costs": {**kept, spelling: table}}, indent=1, sort_keys=True) + "\n"
    cache.replace(path, text.encode())
    choose.calibrated.cache_clear()
    return table
