"""The fused network: float32 rows in, exact 64-bit scores out, one call per batch.

Encoder, tables, both dot products, product and weighted sum run a few rows at a time in one
generated function (kernels/fused/loop.py); the method for the dot products is chosen by the cost
model in kernels/fused/choose.py, once for single rows and once for batches.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.contract import NetworkKernel, TwoLayer
from qcompile.kernels.fused.choose import BATCH, Choice, choose
from qcompile.kernels.fused.loop import Fused, build
from qcompile.kernels.fused.threads import WORTH, cores, run_parts
from qcompile.kernels.simd.isa import Isa, current


@dataclass(eq=False)
class State:
    """A packed network; the functions for one row and for batches are built on first use.

    Attributes:
        form: the network.
        isa: spelling of the vocabulary.
        single: method for fewer than BATCH rows.
        batch: method for more.
        large: rows from which threads are used.
        built: the functions, by whether they are for batches.
        helpers: the same for each thread, with workspaces of their own.
        lock: held while the helpers work.
    """

    form: TwoLayer
    isa: Isa
    single: Choice
    batch: Choice
    large: int
    built: dict[bool, Fused] = field(default_factory=dict)
    helpers: list[Callable[[Any, Any], None]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def function(self, many: bool) -> Fused:
        """The function for batches, or for single rows."""
        if many not in self.built:
            self.built[many] = self._new(many)
        return self.built[many]

    def _new(self, many: bool) -> Fused:
        choice = self.batch if many else self.single
        return build(self.form, choice.method, self.isa, BATCH if many else 1)

    def threads(self, count: int) -> list[Callable[[Any, Any], None]]:
        """Kernels for a number of threads; call with ``lock`` held."""
        while len(self.helpers) < count:
            self.helpers.append(self._new(True).native.free)
        return self.helpers[:count]


def serves(form: TwoLayer) -> int:
    """Rank 100 wherever 32-bit inner and 64-bit outer sums are proved exact."""
    small = form.t_bound < 2**31 and form.score_bound < 2**63 and form.encoder.width * 255 < 2**31
    return 100 if small and form.u.size and len(form.alpha) else 0


def pack(form: TwoLayer, isa: str | None = None, method: str | None = None) -> State:
    """Choose methods; weights are packed on first use.

    Args:
        form: a network that ``serves`` accepts.
        isa: spelling of the vocabulary; by default the best this CPU runs.
        method: a file of ``kernels/subset`` instead of the choice.
    """
    spelling = current(isa)
    sides = 1 if form.v is None else 2
    large = max(2 * BATCH, WORTH // (sides * form.u.size))
    if method is not None:
        chosen = Choice(method, 0.0, "requested")
        return State(form, spelling, chosen, chosen, large)
    return State(form, spelling, choose(form, spelling, 1), choose(form, spelling, 256), large)


def run(state: State, x: NDArray[np.float32], out: NDArray[np.int64]) -> None:
    """Fill out (n, C) with the scores of x (n, features)."""
    if len(x) >= state.large and (count := cores()) > 1:
        with state.lock:
            run_parts(state.threads(count), x, out)
        return
    bound = state.built.get(len(x) >= BATCH) or state.function(len(x) >= BATCH)
    bound.native.call(x, out)


def explain(state: State) -> str:
    """Which methods run, and why, in one line."""
    one, many = state.single, state.batch
    ways = (f"single rows by {one.method}: {one.reason}", f"batches by {many.method}: {many.reason}")
    return "; ".join((state.isa.name, *ways))


KERNEL = NetworkKernel(serves, pack, run, explain)
