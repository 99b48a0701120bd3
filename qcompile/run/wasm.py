"""Run the C artifact as WebAssembly in wasmtime; fuel counts executed instructions."""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.errors import UnsupportedError
from qcompile.ir.ops import Encode
from qcompile.ir.program import Program
from qcompile.run.emulate.toolchain import compile_files, cross, write_files
from qcompile.run.native_c import code_type, finish, score_type
from qcompile.targets.schema import Target, load_target

FUEL = 10**12


def build_module(artifact: Artifact, target: Target) -> tuple[bytes, str]:
    """The .wasm file, which exports memory, __heap_base and the model's functions; and how it was built.

    Raises:
        UnsupportedError: ziglang is missing.
        CompileError: the compiler refused.
    """
    assert artifact.program is not None
    command, machine = cross(target)
    prefix = artifact.provenance["prefix"]
    names = ["scores_from_codes"]
    if any(isinstance(op, Encode) for op in artifact.program.ops):
        names += ["scores", "encode"]
    if "label" in artifact.program.outputs:
        names.append("label")
    symbols = [*(f"{prefix}_{n}" for n in names), "__heap_base"]
    exports = [*(f"-Wl,--export={s}" for s in symbols), "-Wl,--export-memory"]
    flags = (*machine, "-std=c99", "-ffreestanding", "-ffp-contract=off", "-nostdlib", "-rtlib=compiler-rt")
    with tempfile.TemporaryDirectory(prefix="qcompile_wasm_") as name:
        folder = Path(name)
        write_files(artifact.files, folder)
        source = folder / artifact.entry
        include = ("-I", str(source.parent), "-I", str(folder / "include"))
        compile_files(
            command, [source], folder / "model.wasm", (*flags, "-Wl,--no-entry", "-Wl,-s", *exports, *include)
        )
        shown = " ".join((*machine, "-std=c99", "-ffp-contract=off"))
        return (folder / "model.wasm").read_bytes(), f"{command.version}: {shown}"


@dataclass(frozen=True, eq=False)
class WasmRunner:
    """Scores row by row in wasmtime; ``module`` is the .wasm file."""

    artifact: Artifact
    program: Program
    target: Target
    module: bytes = field(repr=False)
    build: str
    name: str = "wasm"

    @property
    def version(self) -> str:
        """Of the machine."""
        return f"wasmtime {metadata.version('wasmtime')}"

    def scores(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """(n, features) raw rows to (n, C) int64."""
        return self._run(x)[0]

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """Label indices by the model's own C function; values for regression."""
        if "label" not in self.program.outputs:
            return finish(self.program, self.scores(x))
        return self._run(x)[2]

    def count(self, row: NDArray[Any]) -> int:
        """Instructions of one row: wasmtime charges one unit of fuel for each."""
        return self._run(np.asarray(row)[None])[1]

    def _run(self, x: NDArray[Any]) -> tuple[NDArray[np.int64], int, NDArray[np.int64]]:
        """Scores, fuel of the calls that made them, and labels (0 where there are none)."""
        w: Any = importlib.import_module("wasmtime")
        config = w.Config()
        config.consume_fuel = True
        store = w.Store(w.Engine(config))
        store.set_fuel(FUEL)
        exports = w.Instance(store, w.Module(store.engine, self.module), []).exports(store)
        prefix = self.artifact.provenance["prefix"]
        raw = any(isinstance(op, Encode) for op in self.program.ops)
        function = exports[f"{prefix}_scores" if raw else f"{prefix}_scores_from_codes"]
        rows = np.ascontiguousarray(x, dtype=code_type(self.program))
        score = score_type(self.artifact)
        columns = self.program[self.program.outputs["scores"]].type.length
        memory, at = exports["memory"], (exports["__heap_base"].value(store) + 15) & ~15
        row_bytes = rows[:1].nbytes
        out = at + (row_bytes + 15 & ~15)
        scratch = out + (columns * score.itemsize + 15 & ~15)
        need = scratch + int(self.artifact.provenance["scratch_bytes"])
        missing = need - memory.data_len(store)
        if missing > 0:
            memory.grow(store, -(-missing // 65536))
        result = np.empty((len(rows), columns), dtype=np.int64)
        labels = np.zeros(len(rows), dtype=np.int64)
        label = exports[f"{prefix}_label"] if "label" in self.program.outputs else None
        spent = 0
        for k, row in enumerate(rows):
            memory.write(store, row.tobytes(), at)
            before = store.get_fuel()
            function(store, at, out, scratch)
            spent += before - store.get_fuel()
            labels[k] = label(store, out) if label is not None else 0
            result[k] = np.frombuffer(bytes(memory.read(store, out, scratch)), score)[:columns]
        return result, spent, labels


def open_artifact(artifact: Artifact, target: Target | None = None) -> WasmRunner:
    """Compile to WebAssembly and load.

    Raises:
        UnsupportedError: wasmtime or ziglang is missing, or the target is not a wasm one.
    """
    assert artifact.program is not None
    chosen = target or load_target(artifact.provenance["target"] or "wasm32")
    if chosen.runner != "wasm":
        raise UnsupportedError(f"target {chosen.name!r} is run by {chosen.runner or 'nothing'}, not by wasm.")
    if importlib.util.find_spec("wasmtime") is None:
        raise UnsupportedError("running WebAssembly needs wasmtime: pip install 'qcompile[edge]'.")
    return WasmRunner(artifact, artifact.program, chosen, *build_module(artifact, chosen))
