"""Run the C artifact on this machine: compiled by gcc, clang or zig, called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.backends.c99.render import render
from qcompile.errors import CompileError, UnsupportedError
from qcompile.ir.ops import Encode, Scale
from qcompile.ir.program import Program
from qcompile.run.emulate.toolchain import STRICT, Command, compile_files, host_compilers, write_files


def score_type(artifact: Artifact) -> np.dtype[Any]:
    """Dtype of the C score, read off the generated header."""
    header = next(d for n, d in artifact.files.items() if n.endswith(".h") and b"_score_t;" in d)
    return np.dtype("<i8" if b"typedef int64_t" in header else "<i4")


def code_type(program: Program) -> np.dtype[Any]:
    """Dtype of a row: float32 with an encoder, else the smallest type of the integer input."""
    if any(isinstance(op, Encode) for op in program.ops):
        return np.dtype("<f4")
    t = program.input.type
    if t.kind == "u" and t.bits <= 8:
        return np.dtype("<u1")
    bits = t.bits + (t.kind == "u")
    return np.dtype(f"<i{next(b for b in (1, 2, 4, 8) if 8 * b >= bits)}")


def driver_words(artifact: Artifact) -> dict[str, str]:
    """What a driver in C needs to know of a model: prefix, type and length of a row, function."""
    assert artifact.program is not None
    prefix = artifact.provenance["prefix"]
    raw = any(isinstance(op, Encode) for op in artifact.program.ops)
    kinds = {"f4": "float", "u1": "uint8_t"} | {f"i{n}": f"int{8 * n}_t" for n in (1, 2, 4, 8)}
    return {
        "kind": kinds[code_type(artifact.program).str[1:]],
        "prefix": prefix,
        "upper": prefix.upper(),
        "call": f"{prefix}_scores" if raw else f"{prefix}_scores_from_codes",
        "length": f"{prefix.upper()}_{'FEATURES' if raw else 'INPUTS'}",
    }


def finish(program: Program, scores: NDArray[np.int64]) -> NDArray[Any]:
    """Labels of a classification program, values of a regression, from exact scores."""
    if "label" not in program.outputs:
        op = next(o for o in program.ops if isinstance(o, Scale))
        values: NDArray[np.float64] = scores.astype(np.float64) * op.scale + op.offset
        return values[:, 0] if values.shape[1] == 1 else values
    if scores.shape[1] == 1:
        return (scores[:, 0] >= 0).astype(np.int64)
    best: NDArray[np.int64] = np.argmax(scores, axis=1).astype(np.int64)
    return best


@dataclass(frozen=True, eq=False)
class NativeRunner:
    """Scores through the compiled shared library; ``build`` says with what it was compiled."""

    program: Program
    build: str
    _function: Any
    _label: Any
    _score: np.dtype[Any]
    _folder: Any = field(repr=False)
    name: str = "c99"

    def scores(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """(n, features) raw rows to (n, C) int64."""
        rows = np.ascontiguousarray(x, dtype=code_type(self.program))
        columns = self.program[self.program.outputs["scores"]].type.length
        out = np.empty((len(rows), columns), dtype=self._score)
        self._function(rows.ctypes.data, out.ctypes.data, len(rows))
        exact: NDArray[np.int64] = out.astype(np.int64)
        return exact

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """Label indices by the model's own C function; values for regression."""
        scores = self.scores(x)
        if self._label is None:
            return finish(self.program, scores)
        rows = np.ascontiguousarray(scores, dtype=self._score)
        return np.array([self._label(row.ctypes.data) for row in rows], dtype=np.int64)


def _choose(command: Command | None) -> Command:
    if command is not None:
        return command
    found = host_compilers()
    if not found:
        raise UnsupportedError("no C compiler here; install gcc or clang, or pip install 'qcompile[edge]'.")
    return found[0]


def _build(artifact: Artifact, folder: Path, command: Command, flags: Sequence[str], output: Path) -> None:
    write_files(artifact.files, folder)
    (folder / "qc_driver.c").write_text(render("driver.c", **driver_words(artifact)), encoding="ascii")
    includes = ("-I", str((folder / artifact.entry).parent), "-I", str(folder / "include"))
    sources = [folder / artifact.entry, folder / "qc_driver.c"]
    compile_files(command, sources, output, (*STRICT, "-ffp-contract=off", *includes, *flags))


def open_artifact(
    artifact: Artifact, command: Command | None = None, flags: Sequence[str] = ("-O2",)
) -> NativeRunner:
    """Compile the artifact for this machine and load it.

    Raises:
        UnsupportedError: no C compiler is installed.
        CompileError: the compiler refused the text (every warning is an error here).
    """
    assert artifact.program is not None
    chosen = _choose(command)
    folder = tempfile.TemporaryDirectory(prefix="qcompile_c_")
    path = Path(folder.name)
    extra = ("-fno-sanitize=all",) if chosen.name == "zig" else ()
    _build(artifact, path, chosen, (*flags, *extra, "-shared", "-fPIC"), path / "model.so")
    library = ctypes.CDLL(str(path / "model.so"))
    library.qc_rows.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    label = None
    if "label" in artifact.program.outputs:
        label = library[f"{artifact.provenance['prefix']}_label"]
        label.argtypes, label.restype = [ctypes.c_void_p], ctypes.c_int32
    build = f"{chosen.version}, {' '.join(flags)}"
    return NativeRunner(artifact.program, build, library.qc_rows, label, score_type(artifact), folder)


def run_program(
    artifact: Artifact, x: NDArray[Any], command: Command | None = None, flags: Sequence[str] = ("-O1",)
) -> NDArray[np.int64]:
    """Scores by a separate program, so that sanitizers can end it.

    Raises:
        CompileError: it did not compile, or it ended with an error; the message carries its words.
    """
    assert artifact.program is not None
    chosen = _choose(command)
    with tempfile.TemporaryDirectory(prefix="qcompile_c_") as name:
        path = Path(name)
        _build(artifact, path, chosen, (*flags, "-DQC_MAIN"), path / "model.exe")
        rows = np.ascontiguousarray(x, dtype=code_type(artifact.program))
        words = [str(path / "model.exe")]
        done = subprocess.run(words, input=rows.tobytes(), capture_output=True, check=False)
        if done.returncode or done.stderr:
            raise CompileError(f"the compiled program ended with {done.returncode}: {done.stderr[:800]!r}")
    columns = artifact.program[artifact.program.outputs["scores"]].type.length
    return np.frombuffer(done.stdout, score_type(artifact)).astype(np.int64).reshape(len(rows), columns)
