"""Static bounds: the range of every channel of every integer value, in exact Python integers.

Interval arithmetic; each operation has its own rule (ops/). These bounds choose accumulators and
prove that none overflows.
"""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from qcompile.ir.program import Program
from qcompile.ir.ranges import Range, Ranges, hull

_remembered: WeakKeyDictionary[Program, dict[str, Ranges]] = WeakKeyDictionary()


def element_bounds(program: Program) -> Mapping[str, Ranges]:
    """(low, high) of every channel of every integer value; float values are left out.

    Of a vector that is every element; on an image it holds at every position. Programs never change,
    so the answer is remembered for as long as the program lives.
    """
    found = _remembered.get(program)
    if found is None:
        found = {}
        for op in program.ops:
            ranges = op.bound(*(found.get(a, []) for a in op.operands))
            if ranges is not None:
                found[op.result] = ranges
        _remembered[program] = found
    return found


def bounds(program: Program) -> dict[str, Range]:
    """(low, high) over all elements of every integer value."""
    return {name: hull(ranges) for name, ranges in element_bounds(program).items()}
