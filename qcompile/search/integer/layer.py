"""Integer alpha: one common scale over all classes, chosen against the true objectives.

    alpha_jc = s k_jc,   k integers of ``bits`` bits,   s > 0 common to all classes

so that the argmax over classes is an argmax over integers. Nothing is rounded after
training: k and s MINIMISE the sum of the classes' training objectives (penalty
included), by a search over s, integer moves of k (``integer_moves``) and, k fixed,
the convex problem in s; the objective reported is that of the integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from qcompile.model.arrays import frozen
from qcompile.problem.families import FAMILIES
from qcompile.problem.integer_form import IntegerForm
from qcompile.problem.objective import objective
from qcompile.problem.problem import Problem
from qcompile.search.atoms import Atoms
from qcompile.search.canonical import canonical, keys
from qcompile.search.dyadic import rounded
from qcompile.search.integer.moves import improve, objective_of
from qcompile.search.polish import polish
from qcompile.search.refit import Target, target_of

# Scales tried, as parts of the smallest scale that clips nothing.
PARTS = (1.1, 1.0, 0.93, 0.87, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
REFINED = 3
# Significant bits of a scale: finer ones gain nothing, and would differ from machine to machine.
SCALE = 20
# From this top on, rounding costs less than a scale search can win back.
FINE = 1000
# Widest alpha in bits at which first-layer weights are polished against the integers, and how often.
COARSE = 4
POLISHED = 4


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """The deployed integer network of all classes.

    Attributes:
        u: (m, d) int8.
        v: (m, d) int8.
        alpha: (m, C) int64; no row is all 0.
        scale: value = scale * (integer score of ``network.Network``); > 0.
        step: value of one unit of alpha in training units: alpha_real = step * alpha.
        form: the integer neuron: ``Network.form``, ``Network.activation`` and the divisor with
            scale = step / divisor.
        objectives: per class, the true training objective of these integers.
    """

    u: NDArray[np.int8]
    v: NDArray[np.int8]
    alpha: NDArray[np.int64]
    scale: float
    step: float
    form: IntegerForm
    objectives: tuple[float, ...]

    def __post_init__(self) -> None:
        for name, dtype in (("u", np.int8), ("v", np.int8), ("alpha", np.int64)):
            object.__setattr__(self, name, frozen(getattr(self, name), dtype, 2, name))


@dataclass(frozen=True, eq=False)
class _Class:
    """One class: its view of the shared neurons."""

    target: Target
    index: NDArray[np.intp]
    phi: NDArray[np.float64]
    alpha: NDArray[np.float64]


def _merge(
    problems: Sequence[Problem], atoms: Sequence[Atoms]
) -> tuple[NDArray[np.int8], NDArray[np.int8], list[_Class]]:
    """Neurons that are equal up to sign and swap become one, shared by the classes."""
    place: dict[bytes, int] = {}
    u_rows: list[NDArray[np.int8]] = []
    v_rows: list[NDArray[np.int8]] = []
    classes = []
    for problem, own in zip(problems, atoms, strict=True):
        u, v, sign = canonical(problem, own.u, own.v)
        sums: dict[int, float] = {}
        for j, name in enumerate(keys(u, v)):
            i = place.setdefault(name, len(place))
            if i == len(u_rows):
                u_rows.append(u[j])
                v_rows.append(v[j])
            sums[i] = sums.get(i, 0.0) + float(sign[j]) * float(own.alpha[j])
        index = np.array(sorted(i for i, a in sums.items() if a != 0), dtype=np.intp)
        family = FAMILIES[problem.family]
        d = problem.d
        phi = family.features(
            problem,
            np.array([u_rows[i] for i in index], dtype=np.int8).reshape(-1, d),
            np.array([v_rows[i] for i in index], dtype=np.int8).reshape(-1, d),
        )
        classes.append(_Class(target_of(problem), index, phi, np.array([sums[i] for i in index])))
    d = problems[0].d
    return np.array(u_rows, np.int8).reshape(-1, d), np.array(v_rows, np.int8).reshape(-1, d), classes


def _total(classes: Sequence[_Class], ks: Sequence[NDArray[np.float64]], s: float) -> float:
    return sum(objective_of(c.target, c.phi, s * k) for c, k in zip(classes, ks, strict=True))


def _at_scale(
    classes: Sequence[_Class], starts: Sequence[NDArray[np.float64]], s: float, top: int
) -> tuple[float, list[NDArray[np.float64]]]:
    """Best integers found at scale s, from real starting values in units of s."""
    ks, total = [], 0.0
    for c, start in zip(classes, starts, strict=True):
        k, value = improve(c.target, c.phi, np.clip(np.rint(start), -top, top), s, top)
        ks.append(k)
        total += value
    return total, ks


def _best_scale(classes: Sequence[_Class], ks: Sequence[NDArray[np.float64]], s: float) -> float:
    """With the integers fixed the objective is convex in s: minimise it around s."""
    found = minimize_scalar(
        lambda t: _total(classes, ks, float(t)),
        bounds=(0.5 * s, 2.0 * s),
        method="bounded",
        options={"xatol": 1e-6 * s},
    )
    best = rounded(float(found.x), SCALE)
    return best if _total(classes, ks, best) < _total(classes, ks, s) else s


def _search(classes: Sequence[_Class], top: int) -> tuple[float, list[NDArray[np.float64]]]:
    """Scale and integers of the lowest total objective found."""
    full = max(float(np.abs(c.alpha).max(initial=0.0)) for c in classes) / top
    trials = []
    for part in PARTS if top < FINE else (1.0,):
        s = rounded(part * full, SCALE)
        trials.append((*_at_scale(classes, [c.alpha / s for c in classes], s, top), s))
    trials.sort(key=lambda trial: trial[0])
    best, best_ks, best_s = trials[0]
    for total, ks, s in trials[:REFINED]:
        for _ in range(10):
            new_s = _best_scale(classes, ks, s)
            new_total, new_ks = _at_scale(classes, ks, new_s, top)
            if not new_total < total * (1 - 1e-9):
                break
            total, ks, s = new_total, new_ks, new_s
        if total < best:
            best, best_ks, best_s = total, ks, s
    return best_s, best_ks


def _polished(problem: Problem, layer: IntegerLayer, top: int) -> IntegerLayer:
    """On a coarse grid weights and integers are improved in turn (one class: no neuron is shared)."""
    for _ in range(POLISHED):
        real = np.asarray(layer.step * layer.alpha[:, 0], dtype=np.float64)
        u, v, alpha = polish(problem, layer.u, layer.v, real, refitted=False)
        moved = _layer([problem], [Atoms(u, v, alpha, layer.objectives[0], 1.0)], top)
        if not moved.objectives[0] < layer.objectives[0] * (1 - 1e-5):
            break
        layer = moved
    return layer


def _layer(problems: Sequence[Problem], atoms_per_class: Sequence[Atoms], top: int) -> IntegerLayer:
    """Search scale and integers for given neurons."""
    first = problems[0]
    form = FAMILIES[first.family].integer_form(first)
    u, v, classes = _merge(problems, atoms_per_class)
    alpha = np.zeros((len(u), len(problems)), dtype=np.int64)
    step = 1.0
    if any(len(c.index) for c in classes):
        step, ks = _search(classes, top)
        for column, (c, k) in enumerate(zip(classes, ks, strict=True)):
            alpha[c.index, column] = k.astype(np.int64)
    used = alpha.any(axis=1)
    u, v, alpha = u[used], v[used], alpha[used]
    objectives = tuple(objective(p, u, v, step * alpha[:, c]) for c, p in enumerate(problems))
    return IntegerLayer(u, v, alpha, step / form.divisor, step, form, objectives)


def quantize(problems: Sequence[Problem], atoms_per_class: Sequence[Atoms], bits: int = 8) -> IntegerLayer:
    """Choose integer alpha of the given width, on one scale, for all classes at once.

    Args:
        problems: one per class, of one family, grid, unit and d.
        atoms_per_class: the real network of each class; m = 0 is allowed.
        bits: 2 to 16: |alpha| <= 2^(bits-1) - 1. 1: equal magnitudes, alpha in {-1, 0, +1}
            (the same range as 2): the second layer needs no multiplication.

    Returns:
        The integer layer; neurons whose alpha is 0 in every class are dropped, so m may be 0.

    Raises:
        ValueError: bits outside 1..16, or problems that do not share their family.
    """
    if not 1 <= bits <= 16:
        raise ValueError(f"bits is {bits}, allowed: 1 (equal magnitudes) or 2 to 16.")
    same = {(p.family, p.weights, p.activation, p.unit, p.d) for p in problems}
    if len(problems) != len(atoms_per_class) or len(same) != 1:
        raise ValueError("quantize needs one Atoms per problem, all of one family, grid, unit and d.")
    top = max(1, (1 << (bits - 1)) - 1)
    layer = _layer(problems, atoms_per_class, top)
    if len(problems) == 1 and bits <= COARSE:
        layer = _polished(problems[0], layer, top)
    return layer
