"""Pricing: atoms with the largest |<G, atom>|, many distinct ones at a time.

For a dual vector l (one entry per sample, l_i = loss'(f_i, y_i)) an atom with values
phi over the samples has the price

    |phi'(w l)| = |<G, atom>|,    G = sum_i w_i l_i x_i x_i',

and alpha is optimal over ALL atoms exactly if no price exceeds beta d. Bilinear atoms
of every grid price at their binary corners (a bilinear form over a box is largest at a
vertex), so their search is over signs; families with one vector per neuron search
their own grid for both signs of the form.

Starts: signs of z, Gz, GGz, .. for Gaussian z (z'G^2k z concentrates on the leading
eigenvectors: spectral and Gaussian rounding in one), random signs, and the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qcompile.model.grid import top, values
from qcompile.problem.families import FAMILIES
from qcompile.problem.problem import Problem
from qcompile.search.canonical import canonical
from qcompile.search.dyadic import dyadic
from qcompile.search.grid_climb import climb_grid
from qcompile.search.signs import alternate, climb, climb_pairs

POWERS = (0, 1, 2, 4)


@dataclass(frozen=True, eq=False)
class Priced:
    """Distinct canonical atoms in falling order of price (to nine digits; then as they were found).

    Attributes:
        u: (k, d) int8 integers of the weight grid.
        v: (k, d) int8.
        value: (k,) float64, |<G, atom>|.
    """

    u: NDArray[np.int8]
    v: NDArray[np.int8]
    value: NDArray[np.float64]

    @property
    def best(self) -> float:
        """The largest price found, 0 if there is no atom at all."""
        return float(self.value.max(initial=0.0))


def _form(problem: Problem, dual: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric matrix whose quadratic form is the price: on u/w, or on [u/w; 1] if affine."""
    family = FAMILIES[problem.family]
    g = np.asarray(family.gradient(problem, dual), dtype=np.float64)
    return 0.5 * (g + g.T)


def _gaussian_starts(h: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """``count`` directions z, Hz, HHz, ..: the higher powers lean to the leading eigenvectors."""
    per = -(-count // len(POWERS))
    z = rng.standard_normal((per, len(h)))
    made = []
    for power in range(max(POWERS) + 1):
        if power in POWERS:
            made.append(z)
        z = z @ h
        size = np.abs(z).max()
        z = z / size if size > 0 else z
    return np.vstack(made)[:count]


def _distinct(
    problem: Problem, u: NDArray[np.float64], v: NDArray[np.float64], value: NDArray[np.float64], count: int
) -> Priced:
    order = np.argsort(-value, kind="stable")
    cu, cv, _ = canonical(problem, u[order], v[order])
    both = np.hstack([cu, cv])
    _, first = np.unique(both.view(f"V{both.shape[1]}"), return_index=True)
    keep = np.sort(first)[:count]
    return Priced(cu[keep], cv[keep], value[order][keep])


def _signs(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(z >= 0, 1.0, -1.0)


def _price_bilinear(
    problem: Problem, g: NDArray[np.float64], starts: NDArray[np.float64], count: int, pairs: int, flips: bool
) -> Priced:
    u, value = climb(g, starts) if flips else alternate(g, starts)
    if pairs:
        best = np.argsort(-value, kind="stable")[:pairs]
        u2, value2 = climb_pairs(g, u[best])
        u, value = np.vstack([u2, u]), np.concatenate([value2, value])
    w = top(problem.weights)
    return _distinct(problem, u * w, _signs(u @ g) * w, value, count)


def _price_one_vector(
    problem: Problem, h: NDArray[np.float64], starts: NDArray[np.float64], count: int, pairs: int
) -> Priced:
    scale = top(problem.weights)
    levels = np.array(values(problem.weights), dtype=np.float64)
    affine = len(h) > problem.d
    z = starts[:, : problem.d]
    if problem.weights == "binary":
        w = _signs(z)
    else:
        # Scaled so that a start uses the whole grid, then rounded to the nearest level.
        z = scale * (z / np.maximum(np.median(np.abs(z), axis=1, keepdims=True), 1e-300))
        w = levels[np.argmin(np.abs(z[:, :, None] - levels), axis=2)]
    if affine:
        w = np.hstack([w, np.full((len(w), 1), float(scale))])
    found, prices = [], []
    for sign in (1.0, -1.0):
        best, value = climb_grid(sign * h, w, levels, affine)
        if pairs:
            order = np.argsort(-value, kind="stable")[:pairs]
            more, value2 = climb_grid(sign * h, best[order], levels, affine, pairs=True)
            best, value = np.vstack([more, best]), np.concatenate([value2, value])
        found.append(best[:, : problem.d])
        prices.append(value / scale**2)
    w = np.vstack(found)
    return _distinct(problem, w, w, np.concatenate(prices), count)


def price(
    problem: Problem,
    dual: NDArray[np.float64],
    rng: np.random.Generator,
    starts: int = 64,
    count: int = 16,
    pairs: int = 0,
    warm: NDArray[np.float64] | None = None,
    flips: bool = True,
) -> Priced:
    """Search for the atoms of largest price.

    Args:
        problem: of any family.
        dual: (n,) float64 dual vector l.
        rng: source of the random starts.
        starts: number of random starts; the search costs about d^2 per start.
        count: at most this many distinct atoms are returned.
        pairs: this many best starts are also climbed by pairs of moves, d^3 each.
        warm: (k, d) float64 further start directions, e.g. the weights of the atoms in use.
        flips: climb bilinear atoms by single flips too, not by alternation alone.

    Returns:
        Distinct canonical atoms in falling order of price.
    """
    form = _form(problem, dual)
    h = dyadic(form)  # prices that compare the same on every machine
    z = _gaussian_starts(h, starts, rng)
    if FAMILIES[problem.family].FREE_PAIRS:
        z = _signs(z)
        if warm is not None and len(warm):
            z = np.vstack([z, _signs(warm)])
        found = _price_bilinear(problem, h, z, count, pairs, flips)
    else:
        z = z[:, : problem.d]
        if warm is not None and len(warm):
            z = np.vstack([z, warm])
        found = _price_one_vector(problem, h, z, count, pairs)
    return replace(found, value=_values(problem, form, found))


def _values(problem: Problem, form: NDArray[np.float64], found: Priced) -> NDArray[np.float64]:
    """|<G, atom>| of atoms by the unrounded matrix."""
    u, v = (w / top(problem.weights) for w in (found.u, found.v))
    if len(form) > problem.d:
        one = np.ones((len(u), 1))
        u, v = np.hstack([u, one]), np.hstack([v, one])
    return np.asarray(np.abs(np.einsum("kd,kd->k", u @ form, v)))
