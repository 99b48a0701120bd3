"""Dots that read the same codes are stacked into one dot: one loop, one set of tables or planes.

    tu = dot codes, u   (m rows)        one dot of 2m rows; tu is its first m results, tv the rest
    tv = dot codes, v   (m rows)

Lookup tables depend on the codes only, and building them is most of the work of a small layer; for
the other kernels one loop is less code in flash, and its row function is inlined.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from qcompile.backends.c99.plan.planes import Planes
from qcompile.backends.c99.plan.types import CodeDot
from qcompile.ir.types import ValueType
from qcompile.targets.kernel_choice import Work, cheapest
from qcompile.targets.schema import Target

Alias = dict[str, tuple[str, int]]


def stack(
    dots: dict[str, CodeDot], kept: Collection[str], target: Target | None, kernel: str
) -> tuple[dict[str, CodeDot], Alias]:
    """Choose one kernel for dots of the same codes and form, and stack them.

    Args:
        dots: by result, in program order.
        kept: results that must stay values of their own (outputs).
        target: of the choice.
        kernel: "auto", or the kernel of every dot.

    Returns:
        The dots to emit, and name -> (dot, first row) of the results inside a stacked one.
    """
    groups: dict[object, list[CodeDot]] = {}
    for name, dot in dots.items():
        form = (dot.source, dot.scale, dot.bits, dot.planes.mode, dot.planes.factors)
        groups.setdefault(name if name in kept else form, []).append(dot)
    out, alias = dict(dots), Alias()
    for group in groups.values():
        first, rows = group[0], [len(d.op.weight) for d in group]
        work = Work(sum(rows), first.op.weight.shape[1], first.bits, len(first.planes.factors))
        chosen = cheapest(work, target) if kernel == "auto" else kernel
        for dot in group:
            out[dot.op.result] = replace(dot, kernel=chosen)
        if len(group) == 1:
            continue
        stacked = replace(
            first.op,
            type=ValueType("i", 32, sum(rows)),
            weight=np.concatenate([d.op.weight for d in group]),
        )
        bits = np.concatenate([d.planes.bits for d in group], axis=1)
        planes = Planes(first.planes.mode, first.planes.factors, bits)
        shift = np.concatenate([d.shift for d in group])
        out[first.op.result] = replace(first, op=stacked, planes=planes, shift=shift, kernel=chosen)
        for dot, start in zip(group[1:], np.cumsum(rows).tolist(), strict=False):
            alias[dot.op.result] = (first.op.result, int(start))
            del out[dot.op.result]
    return out, alias
