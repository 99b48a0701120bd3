"""calibrate: the costs of the dot-product methods on this machine."""

from __future__ import annotations

from collections.abc import Callable

from qcompile.cost.this_machine import machine
from qcompile.report.answers import Calibration, MethodCost


def calibrate(
    isa: str | None = None, seconds: float = 0.1, say: Callable[[str], None] = lambda text: None
) -> Calibration:
    """Measure, store and return the costs by which kernels are chosen.

    Args:
        isa: instruction set; the best that this CPU has by default.
        seconds: duration of each measurement.
        say: called with a sentence of progress.

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
            former = None if before is None else 1000 * before[0]
            rows.append(MethodCost(mode, method, 1000 * product, table, former))
    return Calibration(spelling, str(kernels.file()), machine(), tuple(rows))
