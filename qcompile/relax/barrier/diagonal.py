"""The diagonal rule inside the barrier: floor rho <= diag(A) <= rho and its multipliers.

With e = diag(A): u = rho - e >= 0 has the multiplier p, v = e - floor rho >= 0 has q, and the
diagonal of the dual is L = p - q at the cost sum p - floor q. Where floor = 1 both collapse
into an equation e = rho with a free L; where floor = 0 there is no v (it holds by itself).
A Newton step in (p, q, u, v) is eliminated entrywise, which leaves for each entry

    de = inverse (dL - start) + share drho + residual
    ds = -share' dL + curvature drho + constant        (s: what is left of the budget)

so the Newton system sees only dL and drho, whatever the grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Bounds:
    """Multipliers and slacks of the diagonal, (k, D) each; where a mask is False they are unused (1).

    ``upper`` marks entries with the pair (p, u), ``lower`` those with (q, v).
    """

    floor: NDArray[np.float64]
    upper: NDArray[np.bool_]
    lower: NDArray[np.bool_]
    p: NDArray[np.float64]
    q: NDArray[np.float64]
    u: NDArray[np.float64]
    v: NDArray[np.float64]

    @property
    def count(self) -> int:
        """Number of complementary pairs."""
        return int(self.upper.sum() + self.lower.sum())

    def products(self) -> NDArray[np.float64]:
        """Flat products p u and q v of all pairs."""
        return np.concatenate([(self.p * self.u)[self.upper], (self.q * self.v)[self.lower]])

    def diagonal(self, free: NDArray[np.float64]) -> NDArray[np.float64]:
        """(k, D) L = p - q where it is bounded, else the given free one."""
        return np.where(self.upper, self.p - np.where(self.lower, self.q, 0.0), free)

    def moved(self, step: Mapping[str, NDArray[np.float64]], t: float) -> Bounds:
        """These bounds after t times a step of p, q, u, v."""
        return replace(self, **{name: getattr(self, name) + t * step[name] for name in "pquv"})

    def cost(self, diagonal: NDArray[np.float64]) -> NDArray[np.float64]:
        """(k,) what the diagonals use of the budget: sum p - floor q, or L where it is free."""
        parts = np.where(self.upper, self.p, diagonal) - np.where(self.lower, self.floor * self.q, 0.0)
        return np.asarray(parts.sum(axis=1))


def start_bounds(
    floor: NDArray[np.float64], shared: bool, diagonal: NDArray[np.float64], mu: float
) -> Bounds:
    """Bounds around the diagonals (k, D), all of which must be positive."""
    floors = np.tile(np.ones_like(floor) if shared else floor, (len(diagonal), 1))
    upper, lower = floors < 1.0, (floors < 1.0) & (floors > 0.0)
    level = np.abs(diagonal).mean()
    # L = p - q with both positive; with p alone, L must be positive and is raised if it is not.
    q = np.where(lower, 0.05 * level + np.maximum(-diagonal, 0.0), 1.0)
    p = np.where(upper, np.where(lower, diagonal + q, np.maximum(diagonal, 1e-3 * level)), 1.0)
    u, v = np.where(upper, mu / p, 1.0), np.where(lower, mu / q, 1.0)
    return Bounds(floors, upper, lower, p, q, u, v)


@dataclass(frozen=True)
class Elimination:
    """What is left of the bounds in the Newton system; (k, D) or (k,) each."""

    bounds: Bounds
    inverse: NDArray[np.float64]
    start: NDArray[np.float64]
    share: NDArray[np.float64]
    residual: NDArray[np.float64]
    curvature: NDArray[np.float64]
    constant: NDArray[np.float64]
    to_p: NDArray[np.float64]
    to_q: NDArray[np.float64]
    gap_u: NDArray[np.float64]
    gap_v: NDArray[np.float64]

    def move(self, d_diagonal: NDArray[Any], d_rho: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        """Steps of p, q, u, v that belong to dL (k, D) and drho (k,); zero where unused.

        The equations allow two formulas for each; dividing by the smaller member of a pair
        would magnify the rounding of the system's solution, so the larger one is divided by,
        and dp - dq is dL exactly: the cones depend on nothing else.
        """
        b, dr = self.bounds, d_rho[:, None]
        de = self.inverse * (d_diagonal - self.start) + self.share * dr + self.residual
        du = dr - de + self.gap_u
        dv = de - b.floor * dr + self.gap_v
        above = b.p * b.v >= b.q * b.u  # the upper bound is nearer to being active
        dq = np.where(above, (self.to_q - b.q * dv) / b.v, (self.to_p - b.p * du) / b.u - d_diagonal)
        dq = np.where(b.lower, dq, 0.0)
        dp = np.where(b.upper, d_diagonal + dq, 0.0)
        level = np.where(b.upper, b.p, 0.0).mean(axis=1, keepdims=True)
        radius = np.where(b.upper, b.u + b.v, 0.0).mean(axis=1, keepdims=True)
        du = np.where(b.p * radius > b.u * level, (self.to_p - b.u * dp) / b.p, du)
        dv = np.where(b.q * radius > b.v * level, (self.to_q - b.v * dq) / b.q, dv)
        return {"p": dp, "q": dq, "u": np.where(b.upper, du, 0.0), "v": np.where(b.lower, dv, 0.0)}


def eliminate(
    bounds: Bounds,
    diagonal: NDArray[np.float64],
    rho: NDArray[np.float64],
    to_p: NDArray[np.float64],
    to_q: NDArray[np.float64],
) -> Elimination:
    """Eliminate the bounds.

    Args:
        bounds: the current ones.
        diagonal: (k, D) e, the diagonal(s) of A (shared: of A + B).
        rho: (k,) radii.
        to_p: (k, D) target - p u (and second-order terms).
        to_q: (k, D) target - q v.
    """
    f, r = bounds.floor, rho[:, None]
    free = ~bounds.upper
    big_p = np.where(bounds.upper, bounds.p / bounds.u, 0.0)
    big_q = np.where(bounds.lower, bounds.q / bounds.v, 0.0)
    to_p, to_q = np.where(bounds.upper, to_p, 0.0), np.where(bounds.lower, to_q, 0.0)
    h = np.where(free, 1.0, big_p + big_q)
    gap_u = np.where(bounds.upper, r - diagonal - bounds.u, 0.0)
    gap_v = np.where(bounds.lower, diagonal - f * r - bounds.v, 0.0)
    start = to_p / bounds.u - to_q / bounds.v
    share = np.where(free, 1.0, (big_p + f * big_q) / h)
    offset = big_p * gap_u - big_q * gap_v
    residual = np.where(free, r - diagonal, offset / h)
    terms = f * to_q / bounds.v - to_p / bounds.u + big_p * gap_u - f * big_q * gap_v
    constant = np.where(free, 0.0, terms + share * start - share * offset).sum(axis=1)
    curvature = (big_p * big_q * (1 - f) ** 2 / h).sum(axis=1)
    inverse = np.where(free, 0.0, 1.0 / h)
    return Elimination(bounds, inverse, start, share, residual, curvature, constant, to_p, to_q, gap_u, gap_v)
