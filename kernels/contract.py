"""What a network kernel defines, the forms that kernels are given, and the slow references.

A network kernel is a folder of ``kernels`` with a file ``network.py`` that defines ``KERNEL``, a
``NetworkKernel``; the folder listing is the table. ``run/host.py`` asks every kernel whose features
this CPU has how well it serves a program, and the highest rank runs it; where none does,
``kernels/plain/machine.py`` runs the program, whatever it is.

Every kernel is compared, exactly, with ``dot_reference`` or ``two_layer_reference`` at widths
around every word edge (tests/kernels).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from qcompile.model.encoder import Encoder, encode

PACKAGE = "qcompile.kernels"
State = TypeVar("State")


@dataclass(frozen=True)
class NetworkKernel(Generic[State]):
    """A kernel for two-layer networks; ``State`` is whatever it packs a network into.

    Attributes:
        serves: (form) -> rank: 0 means no, and the highest rank wins.
        pack: (form) -> state, once per model: arrays in the kernel's own layout.
        run: (state, x, out) per batch: fills out (n, C) int64 with the scores of x (n, features)
            float32; both C-contiguous.
        explain: (state) -> the reason that reports show, in one line.
        features: CPU features it needs as llvmlite names them (("avx2",)); () runs everywhere.
    """

    serves: Callable[[TwoLayer], int]
    pack: Callable[[TwoLayer], State]
    run: Callable[[State, NDArray[np.float32], NDArray[np.int64]], None]
    explain: Callable[[State], str]
    features: tuple[str, ...] = ()


@cache  # the folders of an installed package do not change while it runs
def network_names() -> tuple[str, ...]:
    """Names of the network kernels: the folders with a file ``network.py``.

    >>> network_names()
    ('fused',)
    """
    folders = resources.files(PACKAGE).iterdir()
    return tuple(sorted(one.name for one in folders if one.joinpath("network.py").is_file()))


def load_network(name: str) -> NetworkKernel[Any]:
    """A network kernel by the name of its folder.

    Raises:
        TypeError: its network.py defines no KERNEL.
    """
    kernel = getattr(importlib.import_module(f"{PACKAGE}.{name}.network"), "KERNEL", None)
    if not isinstance(kernel, NetworkKernel):
        raise TypeError(f"{PACKAGE}.{name}.network defines no KERNEL: a NetworkKernel.")
    return kernel


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
