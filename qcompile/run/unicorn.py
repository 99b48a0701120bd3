"""Run the C artifact on an emulated core (Unicorn) and count every instruction.

Blocks are counted by a hook and disassembled once by capstone, which gives the exact number of
executed instructions, their mix, taken branches, and the deepest stack byte that was written.
"""

from __future__ import annotations

import importlib
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.errors import CompileError, DataError, UnsupportedError, did_you_mean
from qcompile.ir.program import Program
from qcompile.run.emulate.image import Image, build_image
from qcompile.run.emulate.trace import Trace, owners, price
from qcompile.run.native_c import code_type, finish, score_type
from qcompile.targets.schema import Target, load_target

__all__ = ["Trace", "UnicornRunner", "open_artifact"]

STACK, STACK_SIZE, DATA, STOP = 0x4000_0000, 0x20_0000, 0x5000_0000, 0x7000_0000
FILL = b"\xa5"


@dataclass(frozen=True, eq=False)
class UnicornRunner:
    """Scores row by row in the emulator; ``image`` has the sizes, ``count`` the instructions."""

    artifact: Artifact
    program: Program
    target: Target
    image: Image
    name: str = "unicorn"

    @property
    def version(self) -> str:
        """Of the emulator."""
        return f"Unicorn {metadata.version('unicorn')}"

    @property
    def build(self) -> str:
        """Compiler and flags."""
        return self.image.build

    def scores(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """(n, features) raw rows to (n, C) int64."""
        machine = _Machine(self)
        rows = np.ascontiguousarray(x, dtype=code_type(self.program))
        return np.stack([machine.run(row) for row in rows]) if len(rows) else np.empty((0, 1), np.int64)

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """Label indices by the model's own C function; values for regression."""
        scores = self.scores(x)
        if "label" not in self.program.outputs:
            return finish(self.program, scores)
        machine = _Machine(self)
        return np.array([machine.label(row) for row in scores], dtype=np.int64)

    def count(self, row: NDArray[Any]) -> Trace:
        """Instructions, mix and stack of one row."""
        return _Machine(self).trace(np.ascontiguousarray(row, dtype=code_type(self.program)))


def open_artifact(artifact: Artifact, target: Target | None = None) -> UnicornRunner:
    """Compile for the target (default: the one it was built for) and load it into the emulator.

    Raises:
        UnsupportedError: an extra package is missing, or this emulator cannot run the target.
        CompileError: the compiler refused.
    """
    assert artifact.program is not None
    chosen = target or load_target(artifact.provenance["target"])
    if chosen.runner != "unicorn":
        raise UnsupportedError(
            f"target {chosen.name!r} is run by {chosen.runner or 'nothing here'}, not by unicorn."
        )
    try:
        import capstone  # noqa: F401
        import unicorn  # noqa: F401
    except ImportError as error:
        raise UnsupportedError(f"{error.name} is not installed: pip install 'qcompile[edge]'.") from None
    return UnicornRunner(artifact, artifact.program, chosen, build_image(artifact, chosen))


class _Machine:
    """One emulator with the image loaded; rows are written, run and read back."""

    def __init__(self, runner: UnicornRunner) -> None:
        uc: Any = importlib.import_module("unicorn")
        self.runner, image = runner, runner.image
        arch, mode, self.disassembler, self.registers = machines(runner.target.machine)
        self.uc: Any = uc.Uc(arch, mode)
        if runner.target.machine_cpu:
            prefix = "UC_CPU_ARM64_" if runner.target.machine == "aarch64" else "UC_CPU_ARM_"
            name = "arm64_const" if runner.target.machine == "aarch64" else "arm_const"
            module = importlib.import_module(f"unicorn.{name}")
            self.uc.ctl_set_cpu_model(_cpu_model(module, prefix, runner.target))
        top = max(a + n for a, _, n in image.segments)
        self.uc.mem_map(0, (top + 0x2000) & ~0xFFF)
        for start, size in ((STACK, STACK_SIZE), (DATA, 0x200_0000), (STOP, 0x1000)):
            self.uc.mem_map(start, size)
        for address, data, _ in image.segments:
            self.uc.mem_write(address, data)
        self.thumb = 1 if runner.target.machine == "thumb" else 0
        _enable_float(self.uc, runner.target)
        names = image.symbols
        prefix = runner.artifact.provenance["prefix"]
        entry = f"{prefix}_scores" if f"{prefix}_scores" in names else f"{prefix}_scores_from_codes"
        if entry not in names:
            raise CompileError(f"the image has no function {entry}.")
        self.entry = names[entry][0]
        self.decision = names.get(f"{prefix}_label", (0, 0))[0]
        self.columns = runner.program[runner.program.outputs["scores"]].type.length
        self.score = score_type(runner.artifact)

    def run(self, row: NDArray[Any]) -> NDArray[np.int64]:
        out, scratch = DATA + 0x80_0000, DATA + 0x100_0000
        self.uc.mem_write(DATA, row.tobytes())
        self._call(self.entry, DATA, out, scratch)
        raw = bytes(self.uc.mem_read(out, self.columns * self.score.itemsize))
        return np.frombuffer(raw, self.score).astype(np.int64)

    def label(self, scores: NDArray[np.int64]) -> int:
        """Class index of one row's scores."""
        self.uc.mem_write(DATA, scores.astype(self.score).tobytes())
        return int(np.uint32(self._call(self.decision, DATA) & 0xFFFF_FFFF).astype(np.int32))

    def _call(self, entry: int, *values: int) -> int:
        """Run a function to its return; its first result register."""
        stack, back, arguments = self.registers
        self.uc.reg_write(stack, STACK + STACK_SIZE - 0x100)
        self.uc.reg_write(back, STOP | self.thumb)
        for register, value in zip(arguments, values, strict=False):
            self.uc.reg_write(register, value)
        self.uc.emu_start(entry | self.thumb, STOP)
        return int(self.uc.reg_read(arguments[0]))

    def trace(self, row: NDArray[Any]) -> Trace:
        uc: Any = importlib.import_module("unicorn")
        edges: Counter[tuple[tuple[int, int], tuple[int, int]]] = Counter()
        last = [(0, 0)]

        def on_block(_: Any, address: int, size: int, __: Any) -> None:
            here = (address, size)
            edges[last[0], here] += 1
            last[0] = here

        top = STACK_SIZE - 0x100
        self.uc.mem_write(STACK, FILL * top)
        handle = self.uc.hook_add(uc.UC_HOOK_BLOCK, on_block)
        self.run(row)
        self.uc.hook_del(handle)
        stack = bytes(self.uc.mem_read(STACK, top))
        runner = self.runner
        return price(
            {edge: n for edge, n in edges.items() if edge[1][0] & ~1 != STOP},
            lambda address, size: bytes(self.uc.mem_read(address, size)),
            self.disassembler,
            owners(runner.artifact, runner.image),
            len(stack.lstrip(FILL)),
        )


def machines(machine: str) -> tuple[int, int, Any, tuple[int, int, tuple[int, ...]]]:
    import capstone as cs
    import unicorn as uc
    from unicorn import arm64_const as a64
    from unicorn import arm_const as arm
    from unicorn import riscv_const as rv

    arm_registers = (
        arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, (arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1, arm.UC_ARM_REG_R2)
    )  # fmt: skip
    rv_registers = (
        rv.UC_RISCV_REG_SP, rv.UC_RISCV_REG_RA, (rv.UC_RISCV_REG_A0, rv.UC_RISCV_REG_A1, rv.UC_RISCV_REG_A2)
    )  # fmt: skip
    match machine:
        case "thumb":
            disassembler = cs.Cs(cs.CS_ARCH_ARM, cs.CS_MODE_THUMB | cs.CS_MODE_MCLASS)
            return uc.UC_ARCH_ARM, uc.UC_MODE_THUMB | uc.UC_MODE_MCLASS, disassembler, arm_registers
        case "aarch64":
            registers = (
                a64.UC_ARM64_REG_SP,
                a64.UC_ARM64_REG_X30,
                (a64.UC_ARM64_REG_X0, a64.UC_ARM64_REG_X1, a64.UC_ARM64_REG_X2),
            )
            return uc.UC_ARCH_ARM64, uc.UC_MODE_ARM, cs.Cs(cs.CS_ARCH_ARM64, cs.CS_MODE_ARM), registers
        case "riscv32" | "riscv64":
            wide = machine == "riscv64"
            width = cs.CS_MODE_RISCV64 if wide else cs.CS_MODE_RISCV32
            mode = uc.UC_MODE_RISCV64 if wide else uc.UC_MODE_RISCV32
            return uc.UC_ARCH_RISCV, mode, cs.Cs(cs.CS_ARCH_RISCV, cs.CS_MODE_RISCVC | width), rv_registers
        case _:
            raise UnsupportedError(f"unicorn machine {machine!r}, allowed: thumb, aarch64, riscv32, riscv64.")


def _cpu_model(module: Any, prefix: str, target: Target) -> int:
    known = [name.removeprefix(prefix) for name in vars(module) if name.startswith(prefix)]
    known = sorted(name for name in known if name == "MAX" or name.startswith(("CORTEX", "A")))
    if target.machine_cpu not in known:
        raise DataError(
            f"target {target.name!r}: runner.cpu is {target.machine_cpu!r}, which unicorn does not know."
            f"{did_you_mean(target.machine_cpu, known)} It knows {', '.join(known)}."
        )
    return int(getattr(module, prefix + target.machine_cpu))


def _enable_float(machine: Any, target: Target) -> None:
    """The reset state of most cores traps float and vector instructions; firmware enables them."""
    from unicorn import arm64_const as a64
    from unicorn import arm_const as arm
    from unicorn import riscv_const as rv

    if target.machine == "aarch64":
        machine.reg_write(a64.UC_ARM64_REG_CPACR_EL1, 3 << 20)
    elif target.machine == "thumb" and "f32" in target.features:
        machine.reg_write(arm.UC_ARM_REG_C1_C0_2, 0xF << 20)
        machine.reg_write(arm.UC_ARM_REG_FPEXC, 0x4000_0000)
    elif target.machine.startswith("riscv") and "f64" in target.features:
        status = machine.reg_read(rv.UC_RISCV_REG_MSTATUS)
        machine.reg_write(rv.UC_RISCV_REG_MSTATUS, status | 0x6000)
