"""Every value gets the narrowest type that its static bound allows.

Before:
    %x : u4[2] = input
    %s : i64[1] = dot %x
      weight = int(1, 2)
        9 -9
    output scores = %s
After:
    %x : u4[2] = input
    %s : i16[1] = dot %x
      weight = int(1, 2)
        9 -9
    output scores = %s
"""

from __future__ import annotations

from qcompile.ir.fit import fit_types
from qcompile.ir.program import Program
from qcompile.targets.schema import Target

AFTER = ("drop_dead",)


def run(program: Program, target: Target | None = None) -> Program:
    """Narrow every type; a CompileError names the value that leaves int64."""
    return fit_types(program)
