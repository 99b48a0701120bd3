"""The meaning of a program: exact, slow, obvious. Every back-end is compared with it.

Each operation says itself what it means (ops/). Integers are computed as Python integers (object
arrays) unless the static bounds prove that int64 cannot overflow; so the interpreter itself is
never the one that wraps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qcompile.ir.bounds import bounds
from qcompile.ir.operation import Array
from qcompile.ir.program import Program
from qcompile.ir.ranges import reach


def interpret_all(program: Program, x: Array) -> dict[str, Array]:
    """Every value of the program on a batch.

    Args:
        program: any program.
        x: (n, features) raw rows (float) or codes (integers), as the input type says; of an image
            in the order height, width, channels.

    Returns:
        name -> (n, length) array: float32 input, int64 (object where int64 might overflow)
        integers, float64 after ``scale``.
    """
    exact = max(map(reach, bounds(program).values()), default=0) >= 2**63
    whole: Any = object if exact else np.int64
    values: dict[str, Array] = {}
    for op in program.ops:
        read = [values[a] for a in op.operands] if op.operands else [x]
        made = op.meaning(*read)
        values[op.result] = made if op.type.kind == "f" else made.astype(whole, copy=False)
    return {name: value.reshape(len(value), program[name].type.length) for name, value in values.items()}


def interpret(program: Program, x: Array) -> dict[str, Array]:
    """The program's outputs by role: {"scores": (n, C), "label": (n, 1), "values": (n, C)}."""
    values = interpret_all(program, x)
    return {role: values[name] for role, name in program.outputs.items()}
