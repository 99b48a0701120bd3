"""Loops over elements in C: wide dots, element-wise operations, thresholds.

An operation that the plan inlines is an expression in its reader's loop, computed in int32 where
every intermediate fits, else in int64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.c99.emit.data import array, integer_type
from qcompile.backends.c99.plan.plan import Plan, WideDot
from qcompile.ir.ops import Add, Affine, Mul, Op, Poly, Threshold


class Where:
    """C expressions of stored values: the score array, the codes, or a scratch member."""

    def __init__(self, plan: Plan, score: str) -> None:
        self.plan, self.score = plan, score

    def __call__(self, name: str) -> str:
        """The C expression of a value."""
        if name == self.score:
            return "scores"
        if name in self.plan.alias:
            base, start = self.plan.alias[name]
            return f"&scratch->{self.plan.names[base]}[{start}]"
        return "codes" if name == self.plan.codes else f"scratch->{self.plan.names[name]}"

    def at(self, name: str, index: str) -> str:
        """One element of a stored value."""
        if name in self.plan.alias:
            base, start = self.plan.alias[name]
            return f"scratch->{self.plan.names[base]}[{start}U + {index}]"
        return f"{self(name)}[{index}]"


def _element(name: str, plan: Plan, where: Where, kind: str, prefix: str) -> str:
    """Element i of a value as an expression of type ``kind``."""
    op = plan.program[name]
    if name not in plan.inline:
        return f"({kind}){where.at(name, 'i')}"

    def part(a: str) -> str:
        return _element(a, plan, where, kind, prefix)

    return _formula(op, [part(a) for a in op.operands], kind, prefix, plan)


def _formula(op: Op, parts: list[str], kind: str, prefix: str, plan: Plan) -> str:
    match op:
        case Mul():
            return f"({parts[0]} * {parts[1]})"
        case Add():
            return f"({parts[0]} + {parts[1]})"
        case Poly(coefficients=(c2, c1, c0)):
            a = parts[0]
            return (
                f"(((({_constant(c2, kind)} * {a}) + {_constant(c1, kind)}) * {a}) + {_constant(c0, kind)})"
            )
        case Affine():
            factors = []
            for label, values in (("s", op.scale), ("t", op.shift)):
                one = len(set(values.tolist())) == 1
                factors.append(
                    _constant(int(values[0]), kind)
                    if one
                    else f"({kind}){prefix}_{label}_{plan.label(op.result)}[i]"
                )
            return f"(({factors[0]} * {parts[0]}) + {factors[1]})"
        case _:
            raise TypeError(f"{type(op).__name__} is not computed element by element.")


def _constant(value: int, kind: str) -> str:
    return (
        f"({value})" if kind == "int32_t" else f"INT64_C({value})" if value >= 0 else f"(-INT64_C({-value}))"
    )


def _affine_arrays(names: list[str], plan: Plan, prefix: str) -> str:
    """Constants of affines among ``names`` whose factors differ from element to element."""
    text = ""
    for name in names:
        op = plan.program[name]
        if isinstance(op, Affine):
            for label, values in (("s", op.scale), ("t", op.shift)):
                if len(set(values.tolist())) > 1:
                    text += array(integer_type(values), f"{prefix}_{label}_{plan.label(name)}", values)
    return text


def _inlined(name: str, plan: Plan) -> list[str]:
    if name not in plan.inline:
        return []
    return [name] + [n for a in plan.program[name].operands for n in _inlined(a, plan)]


def _compute_type(names: list[str], plan: Plan) -> str:
    """int64_t if any value of a formula, or an intermediate of it, may leave 31 bits."""
    for name in names:
        op = plan.program[name]
        low, high = plan.ranges[name]
        reach = max(abs(low), abs(high))
        if isinstance(op, Poly | Affine):
            a = max(abs(v) for v in plan.ranges[op.operands[0]])
            if isinstance(op, Poly):
                c2, c1, c0 = (abs(c) for c in op.coefficients)
                reach = max(reach, c2 * a * a + c1 * a + c0, c2, c1, c0)
            else:
                factor = int(np.abs(op.scale).max(initial=0))
                reach = max(reach, factor * a, int(np.abs(op.shift).max(initial=0)), factor)
        if reach >= 2**31:
            return "int64_t"
    return "int32_t"


def wide(step: WideDot, plan: Plan, prefix: str, where: Where) -> tuple[str, str]:
    """Constants and statements of a dot whose operand is not codes."""
    op = step.op
    rows, length = op.weight.shape
    name = plan.label(op.result)
    inner = _inlined(op.a, plan)
    kind = _compute_type([*inner, op.a], plan)
    acc = f"int{step.bits}_t"
    constants = _affine_arrays(inner, plan, prefix)
    weight_type = integer_type(op.weight)
    out = where(op.result)
    element = _element(op.a, plan, where, kind, prefix)
    w = f"{prefix}_w_{name}"
    spans = _spans(op.weight)
    if rows > 1 and 2 * int(np.diff(spans).sum()) <= op.weight.size:
        kept = np.concatenate([row[a:b] for row, (a, b) in zip(op.weight, spans.tolist(), strict=True)])
        index = "uint8_t" if length < 256 else "uint16_t" if length < 65536 else "uint32_t"
        constants += array(weight_type, w, kept)
        constants += array(index, f"{prefix}_first_{name}", spans[:, 0])
        constants += array(index, f"{prefix}_end_{name}", spans[:, 1])
        return constants, (
            f"    {{\n        const {weight_type} *w = {w};\n        size_t k;\n"
            f"        for (k = 0U; k < {rows}U; ++k) {{\n            {acc} sum = 0;\n"
            f"            for (i = {prefix}_first_{name}[k]; i < {prefix}_end_{name}[k]; ++i) {{\n"
            f"                sum += ({acc})*w * ({acc}){element};\n                ++w;\n            }}\n"
            f"            {out}[k] = sum;\n        }}\n    }}\n"
        )
    constants += array(weight_type, w, op.weight.T)
    if rows == 1:
        return constants, (
            f"    {{\n        {acc} sum = 0;\n        for (i = 0U; i < {length}U; ++i) {{\n"
            f"            sum += ({acc}){w}[i] * ({acc}){element};\n        }}\n"
            f"        {out}[0] = sum;\n    }}\n"
        )
    return constants, (
        f"    {{\n        const {weight_type} *w = {w};\n        size_t k;\n"
        f"        for (k = 0U; k < {rows}U; ++k) {{\n            {out}[k] = 0;\n        }}\n"
        f"        for (i = 0U; i < {length}U; ++i) {{\n            const {acc} a = ({acc}){element};\n"
        f"            for (k = 0U; k < {rows}U; ++k) {{\n                {out}[k] += ({acc})w[k] * a;\n"
        f"            }}\n            w += {rows};\n        }}\n    }}\n"
    )


def _spans(weight: NDArray[np.int64]) -> NDArray[np.int64]:
    """First and one past the last non-zero weight of every row.

    Networks whose classes have neurons of their own are zero outside.

    >>> _spans(np.array([[0, 1, 0, 2], [3, 0, 0, 0], [0, 0, 0, 0]])).tolist()
    [[1, 4], [0, 1], [0, 0]]
    """
    ends = []
    for row in weight:
        at = np.flatnonzero(row)
        ends.append((int(at[0]), int(at[-1]) + 1) if len(at) else (0, 0))
    return np.array(ends, dtype=np.int64)


def elementwise(op: Op, plan: Plan, prefix: str, where: Where) -> tuple[str, str]:
    """Constants and statements of a stored element-wise operation."""
    length = op.type.length
    out, ctype = where(op.result), plan.types[op.result]
    if isinstance(op, Threshold):
        return _threshold(op, plan, prefix, where)
    parts = list(op.operands)
    inner = [n for a in parts for n in _inlined(a, plan)]
    kind = _compute_type([*inner, *parts, op.result], plan)
    elements = [_element(a, plan, where, kind, prefix) for a in parts]
    formula = _formula(op, elements, kind, prefix, plan)
    text = f"    for (i = 0U; i < {length}U; ++i) {{\n        {out}[i] = ({ctype}){formula};\n    }}\n"
    return _affine_arrays([op.result, *inner], plan, prefix), text


def _threshold(op: Threshold, plan: Plan, prefix: str, where: Where) -> tuple[str, str]:
    """Rising: levels <= a. Falling: levels >= a, that is k minus the levels <= a - 1."""
    name, (n, k) = plan.label(op.result), op.levels.shape
    low, high = plan.ranges[op.a]
    small = (
        -(2**31) < min(low, int(op.levels.min(initial=0)))
        and max(high, int(op.levels.max(initial=0))) < 2**31
    )
    ctype, call = ("int32_t", "qc_reached32") if small else ("int64_t", "qc_reached")
    constants = array(ctype, f"{prefix}_l_{name}", op.levels)
    reach = f"&{prefix}_l_{name}[i * {k}U], {k}U)"
    up, down = f"{call}(a, {reach}", f"{k}U - {call}(a - 1, {reach}"
    if (op.sign > 0).all():
        choice = up
    elif (op.sign < 0).all():
        choice = down
    else:
        constants += array("int8_t", f"{prefix}_d_{name}", op.sign)
        choice = f"({prefix}_d_{name}[i] > 0) ? {up} : ({down})"
    text = (
        f"    for (i = 0U; i < {n}U; ++i) {{\n"
        f"        const {ctype} a = ({ctype}){where.at(op.a, 'i')};\n"
        f"        {where(op.result)}[i] = ({plan.types[op.result]})({choice});\n    }}\n"
    )
    return constants, text
