"""Network: the type that both columns share, and its exact meaning.

    q_i   = 2 c_i - (2^B - 1)                    odd levels of the encoder's codes c
    h_j   = (u_j' q)(v_j' q)                     form "bilinear"
    h_j   = a t^2 + b t + c,  t = u_j' q         form "polynomial", integers (a, b, c)
    S_k   = sum_j alpha_jk h_j + bias_k          exact integers: the SCORE
    f_k   = scale * S_k + offset                 float64: the VALUE

``forward`` is the semantics; every compiled form reproduces S bit for bit, and
for more than one class the decision is the argmax of S (smallest index wins),
for one column it is S >= 0. Nothing here is ever quantized after training. Training gives a bias
to a network without neurons only: the constant that it answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import frozen
from qcompile.model.encoder import Encoder, encode, levels

WEIGHTS = ("binary", "ternary", "2bit", "3bit", "4bit")


@dataclass(frozen=True, eq=False)
class Network:
    """Integer two-layer network with its encoder.

    Attributes:
        encoder: raw rows to codes; ``encoder.width`` is d.
        u: (m, d) int8 first-layer weights in the grid of ``weights``.
        v: (m, d) int8, equal to ``u`` where the form has one vector per neuron.
        alpha: (m, C) int64 second-layer integers on one scale over all classes.
        scale: float64, value = scale * score + offset.
        offset: float64, mean of the target in regression, else 0.
        form: "bilinear" or "polynomial".
        activation: integers (a, b, c) of the polynomial form; (1, 0, 0) is the square.
        weights: "binary" {-1,+1}, "ternary" {-1,0,+1}, or "kbit" odd levels up to 2^k - 1.
        task: "classification" or "regression".
        classes: the labels as text, in score order (two labels share one score column).
        columns: names of the raw features, for reports and generated code.
        provenance: JSON-able facts (seed, data, versions, certificate summary).
        bias: (C,) int64 added to the scores; left out, it is 0.
    """

    encoder: Encoder
    u: NDArray[np.int8]
    v: NDArray[np.int8]
    alpha: NDArray[np.int64]
    scale: float
    offset: float = 0.0
    form: str = "bilinear"
    activation: tuple[int, int, int] = (1, 0, 0)
    weights: str = "binary"
    task: str = "classification"
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    bias: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for name, dtype in (("u", np.int8), ("v", np.int8), ("alpha", np.int64)):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype, 2, name))
        m, d = self.u.shape
        if self.v.shape != (m, d) or d != self.encoder.width or self.alpha.shape[0] != m:
            raise ValueError(
                f"u {self.u.shape}, v {self.v.shape}, alpha {self.alpha.shape} and an encoder of "
                f"width {self.encoder.width} do not fit together."
            )
        if self.alpha.shape[1] < 1:
            raise ValueError("alpha needs at least one column.")
        bias = np.zeros(self.alpha.shape[1], np.int64) if self.bias is None else self.bias
        object.__setattr__(self, "bias", frozen(bias, np.int64, 1, "bias"))
        if len(self.constants) != self.alpha.shape[1]:
            raise ValueError(f"{len(self.constants)} biases for {self.alpha.shape[1]} score columns.")
        if self.weights not in WEIGHTS:
            raise ValueError(f"weights is {self.weights!r}, allowed: {', '.join(WEIGHTS)}.")
        if self.form not in ("bilinear", "polynomial"):
            raise ValueError(f"form is {self.form!r}, allowed: bilinear, polynomial.")
        if self.form == "polynomial" and not np.array_equal(self.u, self.v):
            raise ValueError("a polynomial neuron has one weight vector: v must equal u.")
        if self.task not in ("classification", "regression"):
            raise ValueError(f"task is {self.task!r}, allowed: classification, regression.")
        columns = self.alpha.shape[1]
        if self.task == "classification" and len(self.classes) != (2 if columns == 1 else columns):
            raise ValueError(f"{len(self.classes)} class names for {columns} score columns.")
        for name in ("u", "v"):
            w = getattr(self, name).astype(np.int64)
            allowed = _grid(self.weights)
            if not np.isin(w, allowed).all():
                raise ValueError(f"{name} has entries outside the {self.weights} grid {allowed}.")
        if not (np.isfinite(self.scale) and self.scale > 0 and np.isfinite(self.offset)):
            raise ValueError("scale must be finite and positive, offset finite.")

    @property
    def neurons(self) -> int:
        """Number m of neurons."""
        return len(self.u)

    @property
    def constants(self) -> NDArray[np.int64]:
        """(C,) int64, the bias of each score column."""
        assert self.bias is not None
        return self.bias

    @property
    def width(self) -> int:
        """Number d of encoded inputs, the lifted constant included."""
        return int(self.u.shape[1])


def _grid(weights: str) -> list[int]:
    if weights == "ternary":
        return [-1, 0, 1]
    bits = 1 if weights == "binary" else int(weights[0])
    top = (1 << bits) - 1
    return list(range(-top, top + 1, 2))


def forward_codes(network: Network, codes: NDArray[Any]) -> NDArray[np.int64]:
    """Scores of encoded rows in exact integers: slow, obvious, the definition.

    Args:
        network: any network whose ``score_bound`` is below 2^63.
        codes: (n, d) unsigned codes.

    Returns:
        (n, C) int64 scores.

    Raises:
        OverflowError: the static bound does not fit int64.
    """
    if score_bound(network) >= 2**63:
        raise OverflowError("a score of this network may leave int64; reduce alpha or the input bits.")
    q = levels(codes, network.encoder.bits).astype(np.int64)
    t = q @ network.u.T.astype(np.int64)
    if network.form == "bilinear":
        h = t * (q @ network.v.T.astype(np.int64))
    else:
        a, b, c = network.activation
        h = a * t * t + b * t + c
    return h @ network.alpha + network.constants


def forward(network: Network, x: NDArray[Any]) -> NDArray[np.int64]:
    """Scores of raw rows: ``forward_codes(network, encode(network.encoder, x))``.

    >>> e = Encoder("threshold", 1, [1, 4], [0, 0], [0.5, 0.0], [1.0, 1.0], [0.0])
    >>> n = Network(e, [[1, 1]], [[1, -1]], [[3]], 1.0, task="regression")
    >>> forward(n, [[0.0], [1.0]]).tolist()  # (q0 + 1)(q0 - 1) * 3 with q0 = -1, +1
    [[0], [0]]
    """
    return forward_codes(network, encode(network.encoder, x))


def score_bound(network: Network) -> int:
    """A bound on |score| over all inputs, in exact Python integers.

    |u'q| <= M sum|u_i| with M = 2^B - 1; products and sums follow.
    """
    top = network.encoder.top
    tu = [top * int(s) for s in np.abs(network.u.astype(np.int64)).sum(axis=1)]
    tv = [top * int(s) for s in np.abs(network.v.astype(np.int64)).sum(axis=1)]
    if network.form == "bilinear":
        h = [p * q for p, q in zip(tu, tv, strict=True)]
    else:
        a, b, c = (abs(k) for k in network.activation)
        h = [a * p * p + b * p + c for p in tu]
    return max(
        abs(int(bias)) + sum(abs(int(a)) * b for a, b in zip(column, h, strict=True))
        for column, bias in zip(network.alpha.T, network.constants, strict=True)
    )


def decide(network: Network, scores: NDArray[np.int64]) -> NDArray[np.int64]:
    """Class index of each row: argmax over columns, or score >= 0 for one column.

    >>> e = Encoder("threshold", 1, [4], [0], [0.0], [1.0], [0.0])
    >>> n = Network(e, [[1]], [[1]], [[1]], 1.0, classes=("no", "yes"))
    >>> decide(n, np.array([[-1], [0], [2]])).tolist()
    [0, 1, 1]
    """
    if network.alpha.shape[1] == 1:
        return (scores[:, 0] >= 0).astype(np.int64)
    best: NDArray[np.int64] = np.argmax(scores, axis=1).astype(np.int64)
    return best
