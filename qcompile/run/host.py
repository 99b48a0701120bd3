"""Run an artifact of the host back-end: the fastest kernel that serves it, in this process.

    1  network kernels (kernels/*/network.py) whose instructions this CPU has say how well they
       serve the two-layer form of the program; the highest rank runs it
    2  any other program runs on the plain machine (kernels/plain/machine.py): every operation of the
       IR, bit for bit

A call costs one Numba dispatch and one output array on top of the kernel. Calls hold Python's
global lock, or a lock of their own where a large batch runs on several threads (QCOMPILE_THREADS;
every core by default), so a runner may be shared by threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.backends.numba_cpu import program_of
from qcompile.errors import DataError, UnsupportedError, did_you_mean
from qcompile.ir.ops import Argmax, Scale
from qcompile.ir.program import Program
from qcompile.ir.two_layer import two_layer
from qcompile.ir.verify import verify
from qcompile.kernels import contract
from qcompile.kernels.contract import NetworkKernel, TwoLayer

PLAIN = "plain"
FORMER = {"fused_i8_u8": "fused"}  # names in artifacts of earlier states
Rows = NDArray[Any]
Compute = Callable[[Rows], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class HostRunner:
    """A program ready to run in this process.

    Attributes:
        program: what is run.
        kernel: name of the kernel that makes the scores.
        reason: why that one.
        name: for reports.
    """

    program: Program
    kernel: str
    reason: str
    _features: int
    _kind: Any
    _scores: Compute
    _label: Compute | None
    _values: tuple[Compute, NDArray[np.float64], NDArray[np.float64]] | None
    name: str = "host"

    def scores(self, x: Rows) -> NDArray[np.int64]:
        """(n, C) exact integer scores."""
        return self._scores(self._rows(x))

    def values(self, x: Rows) -> NDArray[np.float64]:
        """(n, C) float64: scale * score + offset."""
        if self._values is None:
            raise UnsupportedError("this program has no output 'values'; ask for scores.")
        compute, scale, offset = self._values
        found: NDArray[np.float64] = compute(self._rows(x)) * scale + offset
        return found

    def predict(self, x: Rows) -> NDArray[Any]:
        """(n,) label index where the program decides; else values: (n,), or (n, C) for more columns."""
        if self._label is not None:
            return self._label(self._rows(x))[:, 0]
        found: NDArray[Any] = self.scores(x) if self._values is None else self.values(x)
        return found[:, 0] if found.shape[1] == 1 else found

    def _rows(self, x: Rows) -> Rows:
        """Rows as the kernels read them; free of cost for a C-contiguous array of the right type."""
        if type(x) is not np.ndarray or x.dtype != self._kind or not x.flags.c_contiguous:
            given = np.asarray(x)
            if self._kind == np.int64 and given.dtype.kind not in "biu":
                raise DataError(f"rows are {given.dtype}, but this program reads integers.")
            try:
                with np.errstate(over="ignore"):  # beyond float32 is infinity, as in the encoder
                    x = np.ascontiguousarray(given, dtype=self._kind)
            except (ValueError, TypeError) as problem:
                raise DataError(f"rows are not numbers: {problem}.") from None
        if x.ndim != 2 or x.shape[1] != self._features:
            raise DataError(
                f"rows have shape {x.shape}, but the model reads (n, {self._features}); "
                "give the same columns, in the same order, as in training."
            )
        return x


def open_artifact(artifact: Artifact, kernel: str | None = None) -> HostRunner:
    """A runner for an artifact of kind "numba".

    Args:
        artifact: from ``backends.numba_cpu``.
        kernel: a network kernel by name, "plain", or "auto"; by default what the artifact says.

    Raises:
        UnsupportedError: another kind of artifact, or a kernel that does not serve the program.
        ModelError: the artifact is damaged.
    """
    if artifact.kind != "numba":
        raise UnsupportedError(f"the host runs artifacts of kind 'numba', not {artifact.kind!r}.")
    program, asked = program_of(artifact)
    return open_program(program, kernel or asked)


def open_program(program: Program, kernel: str = "auto") -> HostRunner:
    """A runner for a program; see ``open_artifact``."""
    verify(program)
    name, reason, scores = _chosen(program, kernel)
    computed = {program.outputs["scores"]: scores}

    def compute(value: str) -> Compute:
        return computed.setdefault(value, computed.get(value) or _plain(program, value))

    label, values = program.outputs.get("label"), program.outputs.get("values")
    scale = program[values] if values else None
    return HostRunner(
        program,
        name,
        reason,
        program.input.type.length,
        np.dtype(np.float32 if program.input.type.kind == "f" else np.int64),
        scores,
        _decision(program, label, name, scores) if label else None,
        (compute(scale.a), scale.scale, scale.offset) if isinstance(scale, Scale) else None,
    )


def _plain(program: Program, value: str) -> Compute:
    """The machine of kernels/plain/machine.py, set up for one value."""
    from qcompile.kernels.plain.machine import run
    from qcompile.run._assemble import assemble

    tape = assemble(program, value)
    words, columns = tape.words, tape.columns
    work = np.zeros(tape.work, dtype=np.int64)
    low, high = program.input.type.low, program.input.type.high

    def compute(x: Rows) -> NDArray[np.int64]:
        out = np.empty((len(x), columns), dtype=np.int64)
        wrong = run(words, work, x, out)
        if wrong >= 0:
            raise DataError(f"row {wrong} leaves the integers {low} to {high} that this program reads.")
        return out

    return compute


def _decision(program: Program, label: str, kernel: str, scores: Compute) -> Compute:
    """The label from a fused kernel's scores where it reads them, else by the machine."""
    op = program[label]
    if kernel == PLAIN or op.operands != (program.outputs["scores"],):
        return _plain(program, label)
    if isinstance(op, Argmax):
        return lambda x: scores(x).argmax(axis=1)[:, None]
    return lambda x: (scores(x)[:, :1] >= 0).view(np.int8).astype(np.int64)


def _chosen(program: Program, kernel: str) -> tuple[str, str, Compute]:
    """Name, reason and function of the kernel that makes the scores."""
    form, kernel = two_layer(program), FORMER.get(kernel, kernel)
    if kernel == PLAIN or form is None:
        if kernel not in (PLAIN, "auto"):
            raise UnsupportedError(f"kernel {kernel!r} runs two-layer networks, and this is another program.")
        reason = "requested" if kernel == PLAIN else "the program is not a two-layer network"
        return PLAIN, reason, _plain(program, program.outputs["scores"])
    ranks = _ranks(form)
    if kernel == "auto":
        best = max(ranks, key=lambda name: (ranks[name], name), default=None)
        if best is None or ranks[best] <= 0:
            reason = "no fused kernel serves this program on this CPU"
            return PLAIN, reason, _plain(program, program.outputs["scores"])
        chosen = contract.load_network(best)
        state = chosen.pack(form)
        return best, chosen.explain(state), bound(chosen, form, state)
    if ranks.get(kernel, 0) <= 0:
        able = sorted(name for name, rank in ranks.items() if rank > 0)
        raise UnsupportedError(
            f"kernel {kernel!r} does not serve this program on this CPU; those that do: "
            f"{', '.join([PLAIN, *able])}.{did_you_mean(kernel, [PLAIN, *able])}"
        )
    chosen = contract.load_network(kernel)
    return kernel, "requested", bound(chosen, form, chosen.pack(form))


def _ranks(form: TwoLayer) -> dict[str, int]:
    """How well each network kernel serves the form; 0 is not at all."""
    from llvmlite.binding import get_host_cpu_features

    features = get_host_cpu_features()
    found = {}
    for name in contract.network_names():
        kernel = contract.load_network(name)
        able = all(features.get(feature, False) for feature in kernel.features)
        found[name] = kernel.serves(form) if able else 0
    return found


def bound(kernel: NetworkKernel[Any], form: TwoLayer, state: Any) -> Compute:
    """A packed kernel as a function of rows."""
    columns, run = len(form.alpha), kernel.run

    def compute(x: Rows) -> NDArray[np.int64]:
        out = np.empty((len(x), columns), dtype=np.int64)
        run(state, x, out)
        return out

    return compute
