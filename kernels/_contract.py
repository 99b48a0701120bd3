"""What a kernel file must define, and the records it is given.

A kernel is one file of this folder, named ``<what>_<weights>_<inputs>``; the folder listing is
the table. It defines

    SPEC: Spec                    what it computes and serves; data, read without running anything
    pack(form) -> state           once per model: any object, arrays in the kernel's own layout
    run(state, x, out) -> None    per batch: reads x, fills out; x and out are C-contiguous

and by ``SPEC.level``

    "dot"       form: Dot        x (n, d) uint8 codes          out (n, m) int64 = x @ weight'
    "network"   form: TwoLayer   x (n, features) float32 raw   out (n, C) int64 scores

Every kernel is compared, exactly, with ``dot_reference`` or ``two_layer_reference`` below at
widths around every word edge (tests/kernels). ``run/host.py`` asks every network kernel's
``serves(form) -> int``: 0 means no, and the highest rank wins; where none serves a program,
``kernels/_machine.py`` runs it, whatever it is; ``explain(state) -> str``, where it is defined, is
the reason that reports show. So a faster kernel is one new file here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.encoder import Encoder, encode

__all__ = ["Dot", "Spec", "TwoLayer", "dot_reference", "two_layer_reference"]


@dataclass(frozen=True)
class Spec:
    """What a kernel serves, as data.

    Attributes:
        level: "dot" or "network".
        weights: weight grids it takes: "binary", "ternary", "integer".
        input_bits: widths of the unsigned codes it takes.
        isa: CPU features it needs as llvmlite names them (("avx2",)); () runs everywhere.
        summary: one sentence: layout and idea.
    """

    level: str
    weights: tuple[str, ...]
    input_bits: tuple[int, ...]
    isa: tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True, eq=False)
class Dot:
    """One matrix product: ``weight`` (m, d) int64 by unsigned codes of ``bits`` bits."""

    weight: NDArray[np.int64]
    bits: int


@dataclass(frozen=True, eq=False)
class TwoLayer:
    """A whole two-layer network as the passes leave it; all integers, exact.

        c       = encode(encoder, x)                        (d,) unsigned codes
        tu_j    = u_scale_j (u_j' c) + u_shift_j
        tv_j    = v_scale_j (v_j' c) + v_shift_j            (bilinear)
        h_j     = tu_j tv_j                                 (bilinear)
        h_j     = c2 tu_j^2 + c1 tu_j + c0                  (polynomial: v is None)
        S_k     = score_scale_k sum_j alpha_kj h_j + score_shift_k

    ``t_bound``, ``h_bound`` and ``score_bound`` bound |tu|, |tv|, |h| and |S| (all partial sums
    of S included) over every possible row, so a kernel may choose its accumulators by them.
    """

    encoder: Encoder
    u: NDArray[np.int64]
    u_scale: NDArray[np.int64]
    u_shift: NDArray[np.int64]
    v: NDArray[np.int64] | None
    v_scale: NDArray[np.int64] | None
    v_shift: NDArray[np.int64] | None
    activation: tuple[int, int, int]
    alpha: NDArray[np.int64]
    score_scale: NDArray[np.int64]
    score_shift: NDArray[np.int64]
    t_bound: int
    h_bound: int
    score_bound: int

    @property
    def weights(self) -> str:
        """Narrowest grid of the first layer: "binary", "ternary" or "integer"."""
        both = self.u if self.v is None else np.concatenate([self.u, self.v])
        largest = int(np.abs(both).max(initial=0))
        return "integer" if largest > 1 else "binary" if (both != 0).all() else "ternary"


def dot_reference(form: Dot, codes: NDArray[Any]) -> NDArray[np.int64]:
    """(n, m) int64 products: the definition.

    >>> dot_reference(Dot(np.array([[1, -1]]), 2), np.array([[3, 1]])).tolist()
    [[2]]
    """
    out: NDArray[np.int64] = np.asarray(codes).astype(np.int64) @ form.weight.T
    return out


def two_layer_reference(form: TwoLayer, x: NDArray[Any]) -> NDArray[np.int64]:
    """(n, C) int64 scores of raw rows: the definition."""
    codes = encode(form.encoder, x).astype(np.int64)
    tu = (codes @ form.u.T) * form.u_scale + form.u_shift
    if form.v is None or form.v_scale is None or form.v_shift is None:
        c2, c1, c0 = form.activation
        h = c2 * tu * tu + c1 * tu + c0
    else:
        h = tu * ((codes @ form.v.T) * form.v_scale + form.v_shift)
    out: NDArray[np.int64] = (h @ form.alpha.T) * form.score_scale + form.score_shift
    return out
