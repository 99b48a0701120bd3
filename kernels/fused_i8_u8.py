"""The fused network: float32 rows in, exact 64-bit scores out, one call per batch.

Encoder, tables, both dot products, product and weighted sum run a few rows at a time in one
generated function (kernels/_fused.py); the method for the dot products is chosen by the cost
model in kernels/_choice.py, once for single rows and once for batches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels._choice import Choice, choose
from qcompile.kernels._contract import Spec, TwoLayer
from qcompile.kernels._fused import Fused, build
from qcompile.kernels.simd.isa import Isa, current
from qcompile.registry import load

__all__ = ["SPEC", "State", "pack", "run", "serves"]

SPEC = Spec(
    level="network",
    weights=("binary", "ternary", "integer"),
    input_bits=tuple(range(1, 9)),
    summary="One generated function per batch tile: encode, tables, subset sums, second layer.",
)
# From so many rows on, the function for several rows at once runs; it answers any number.
BATCH = 4


@dataclass(eq=False)
class State:
    """A packed network; the functions for one row and for batches are built on first use."""

    form: TwoLayer
    isa: Isa
    single: Choice
    batch: Choice
    built: dict[bool, Fused] = field(default_factory=dict)

    def function(self, many: bool) -> Fused:
        """The function for batches, or for single rows."""
        if many not in self.built:
            choice = self.batch if many else self.single
            method = load("qcompile.kernels.subset", choice.method)
            self.built[many] = build(self.form, method, self.isa, BATCH if many else 1)
        return self.built[many]


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
    if method is not None:
        chosen = Choice(method, 0.0, "asked for")
        return State(form, spelling, chosen, chosen)
    return State(form, spelling, choose(form, spelling, 1), choose(form, spelling, 256))


def run(state: State, x: NDArray[np.float32], out: NDArray[np.int64]) -> None:
    """Fill out (n, C) with the scores of x (n, features)."""
    bound: Any = state.built.get(len(x) >= BATCH) or state.function(len(x) >= BATCH)
    bound.function(x, out, bound.parameters)
