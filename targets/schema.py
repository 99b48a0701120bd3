"""Target: what a deployment target is, read from one TOML file and checked field by field.

    schema = 1                    version of this schema
    title = "..."                 one line for people
    kind = "mcu"                  host | cpu | mcu | wasm
    [core]      isa, features, word_bits, clock_mhz, voltage_v, regulator
    [memory]    flash_kb, ram_kb, flash_wait_states
    [compiler]  triple, cpu, flags                       (what ``zig cc`` is given)
    [runner]    name, machine, cpu                       (which runner executes it)
    [cycles]    cycles of each instruction class, for the counted instructions of an emulator
    [model]     instructions per unit of work, for estimates without a compiler
    [energy]    pj_per_cycle, core_watts
    [energy.operations]  pJ per operation class

Each number of the last six groups is a figure: ``{ value, low, high, source, kind, date }``;
``low`` and ``high`` default to the value; ``kind`` says how it is known: datasheet, measured,
estimated, derived. ``targets/_template.toml`` is a whole file with every field explained, which
``qcompile targets --schema`` prints. The type stands below back-ends and costs, which both read it.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qcompile.errors import DataError, UnsupportedError, did_you_mean
from qcompile.registry import names

KINDS = ("host", "cpu", "mcu", "wasm")
ORIGINS = ("datasheet", "measured", "estimated", "derived")
FEATURES = ("f32", "f64", "popcnt", "neon", "simd128", "dsp", "zbb", "avx2", "unaligned")
RUNNERS = ("unicorn", "wasm", "native", "qemu", "host", "")
MACHINES = ("thumb", "aarch64", "riscv32", "riscv64", "")
CYCLE_CLASSES = (
    "alu", "mul", "mul_long", "div", "load", "load_multiple", "store", "branch", "branch_taken", "call",
    "float", "simd", "scale",
)  # fmt: skip
MODEL_KEYS = (
    "per_call", "per_input", "per_row", "per_element", "per_mac_xnor", "per_mac_lut", "per_mac_int8",
    "per_mac_wide", "per_float_op", "per_table_entry", "cpi", "code_bytes", "stack_bytes",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A number with its interval and where it comes from.

    >>> Figure(2.0, 1.0, 3.0, "a datasheet", "datasheet", "2024")
    Figure(expected=2.0, low=1.0, high=3.0, source='a datasheet', kind='datasheet', date='2024')
    """

    expected: float
    low: float
    high: float
    source: str
    kind: str
    date: str = ""


@dataclass(frozen=True)
class Compiler:
    """Arguments of the C compiler: a clang triple, a CPU name, and further flags."""

    triple: str
    cpu: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """One deployment target; every figure carries its source.

    Attributes:
        name: the file's name without suffix.
        kind: "host", "cpu", "mcu" or "wasm".
        features: instruction-set abilities that kernels are chosen by (see ``FEATURES``).
        clock_mhz: of the core that runs the program.
        flash_wait_states: cycles that a read of the flash waits when no cache or buffer has it; "scale"
            includes them, and without a scale they widen the interval.
        cycles: instruction class -> cycles; "scale" multiplies the whole table.
        model: unit of work -> instructions ("cpi": cycles per instruction, "*_bytes": bytes).
        pj_per_cycle: energy of the whole chip per core cycle, picojoule; None where not known.
        core_watts: power of one busy core, for targets without a per-cycle figure.
        operations: operation class -> pJ, a lower bound from the literature.
    """

    name: str
    title: str
    kind: str
    isa: str
    features: frozenset[str]
    word_bits: int
    clock_mhz: Figure
    voltage_v: Figure | None = None
    regulator: str = ""
    flash_kb: Figure | None = None
    ram_kb: Figure | None = None
    flash_wait_states: Figure | None = None
    compiler: Compiler | None = None
    runner: str = ""
    machine: str = ""
    machine_cpu: str = ""
    cycles: Mapping[str, Figure] = field(default_factory=dict)
    model: Mapping[str, Figure] = field(default_factory=dict)
    pj_per_cycle: Figure | None = None
    core_watts: Figure | None = None
    operations: Mapping[str, Figure] = field(default_factory=dict)


def load_target(name_or_path: str | Path) -> Target:
    """Read a target by name, or from a ``.toml`` file of the user's.

    Raises:
        UnsupportedError: no target of that name; the message lists those that are.
        DataError: the file cannot be read, or a field is wrong; the message names the field.

    >>> load_target("host").kind
    'host'
    """
    text = str(name_or_path)
    if text.endswith(".toml"):
        path = Path(text)
        try:
            return parse(path.read_text(encoding="utf-8"), path.stem, str(path))
        except OSError as error:
            raise DataError(f"the target file {path} cannot be read: {error.strerror or error}.") from None
        except UnicodeDecodeError:
            raise DataError(f"the target file {path} is not UTF-8 text, which TOML is.") from None
    known = names("qcompile.targets", ".toml")
    if text not in known:
        raise UnsupportedError(
            f"{text!r} is not one of the targets: {', '.join(known)}.{did_you_mean(text, known)} "
            "A target of your own is a file: --target my_board.toml; `qcompile targets --schema` prints one."
        )
    file = resources.files("qcompile.targets") / f"{text}.toml"
    return parse(file.read_text(encoding="utf-8"), text, f"targets/{text}.toml")


def template() -> str:
    """A whole target file with every field explained, to be saved as my_board.toml and edited.

    >>> parse(template(), "my_board", "my_board.toml").isa
    'armv7e-m'
    """
    return (resources.files("qcompile.targets") / "_template.toml").read_text(encoding="utf-8")


def parse(text: str, name: str, where: str) -> Target:
    """A target from TOML text; ``where`` begins every message.

    >>> parse("schema = 1", "x", "x.toml")
    Traceback (most recent call last):
    ...
    qcompile.errors.DataError: x.toml: title is missing; expected a text.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where} is not valid TOML: {error}.") from None
    top = _Table(raw, where, "")
    if top.whole("schema") != 1:
        raise DataError(f"{where}: schema is {raw['schema']}, this version reads schema = 1.")
    title, kind = top.text("title"), top.choice("kind", KINDS)
    core, memory, energy = top.table("core"), top.table("memory", {}), top.table("energy", {})
    compiler, runner = top.table("compiler", {}), top.table("runner", {})
    target = Target(
        name=name,
        title=title,
        kind=kind,
        isa=core.text("isa"),
        features=frozenset(core.choices("features", FEATURES)),
        word_bits=core.whole("word_bits"),
        clock_mhz=core.need_figure("clock_mhz"),
        voltage_v=core.figure("voltage_v"),
        regulator=core.text("regulator", ""),
        flash_kb=memory.figure("flash_kb"),
        ram_kb=memory.figure("ram_kb"),
        flash_wait_states=memory.figure("flash_wait_states"),
        compiler=Compiler(compiler.text("triple"), compiler.text("cpu"), compiler.texts("flags"))
        if compiler.raw
        else None,
        runner=runner.choice("name", RUNNERS, ""),
        machine=runner.choice("machine", MACHINES, ""),
        machine_cpu=runner.text("cpu", ""),
        cycles=top.table("cycles", {}).figures(CYCLE_CLASSES),
        model=top.table("model", {}).figures(MODEL_KEYS),
        pj_per_cycle=energy.figure("pj_per_cycle"),
        core_watts=energy.figure("core_watts"),
        operations=energy.table("operations", {}).figures(),
    )
    if target.word_bits not in (32, 64):
        raise DataError(f"{where}: core.word_bits is {target.word_bits}, allowed: 32, 64.")
    for table in (top, core, memory, energy, compiler, runner):
        table.refuse_unknown()
    return target


class _Table:
    """A TOML table that remembers its place and which keys were read."""

    def __init__(self, raw: Mapping[str, Any], where: str, prefix: str) -> None:
        self.raw, self.where, self.prefix, self.read = raw, where, prefix, set[str]()

    def get(self, key: str, kind: type | tuple[type, ...], wanted: str, default: Any = None) -> Any:
        self.read.add(key)
        if key not in self.raw:
            if default is not None:
                return default
            raise DataError(f"{self.where}: {self.prefix}{key} is missing; expected {wanted}.")
        value = self.raw[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise DataError(f"{self.where}: {self.prefix}{key} is {value!r}; expected {wanted}.")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        return str(self.get(key, str, "a text", default))

    def whole(self, key: str) -> int:
        return int(self.get(key, int, "a whole number"))

    def texts(self, key: str) -> tuple[str, ...]:
        found = self.get(key, list, "a list of texts", [])
        if not all(isinstance(t, str) for t in found):
            raise DataError(f"{self.where}: {self.prefix}{key} is {found!r}; expected a list of texts.")
        return tuple(found)

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise DataError(
                f"{self.where}: {self.prefix}{key} is {value!r}, allowed: {', '.join(filter(None, allowed))}."
                f"{did_you_mean(value, allowed)}"
            )
        return value

    def choices(self, key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
        values = self.texts(key)
        for value in values:
            if value not in allowed:
                raise DataError(
                    f"{self.where}: {self.prefix}{key} has {value!r}, allowed: {', '.join(allowed)}."
                    f"{did_you_mean(value, allowed)}"
                )
        return values

    def table(self, key: str, default: dict[str, Any] | None = None) -> _Table:
        return _Table(self.get(key, dict, "a table", default), self.where, f"{self.prefix}{key}.")

    def need_figure(self, key: str) -> Figure:
        found = self.figure(key)
        if found is None:
            raise DataError(f"{self.where}: {self.prefix}{key} is missing; expected a figure.")
        return found

    def figure(self, key: str) -> Figure | None:
        self.read.add(key)
        if key not in self.raw:
            return None
        inner = self.table(key)
        number = "a finite number >= 0"
        value = float(inner.get("value", (int, float), number))
        low = float(inner.get("low", (int, float), number, value))
        high = float(inner.get("high", (int, float), number, value))
        if not (all(map(math.isfinite, (low, value, high))) and 0 <= low <= value <= high):
            raise DataError(
                f"{self.where}: {self.prefix}{key} has low {low:g}, value {value:g}, high {high:g}; "
                "expected finite numbers with 0 <= low <= value <= high."
            )
        source = inner.text("source")
        if not source.strip():
            raise DataError(
                f"{self.where}: {self.prefix}{key}.source is empty; say where the number is from."
            )
        figure = Figure(value, low, high, source, inner.choice("kind", ORIGINS), inner.text("date", ""))
        inner.refuse_unknown()
        return figure

    def figures(self, allowed: tuple[str, ...] | None = None) -> Mapping[str, Figure]:
        if allowed is not None:
            self.read.update(allowed)
            self.refuse_unknown()
        return MappingProxyType({key: self.need_figure(key) for key in self.raw})

    def refuse_unknown(self) -> None:
        for key in self.raw:
            if key not in self.read:
                raise DataError(
                    f"{self.where}: {self.prefix}{key} is not a known field."
                    f"{did_you_mean(key, sorted(self.read))} Known here: {', '.join(sorted(self.read))}."
                )
