"""calibrate: the costs of the dot-product methods on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qcompile.cost.this_machine import machine

__all__ = ["calibrate"]


def calibrate(
    isa: str | None = None, seconds: float = 0.1, say: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Measure, store and return the costs by which kernels are chosen.

    Args:
        isa: instruction set; the best that this CPU has by default.
        seconds: duration of each measurement.
        say: called with a sentence of progress.

    Returns:
        isa, file, machine, and costs: rows of mode ("single", "batch"), method, nanoseconds per
        thousand products and per table input, and the shipped figures (None where there are none).

    Raises:
        UnsupportedError: this CPU does not have the instruction set.
    """
    from qcompile.kernels.fused import calibrate as kernels
    from qcompile.kernels.fused import choose
    from qcompile.kernels.simd.isa import current

    spelling = current(isa).name
    found = kernels.calibrate(spelling, seconds, lambda mode, method: say(f"{spelling}: {method}, {mode}"))
    shipped = choose.shipped(spelling) if choose.measured(spelling) else {}
    rows = []
    for mode, methods in found.items():
        for method, (product, table) in sorted(methods.items(), key=lambda item: item[1][0]):
            before = shipped.get(mode, {}).get(method)
            rows.append(
                {
                    "mode": mode,
                    "method": method,
                    "product_ps": 1000 * product,
                    "table_ns": table,
                    "shipped_product_ps": None if before is None else 1000 * before[0],
                }
            )
    return {
        "isa": spelling,
        "file": str(kernels.file()),
        "machine": machine(),
        "costs": rows,
    }
