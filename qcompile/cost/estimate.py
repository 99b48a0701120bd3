"""Analytic estimate: counted operations and a target's sourced figures to intervals.

    instructions = per_call + sum over operations of (unit of work x instructions per unit)
    cycles       = instructions x cpi
    latency      = cycles / clock
    energy       = cycles x pJ per cycle,  or  latency x watts of a busy core
    flash        = packed constants + code,     ram = widest live values + stack

This needs no compiler and no emulator. Every row says "modelled" and names the target file;
where a compiler and an emulator are installed, ``cost.machine`` counts instead. Against those counts
instructions, latency and RAM are within a factor 2, flash within 2.5 (a test says so).
"""

from __future__ import annotations

from collections.abc import Mapping

from qcompile.cost.count import OperationCount, count
from qcompile.cost.rows import CostReport, CostRow
from qcompile.errors import UnsupportedError
from qcompile.ir.program import Program
from qcompile.targets.kernel_choice import Work, cheapest, instructions, searches_levels
from qcompile.targets.schema import Figure, Target

Interval = tuple[float, float, float]


def times(a: Interval, b: Interval) -> Interval:
    """Product of two intervals of non-negative numbers.

    >>> times((1, 2, 3), (2, 2, 4))
    (2, 4, 12)
    """
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


def _plus(a: Interval, b: Interval) -> Interval:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _of(figure: Figure) -> Interval:
    return figure.low, figure.expected, figure.high


def estimate(program: Program, target: Target, backend: str = "") -> CostReport:
    """Cycles, latency, energy, flash and RAM of one row, per operation and in total.

    Args:
        program: as it will be compiled.
        target: with a [model] table (every shipped target has one).
        backend: name written into the rows.

    Returns:
        Rows with origin "modelled"; "energy" only where the target states energy figures.

    Raises:
        UnsupportedError: the target has no [model] table.
    """
    if not {"cpi", "per_call"} <= set(target.model):
        raise UnsupportedError(
            f"target {target.name!r} has no [model] table with cpi and per_call, so nothing can be "
            "estimated without running; add the table or pick another target (qcompile targets)."
        )
    counts = count(program)
    # The C code's values come from a call of their own, which is not part of scoring.
    scoring = [c for c in counts if not (backend == "c99" and c.kind == "scale")]
    per_operation = {c.operation: instructions_of(c, target) for c in scoring}
    call = _of(target.model["per_call"])
    total = call
    for part in per_operation.values():
        total = _plus(total, part)
    rows: list[CostRow] = []
    for name, executed in (*per_operation.items(), ("call", call), ("total", total)):
        rows += _time_and_energy(name, executed, target, backend)
    rows += _operation_energy(counts, target, backend)
    rows += _memory(counts, target, backend)
    macs = float(sum(c.macs for c in counts))
    rows.append(_row("macs", "MAC", (macs, macs, macs), "counted in the program", backend))
    return CostReport(tuple(rows), target.name)


def kernel_of(c: OperationCount, target: Target) -> str:
    """How a dot is computed: "xnor", "lut" or "int8" on codes, as the compiler chooses; else "wide"."""
    if not c.code_bits or c.weight_bits > 8:
        return "wide"
    return cheapest(_work(c), target)


def _work(c: OperationCount) -> Work:
    """The work of all dots that share this one's tables: the choice is made for them together."""
    return Work(c.rows * c.sharing, c.macs // max(1, c.rows), c.code_bits, c.weight_bits)


def instructions_of(c: OperationCount, target: Target) -> Interval:
    """Instructions of one operation on a target, from its [model] table."""
    model = target.model

    def per(key: str) -> Interval:
        return _of(model[key]) if key in model else (0.0, 0.0, 0.0)

    def work(units: float, key: str) -> Interval:
        return times((units, units, units), per(key))

    if c.kind == "conv":
        return _plus(work(c.macs, "per_mac_wide"), work(c.rows, "per_row"))
    if c.kind == "dot":
        kernel = kernel_of(c, target)
        if kernel == "wide":
            return _plus(work(c.macs, "per_mac_wide"), work(c.rows, "per_row"))
        ends = ("low", "expected", "high")
        low, mid, high = (instructions(_work(c), kernel, target, end) / c.sharing for end in ends)
        return low, mid, high
    if c.kind == "encode" and searches_levels(c.level_keys, target):
        levels, bits = c.float_ops / 3, c.code_bits  # three float operations of each LEVEL column are saved
        return _plus(work(c.write_bytes, "per_input"), work(levels * bits, "per_element"))
    if c.kind == "encode":
        return _plus(work(c.write_bytes, "per_input"), work(c.float_ops, "per_float_op"))
    return work(c.muls + c.adds + c.compares + c.float_ops, "per_element")


def _time_and_energy(name: str, executed: Interval, target: Target, backend: str) -> list[CostRow]:
    source = f"[model] of target {target.name}"
    cycles = times(executed, _of(target.model["cpi"]))
    clock = target.clock_mhz
    latency_us = (cycles[0] / clock.high, cycles[1] / clock.expected, cycles[2] / clock.low)
    rows = [
        _row("instructions", "instructions", executed, source, backend, name),
        _row("cycles", "cycles", cycles, source, backend, name),
        _row("latency", "us", latency_us, source, backend, name),
    ]
    energy = energy_uj(cycles, latency_us, target)
    if energy is not None:
        rows.append(_row("energy", "uJ", energy[0], energy[1], backend, name))
    return rows


def energy_uj(cycles: Interval, latency_us: Interval, target: Target) -> tuple[Interval, str] | None:
    """Energy of known cycles and time, with its source, or None where the target states none.

    pJ/cycle x cycles = 1e-6 uJ; watts x us = uJ.
    """
    if target.pj_per_cycle is not None:
        low, mid, high = times(cycles, _of(target.pj_per_cycle))
        return (low * 1e-6, mid * 1e-6, high * 1e-6), target.pj_per_cycle.source
    if target.core_watts is not None:
        return times(latency_us, _of(target.core_watts)), target.core_watts.source
    return None


def _operation_energy(counts: tuple[OperationCount, ...], target: Target, backend: str) -> list[CostRow]:
    """Energy of the arithmetic alone: what no implementation on this technology can go below."""
    price: Mapping[str, Figure] = target.operations
    if not {"add_int32", "mul_int32", "sram_byte", "xor_bit"} <= set(price):
        return []
    low, mid, high = 0.0, 0.0, 0.0
    for c in counts:
        mac = "xor_bit" if c.weight_bits == 1 else "mul_int8"
        units = (
            (c.macs * (c.input_bits if mac == "xor_bit" else 1), mac),
            (c.rows + c.adds + c.compares, "add_int32"),
            (c.muls, "mul_int32"),
            (c.float_ops, "add_int32"),
            (c.constant_bytes + c.read_bytes + c.write_bytes, "sram_byte"),
        )
        for number, key in units:
            if key in price:
                low += number * price[key].low
                mid += number * price[key].expected
                high += number * price[key].high
    source = price["add_int32"].source
    scaled = (low * 1e-6, mid * 1e-6, high * 1e-6)
    return [_row("energy_arithmetic", "uJ", scaled, f"lower bound; {source}", backend)]


def _memory(counts: tuple[OperationCount, ...], target: Target, backend: str) -> list[CostRow]:
    source = f"counted in the program, code and stack from [model] of target {target.name}"
    rows: list[CostRow] = []
    constants, values, shared = 0.0, 0.0, 0.0
    for c in counts:
        kernel = kernel_of(c, target) if c.kind == "dot" else ""
        held = float(c.macs if kernel == "int8" else c.constant_bytes)
        constants += held
        if held:
            rows.append(_row("rodata", "B", (0.8 * held, held, 1.2 * held), source, backend, c.operation))
        if kernel:  # dots are stored, what lies between two of them is computed on the way
            values += c.write_bytes
        if c.kind == "encode":
            values += c.write_bytes
        planes = _work(c).inputs * c.code_bits / 8 if kernel == "xnor" else 0.0
        shared = max(shared, {"xnor": planes, "lut": 2048.0}.get(kernel, 0.0))
    code = _of(target.model["code_bytes"]) if "code_bytes" in target.model else (0.0, 0.0, 0.0)
    stack = _of(target.model["stack_bytes"]) if "stack_bytes" in target.model else (0.0, 0.0, 0.0)
    live = values + shared
    packed = (0.8 * constants, constants, 1.2 * constants)
    return [
        *rows,
        _row("rodata", "B", packed, source, backend),
        _row("text", "B", code, source, backend),
        _row("flash", "B", _plus(packed, code), source, backend),
        _row("ram", "B", _plus((0.5 * live, live, 2 * live), stack), source, backend),
    ]


def _row(
    quantity: str, unit: str, value: Interval, source: str, backend: str, operation: str = "total"
) -> CostRow:
    return CostRow(quantity, unit, *value, "modelled", source, backend, operation)
