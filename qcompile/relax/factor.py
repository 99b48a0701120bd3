"""Factors whose rows obey the diagonal rule by construction, and the objective's gradient in them.

A cone's factor R has rows R_k = p_k sqrt(rho m_k) with free p_k in R^r and a slack t_k:

    a_k = |p_k|^2,  s_k = a_k + t_k^2,  m_k = floor_k / a_k + (1 - floor_k) / s_k
    =>  |R_k|^2 = rho (floor_k + (1 - floor_k) a_k / s_k)  in  [floor_k rho, rho].

floor = 1 fixes the diagonal, floor = 0 leaves it free below; where the two cones share one
rule (bilinear), P and N are one group of columns with one norm, else each is its own group.
log rho is a variable. Everything is matrix products with thin factors: O(n D r).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.losses import Loss
from qcompile.problem.problem import Problem
from qcompile.problem.relaxation import Relaxation
from qcompile.relax.solution import Solution

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Point:
    """Free parameters: per group the rows p (D, r), the slacks t (D,), and log rho.

    ``split`` is the number of leading columns that belong to P in a shared group.
    """

    rows: tuple[Array, ...]
    slack: tuple[Array, ...]
    log_rho: tuple[float, ...]
    split: int

    def pack(self) -> NDArray[np.float64]:
        """One flat float64 vector."""
        parts = [a.ravel() for a in (*self.rows, *self.slack)] + [np.array(self.log_rho)]
        return np.concatenate(parts).astype(np.float64)

    def unpack(self, flat: Array) -> Point:
        """A point of the same shape from a flat vector."""
        sizes = [a.size for a in (*self.rows, *self.slack)]
        *parts, tail = np.split(flat, np.cumsum(sizes))
        count = len(self.rows)
        rows = tuple(p.reshape(r.shape) for p, r in zip(parts[:count], self.rows, strict=True))
        return Point(rows, tuple(parts[count:]), tuple(float(v) for v in tail), self.split)


class Factored:
    """The relaxation as a smooth function of a ``Point``; products run in the given precision."""

    def __init__(self, relaxation: Relaxation, problem: Problem, loss: Loss, dtype: Any) -> None:
        self.relaxation = relaxation
        self.problem = problem
        self.loss = loss
        self.dtype = dtype
        self.data = np.ascontiguousarray(relaxation.factors, dtype=dtype)
        self.slope: Array = np.zeros(problem.n)  # loss'(f) where it was last evaluated

    def value_and_gradient(self, flat: Array, like: Point) -> tuple[float, NDArray[np.float64]]:
        """Objective and its gradient at a packed point."""
        point = like.unpack(flat)
        z, constant = self.data, self.relaxation.constant
        factors, scales, rhos = self.expand(point)
        edge = factors[0].shape[1]
        product = z @ np.hstack(factors).astype(self.dtype)  # both factors at once: thin products gain by it
        products = [product[:, :edge], product[:, edge:]]
        f = sum(
            s * np.einsum("ij,ij->i", p, p).astype(np.float64) for s, p in zip((1, -1), products, strict=True)
        )
        if len(rhos) == 2:
            f = f + constant * (rhos[0] - rhos[1])
        y, weight, penalty = self.problem.y, self.problem.weight, self.problem.penalty
        value = float(weight @ self.loss.value(f, y)) + penalty * sum(rhos)
        self.slope = self.loss.gradient(f, y)
        wl = weight * self.slope
        product *= (2.0 * wl).astype(self.dtype)[:, None]
        pull = (z.T @ product).astype(np.float64)
        pulls = [pull[:, :edge], -pull[:, edge:]]
        shift = constant * float(wl.sum())
        if self.relaxation.shared:
            grouped = [np.hstack(pulls)]
            prices = [penalty]
        else:
            grouped, prices = pulls, [penalty + shift, penalty - shift]
        rows, slacks, logs = [], [], []
        for p, t, pull, (scale, a, s), rho, price in zip(
            point.rows, point.slack, grouped, scales, rhos, prices, strict=True
        ):
            floor = self.relaxation.floor
            along = np.einsum("ij,ij->i", pull, p)
            share = scale / 2 / (floor / a + (1 - floor) / s)
            rows.append(
                scale[:, None] * pull - (2 * along * share * (floor / a**2 + (1 - floor) / s**2))[:, None] * p
            )
            slacks.append(-2 * along * share * t * (1 - floor) / s**2)
            logs.append(0.5 * float(along @ scale) + price * rho)
        return value, Point(tuple(rows), tuple(slacks), tuple(logs), point.split).pack()

    def expand(self, point: Point) -> tuple[list[Array], list[tuple[Array, Array, Array]], list[float]]:
        """([P, N], per group (row scale, a, s), per group rho)."""
        floor = self.relaxation.floor
        factors, scales = [], []
        rhos = [float(np.exp(np.clip(v, -40.0, 40.0))) for v in point.log_rho]
        for p, t, rho in zip(point.rows, point.slack, rhos, strict=True):
            a = np.maximum(np.einsum("ij,ij->i", p, p), 1e-30)
            s = a + t * t
            scale = np.sqrt(rho * (floor / a + (1 - floor) / s))
            factors.append(p * scale[:, None])
            scales.append((scale, a, s))
        if self.relaxation.shared:
            both = factors[0]
            factors = [both[:, : point.split], both[:, point.split :]]
        return factors, scales, rhos

    def outputs(self, factors: list[Array], rhos: list[float]) -> NDArray[np.float64]:
        """(n,) f_i = |P'z_i|^2 - |N'z_i|^2 + constant (rho_A - rho_B), in double precision by blocks."""
        z = self.relaxation.factors
        f = np.empty(len(z))
        for first in range(0, len(z), 4096):
            block = z[first : first + 4096]
            f[first : first + 4096] = ((block @ factors[0]) ** 2).sum(axis=1) - (
                (block @ factors[1]) ** 2
            ).sum(axis=1)
        if len(rhos) == 2:
            f += self.relaxation.constant * (rhos[0] - rhos[1])
        return f


def warm_point(relaxation: Relaxation, warm: Solution | None, seed: int) -> Point | None:
    """The factors of a neighbouring solution and a little noise; None if it is of another size or zero."""
    size = relaxation.factors.shape[1]
    if warm is None or warm.positive.shape[0] != size or not warm.rho > 0:
        return None
    rng = np.random.default_rng(seed)
    pair = (warm.negative, warm.positive) if relaxation.swapped else (warm.positive, warm.negative)
    noise = 1e-3 * np.sqrt(warm.rho / size)
    factors = [np.hstack([f, noise * rng.standard_normal((size, 2))]) for f in pair]
    if relaxation.shared:
        return _group(relaxation, [np.hstack(factors)], [warm.rho], factors[0].shape[1])
    rhos = [max(float((f * f).sum(axis=1).max()), 1e-6) for f in factors]
    return _group(relaxation, factors, rhos, factors[0].shape[1])


def random_point(relaxation: Relaxation, rank: int, seed: int, rho: float) -> Point:
    """Rows drawn at random, ``rank`` columns per cone, with the given rho."""
    size = relaxation.factors.shape[1]
    rng = np.random.default_rng(seed)
    groups = [2 * rank] if relaxation.shared else [rank, rank]
    rows = tuple(rng.standard_normal((size, r)) for r in groups)
    return Point(rows, tuple(np.ones(size) for _ in groups), tuple(float(np.log(rho)) for _ in groups), rank)


def with_columns(
    relaxation: Relaxation, factors: list[Array], rhos: list[float], fresh: list[Array], size: float = 1e-2
) -> Point:
    """The same A and B with spent columns removed and new, small ones added.

    Args:
        relaxation: gives the diagonal rule.
        factors: [P, N] at the point reached.
        rhos: per group.
        fresh: per cone (D, k) orthonormal directions that decrease the objective.
        size: length of a new column, as a share of sqrt(rho D).
    """
    kept = []
    for factor, new in zip(factors, fresh, strict=True):
        _, lengths, turn = np.linalg.svd(factor, full_matrices=False)
        rotated = factor @ turn.T
        strong = lengths > 1e-4 * max(lengths.max(initial=0.0), 1e-300)
        weight = size * np.sqrt(sum(rhos) * len(factor))
        kept.append(np.hstack([rotated[:, strong], weight * new]))
    if relaxation.shared:
        return _group(relaxation, [np.hstack(kept)], rhos, kept[0].shape[1])
    return _group(relaxation, kept, rhos, kept[0].shape[1])


def _group(relaxation: Relaxation, factors: list[Array], rhos: list[float], split: int) -> Point:
    """Free parameters that expand to (nearly) the given factors: p = R / sqrt(rho), slack to fill."""
    rows, slacks = [], []
    floor = relaxation.floor
    for factor, rho in zip(factors, rhos, strict=True):
        p = factor / np.sqrt(rho)
        a = np.maximum(np.einsum("ij,ij->i", p, p), 1e-12)
        # diag / rho = floor + (1 - floor) a / s, so a / s = (a_now - floor) / (1 - floor)
        part = np.where(floor < 1, (a - floor) / np.where(floor < 1, 1 - floor, 1), 1.0)
        part = np.clip(part, 1e-3, 1.0)
        # normalise s to 1 so that p and t have comparable sizes
        norm = np.sqrt(np.where(floor < 1, part, 1.0) / a)
        rows.append(p * norm[:, None])
        slacks.append(np.sqrt(np.maximum(1.0 - part, 1e-6)))
    return Point(tuple(rows), tuple(slacks), tuple(float(np.log(r)) for r in rhos), split)
