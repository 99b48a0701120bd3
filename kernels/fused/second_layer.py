"""The second layer inside a kernel: subset sums of one row to its scores, in exact integers.

    t_j = scale_j sum_b 2^b S[b, j] + rest_j sum_i c_i + shift_j          32 bits (bound proved)
    h_j = tu_j tv_j,  or  c2 t_j^2 + c1 t_j + c0                          32 or 64 bits
    out_k = score_scale_k sum_j alpha_kj h_j + score_shift_k              64 bits, or 32 where proved

Arithmetic wraps, so intermediate steps may leave the type as long as the result does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.contract import TwoLayer
from qcompile.kernels.generate.arena import Arena
from qcompile.model.bits import BitRows


@dataclass(frozen=True)
class Shape:
    """What the generated text depends on.

    Attributes:
        planes: bit planes of the first-layer weights.
        bilinear: two weight vectors per neuron, else a polynomial of one.
        uniform: scale and rest are the same for all neurons of both sides.
        hidden: 32 or 64, bits of h.
        total: 32 or 64, bits of the sums over neurons.
        single: one class (h is used at once), else h is stored and read once per class.
    """

    planes: int
    bilinear: bool
    uniform: bool
    hidden: int
    total: int
    single: bool


@dataclass(frozen=True, eq=False)
class SecondLayer:
    """The generated text, its parameters, and the number of neurons it was padded to."""

    text: str
    words: dict[str, int]
    neurons: int


def second_layer(form: TwoLayer, planes: BitRows, arena: Arena) -> SecondLayer:
    """Choose accumulators by the form's bounds and lay out the constants."""
    m = len(form.u)
    neurons = m + -m % 16
    sides = 1 if form.v is None else 2
    scale, rest = _scales(form, planes)
    uniform = bool((scale == scale[0]).all() and (rest == rest[0]).all())
    narrow_alpha = int(np.abs(form.alpha).max(initial=0)) < 2**31
    hidden = 32 if form.h_bound < 2**31 and narrow_alpha else 64
    spread = max((sum(abs(int(a)) for a in row) for row in form.alpha), default=0) * form.h_bound
    total = 32 if hidden == 32 and spread < 2**31 else 64
    shape = Shape(len(planes.bits), form.v is not None, uniform, hidden, total, len(form.alpha) == 1)

    def by_side(values: NDArray[np.int64]) -> int:
        # Kept modulo 2^32, as the generated code computes.
        padded = np.zeros((sides, neurons), np.int64)
        padded[:, :m] = values.reshape(sides, m)
        return arena.address((padded & 0xFFFFFFFF).astype(np.uint32))

    classes = len(form.alpha)
    alpha: NDArray[np.int64 | np.int32] = np.zeros((classes, neurons), np.int64 if hidden == 64 else np.int32)
    alpha[:, :m] = form.alpha
    if hidden == 64:  # of each 16 the even ones first, as h is computed
        alpha = alpha.reshape(classes, -1, 8, 2).swapaxes(2, 3).reshape(classes, neurons)
    words = {
        "neurons": neurons,
        "classes": classes,
        "scale": by_side(scale),
        "rest": by_side(rest),
        "shift": by_side(_by_neuron(form, form.u_shift, form.v_shift)),
        "alpha": arena.address(alpha),
        "score_scale": arena.address(np.broadcast_to(form.score_scale, classes).astype(np.int64)),
        "score_shift": arena.address(np.broadcast_to(form.score_shift, classes).astype(np.int64)),
        "hidden": arena.room(8 * neurons),
        "c2": form.activation[0],
        "c1": form.activation[1],
        "c0": form.activation[2],
    }
    assert tuple(words) == WORDS
    return SecondLayer(text_of(shape), words, neurons)


def _by_neuron(form: TwoLayer, u: NDArray[np.int64], v: NDArray[np.int64] | None) -> NDArray[np.int64]:
    m = len(form.u)
    return np.concatenate([np.broadcast_to(side, m) for side in (u, v) if side is not None])


def _scales(form: TwoLayer, planes: BitRows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    scale = _by_neuron(form, form.u_scale, form.v_scale)
    return scale * planes.step, scale * planes.low


# Words of the parameter table ``e``: sizes, then addresses.
WORDS = (
    "neurons",
    "classes",
    "scale",
    "rest",
    "shift",
    "alpha",
    "score_scale",
    "score_shift",
    "hidden",
    "c2",
    "c1",
    "c0",
)


def text_of(layer: Shape) -> str:
    """``second_layer(sums, total, out, e)``; ``neurons`` is padded to 16, alpha is 0 there."""
    lines = ["def second_layer(sums, total, out, e):"]
    lines += [f"    {name} = read_i64(e + {8 * i})" for i, name in enumerate(WORDS)]
    sides = ("u", "v") if layer.bilinear else ("u",)
    if layer.uniform:
        lines.append("    row = splat_i32(total * read_i32(rest))")
        lines.append("    scales = splat_i32(read_i32(scale))")
    else:
        lines.append("    row = splat_i32(total)")
    kind = f"i{layer.total}"
    if layer.single:
        lines.append(f"    acc = splat_{kind}(0)")
    lines.append("    for j in range(0, neurons, 16):")
    for side in sides:
        lines += [f"        {line}" for line in _first(layer, side)]
    lines += [f"        {line}" for line in _hidden(layer)]
    if layer.single:
        lines += [f"        {line}" for line in _accumulate(layer, "alpha")]
        lines += [f"    write_i64(out, total_{kind}(acc) * read_i64(score_scale) + read_i64(score_shift))"]
        return "\n".join(lines) + "\n"
    lines += [f"        {line}" for line in _store(layer)]
    lines += [
        "    for k in range(classes):",
        f"        acc = splat_{kind}(0)",
        f"        a = alpha + k * neurons * {8 if layer.hidden == 64 else 4}",
        "        for j in range(0, neurons, 16):",
    ]
    lines += [f"            {line}" for line in _load(layer) + _accumulate(layer, "a")]
    lines += [
        f"        score = total_{kind}(acc) * read_i64(score_scale + k * 8) + read_i64(score_shift + k * 8)",
        "        write_i64(out + k * 8, score)",
    ]
    return "\n".join(lines) + "\n"


def _first(layer: Shape, side: str) -> list[str]:
    """Lines that make the 16 values t of one side; rows lie (plane, side, neuron)."""
    sides = 2 if layer.bilinear else 1
    offset = "neurons" if side == "v" else "0"
    lines = [f"p = ({offset} + j) * 4"]
    for plane in range(layer.planes):
        load = f"load_i32(sums + p + {plane * sides} * neurons * 4)"
        lines.append(f"s = {load}" if plane == 0 else f"s = add_i32(s, left_i32({load}, {plane}))")
    if layer.uniform:
        lines.append(f"{side} = add_i32(add_i32(mul_i32(s, scales), row), load_i32(shift + p))")
    else:
        lines.append(
            f"{side} = add_i32(add_i32(mul_i32(s, load_i32(scale + p)), mul_i32(row, load_i32(rest + p))), "
            "load_i32(shift + p))"
        )
    return lines


def _hidden(layer: Shape) -> list[str]:
    if layer.hidden == 32:
        if layer.bilinear:
            return ["h = mul_i32(u, v)"]
        return ["h = add_i32(mul_i32(add_i32(mul_i32(u, splat_i32(c2)), splat_i32(c1)), u), splat_i32(c0))"]
    out = []
    for half in ("even", "odd"):
        out.append(f"u_{half} = {half}_i32_signed(u)")
        if layer.bilinear:
            out.append(f"h_{half} = mul_i64(u_{half}, {half}_i32_signed(v))")
        else:
            inner = f"add_i64(mul_i64(u_{half}, splat_i64(c2)), splat_i64(c1))"
            out.append(f"h_{half} = add_i64(mul_i64({inner}, u_{half}), splat_i64(c0))")
    return out


def _store(layer: Shape) -> list[str]:
    if layer.hidden == 32:
        return ["store_i32(hidden + j * 4, h)"]
    return ["store_i64(hidden + j * 8, h_even)", "store_i64(hidden + j * 8 + 64, h_odd)"]


def _load(layer: Shape) -> list[str]:
    if layer.hidden == 32:
        return ["h = load_i32(hidden + j * 4)"]
    return ["h_even = load_i64(hidden + j * 8)", "h_odd = load_i64(hidden + j * 8 + 64)"]


def _accumulate(layer: Shape, alpha: str) -> list[str]:
    if layer.total == 32:
        return [f"acc = add_i32(acc, mul_i32(h, load_i32({alpha} + j * 4)))"]
    if layer.hidden == 32:
        return [f"w = load_i32({alpha} + j * 4)"] + [
            f"acc = add_i64(acc, mul_i64({half}_i32_signed(h), {half}_i32_signed(w)))"
            for half in ("even", "odd")
        ]
    return [
        f"acc = add_i64(acc, mul_i64(h_even, load_i64({alpha} + j * 8)))",
        f"acc = add_i64(acc, mul_i64(h_odd, load_i64({alpha} + j * 8 + 64)))",
    ]
