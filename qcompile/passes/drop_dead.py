"""What nothing reads is removed: unused operations, zero-weight inputs, neurons with zero alpha.

A channel of a value is dead if every layer that reads it has a zero column there. Dead neurons
leave first, so that encoder columns only they used can leave as well.

Before:
    %x : u4[3] = input
    %u : i8[2] = dot %x
      weight = int(2, 3)
        1 -1 1
        1 1 1
    %v : i8[2] = dot %x
      weight = int(2, 3)
        1 1 1
        1 1 -1
    %h : i16[2] = mul %u %v
    %s : i16[1] = dot %h
      weight = int(1, 2)
        3 0
    output scores = %s
After:
    %x : u4[3] = input
    %u : i8[1] = dot %x
      weight = sign(1, 3)
        02
    %v : i8[1] = dot %x
      weight = sign(1, 3)
        00
    %h : i16[1] = mul %u %v
    %s : i16[1] = dot %h
      weight = int(1, 1)
        3
    output scores = %s
"""

from __future__ import annotations

import numpy as np

from qcompile.ir.fit import fit_types
from qcompile.ir.program import Program
from qcompile.passes.bundles import bundles, layer, narrow
from qcompile.targets.schema import Target

AFTER = ("merge_neurons",)


def run(program: Program, target: Target | None = None) -> Program:
    """Remove unused operations and elements that every reader multiplies by zero."""
    program = program.pruned()
    for bundle in bundles(program):
        used = np.zeros(bundle.channels, dtype=bool)
        for name in bundle.readers:
            reader = layer(program[name])
            assert reader is not None
            used |= (reader.weight != 0).any(axis=tuple(range(reader.weight.ndim - 1)))
        program = narrow(program, bundle, used)
    return fit_types(program)
