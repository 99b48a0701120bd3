"""Run the C artifact under QEMU, for cores that Unicorn does not know: Cortex-M55, RISC-V with Zbb.

The model is linked with a small start-up that reads rows from standard input and writes scores to
standard output: by Linux system calls in QEMU's user mode (RISC-V), by semihosting on a board
(Cortex-M, which user mode does not start). For counting, one row is executed one instruction per
block with every block's address logged.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.errors import CompileError, UnsupportedError
from qcompile.ir.program import Program
from qcompile.run.emulate.image import BASE, Image, build_image
from qcompile.run.emulate.qemu_start import start_text
from qcompile.run.emulate.trace import Block, Trace, owners, price
from qcompile.run.native_c import code_type, finish, score_type
from qcompile.targets.schema import Target, load_target

USER = {"riscv32": "qemu-riscv32", "riscv64": "qemu-riscv64"}
BOARDS = {"cortex-m55": "mps3-an547"}  # of qemu-system-arm, by [runner] cpu
BOARD_MEMORY = 0x0100_0000  # 2 MB of SRAM
SECONDS = 600
OURS = re.compile(r"_start|qc_start_\w+|\w+_label")  # not part of what is counted: raw row to scores
PC = re.compile(rb"^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/", re.M)


@dataclass(frozen=True, eq=False)
class QemuRunner:
    """Scores of all rows by one run; ``count`` has the instructions.

    ``image`` is the model alone, for its sizes; ``linked`` is what runs, with the start-up.
    """

    artifact: Artifact
    program: Program
    target: Target
    image: Image
    linked: Image = field(repr=False)
    command: tuple[str, ...]
    version: str
    name: str = "qemu"

    @property
    def build(self) -> str:
        """Compiler and flags."""
        return self.image.build

    def scores(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """(n, features) raw rows to (n, C) int64."""
        return self._answers(x)[0]

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """Label indices by the model's own C function; values for regression."""
        scores, labels = self._answers(x)
        return labels if "label" in self.program.outputs else finish(self.program, scores)

    def _answers(self, x: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = np.ascontiguousarray(x, dtype=code_type(self.program))
        columns = self.program[self.program.outputs["scores"]].type.length
        out, _ = self._run(rows.tobytes())
        answer = np.dtype([("scores", score_type(self.artifact), columns), ("label", "<i4")])
        if len(out) != len(rows) * answer.itemsize:
            raise CompileError(f"{self.command[0]} answered {len(out)} bytes for {len(rows)} rows.")
        found = np.frombuffer(out, answer)
        scores = found["scores"].astype(np.int64).reshape(len(rows), columns)
        return scores, found["label"].astype(np.int64)

    def count(self, row: NDArray[Any]) -> Trace:
        """Instructions, mix and stack of one row."""
        import capstone as cs

        code = np.ascontiguousarray(row, dtype=code_type(self.program)).tobytes()
        thumb = self.target.machine == "thumb"
        modes = {
            "thumb": (cs.CS_ARCH_ARM, cs.CS_MODE_THUMB | cs.CS_MODE_MCLASS),
            "riscv32": (cs.CS_ARCH_RISCV, cs.CS_MODE_RISCVC | cs.CS_MODE_RISCV32),
            "riscv64": (cs.CS_ARCH_RISCV, cs.CS_MODE_RISCVC | cs.CS_MODE_RISCV64),
        }
        with tempfile.TemporaryDirectory(prefix="qcompile_qemu_") as name:
            log = Path(name) / "log"
            # Not chained and one instruction each, every block is logged every time it is entered.
            _, stack = self._run(code, "-singlestep", "-d", "exec,nochain", "-D", str(log))
            addresses = (int(found[1], 16) for found in PC.finditer(log.read_bytes()))
            edges = _edges(addresses, self.linked, thumb)
        owner = owners(self.artifact, self.linked)
        return price(edges, _reader(self.linked), cs.Cs(*modes[self.target.machine]), owner, stack)

    def _run(self, rows: bytes, *options: str) -> tuple[bytes, int]:
        """Scores, and the deepest stack byte of the last row."""
        with tempfile.TemporaryDirectory(prefix="qcompile_qemu_") as name:
            path = Path(name) / "model.elf"
            path.write_bytes(self.linked.elf)
            path.chmod(0o755)
            on_board = self.target.machine == "thumb"  # the loader starts the core at the image's entry
            load = ("-device", f"loader,file={path},cpu-num=0") if on_board else (str(path),)
            words = [*self.command, *options, *load]
            done = subprocess.run(words, input=rows, capture_output=True, check=False, timeout=SECONDS)
        if done.returncode or len(done.stderr) != 4:
            raise CompileError(f"{self.command[0]} ended with {done.returncode}: {done.stderr[-400:]!r}")
        return done.stdout, int.from_bytes(done.stderr, "little")


def open_artifact(artifact: Artifact, target: Target | None = None) -> QemuRunner:
    """Compile for the target (default: the one it was built for), with the start-up.

    Raises:
        UnsupportedError: QEMU's user mode or an extra package is missing, or the target is not QEMU's.
        CompileError: the compiler refused.
    """
    assert artifact.program is not None
    chosen = target or load_target(artifact.provenance["target"])
    if chosen.runner != "qemu":
        raise UnsupportedError(
            f"target {chosen.name!r} is run by {chosen.runner or 'nothing here'}, not by qemu."
        )
    words, package = _command(chosen)
    if shutil.which(words[0]) is None:
        raise UnsupportedError(f"{words[0]} is not installed; on Debian and Ubuntu: apt install {package}.")
    if importlib.util.find_spec("capstone") is None:
        raise UnsupportedError("capstone is not installed: pip install 'qcompile[edge]'.")
    image = build_image(artifact, chosen)
    on_board = chosen.machine == "thumb"
    linked = build_image(artifact, chosen, start_text(artifact), base=BOARD_MEMORY if on_board else BASE)
    said = subprocess.run([words[0], "--version"], capture_output=True, text=True, check=False).stdout
    version = said.splitlines()[0] if said else words[0]
    return QemuRunner(artifact, artifact.program, chosen, image, linked, words, version)


def _command(target: Target) -> tuple[tuple[str, ...], str]:
    """Words in front of the image's path, and the Debian package that holds the program.

    Raises:
        UnsupportedError: QEMU here knows no such machine.
    """
    if target.machine in USER:
        cpu = ("-cpu", target.machine_cpu) if target.machine_cpu else ()
        return (USER[target.machine], *cpu), "qemu-user"
    if target.machine == "thumb" and target.machine_cpu in BOARDS:
        quiet = ("-display", "none", "-monitor", "none", "-serial", "none")
        board = ("-M", BOARDS[target.machine_cpu], *quiet, "-semihosting-config", "enable=on,target=native")
        return ("qemu-system-arm", *board), "qemu-system-arm"
    raise UnsupportedError(
        f"target {target.name!r} asks qemu for machine {target.machine!r}, cpu {target.machine_cpu!r}; "
        f"allowed: {', '.join(USER)}, or thumb with cpu {', '.join(BOARDS)}."
    )


def _reader(image: Image) -> Any:
    def read(address: int, size: int) -> bytes:
        for start, data, _ in image.segments:
            if start <= address < start + len(data):
                return data[address - start : address - start + size]
        raise CompileError(f"the trace left the image at {address:#x}.")

    return read


def _edges(addresses: Iterable[int], image: Image, thumb: bool) -> Counter[tuple[Block, Block]]:
    """Edges between executed instructions of the model, those of the start-up left out."""
    read = _reader(image)
    ours = [span for name, span in image.symbols.items() if OURS.fullmatch(name)]
    sizes: dict[int, int] = {}
    edges: Counter[tuple[Block, Block]] = Counter()
    last: Block = (0, 0)
    for address in _without(addresses, ours):
        if address not in sizes:
            half = int.from_bytes(read(address, 2), "little")
            long = half >= 0xE800 if thumb else half & 3 == 3
            sizes[address] = 4 if long else 2
        here = (address, sizes[address])
        edges[last, here] += 1
        last = here
    return edges


def _without(addresses: Iterable[int], spans: list[tuple[int, int]]) -> Iterator[int]:
    known: dict[int, bool] = {}
    for address in addresses:
        if address not in known:
            known[address] = any(start <= address < start + size for start, size in spans)
        if not known[address]:
            yield address
