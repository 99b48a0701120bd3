"""Polishing: single weights of a given network changed while the TRUE objective falls.

Neuron by neuron, with the others and alpha fixed. For two vectors per neuron the problem in
u (v fixed) is linear inside the loss, so its second-order model is one quadratic form over
the weight grid, searched by single and paired moves (``grid_search``). For one vector per
neuron the best single changes of the model are tried. The model uses the local curvature of
the loss (the global bound rejects nearly every change near an optimum); a change is kept
only if the true loss falls. After every sweep alpha is refitted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.model.grid import top, values
from qcompile.problem.families import FAMILIES, Family
from qcompile.problem.problem import Problem
from qcompile.search.canonical import canonical, keys
from qcompile.search.dyadic import dyadic, falling
from qcompile.search.grid_climb import climb_grid
from qcompile.search.refit import Target, refit, target_of
from qcompile.search.weight_moves import judge

TRIED = 4
# With more inputs than this, two-vector neurons are polished by single moves, in one sweep.
LARGE = 200
LIGHT_ROUNDS = 4
LIGHT_TRIED = 24
# Least curvature of the model, as part of the loss's largest.
FLATTEST = 1e-3
# Relative fall of the objective that a sweep must bring for another one to follow.
WORTH = 1e-5


class _Net:
    """A network under change: integers u, v as float64, outputs f, and the value of its loss."""

    def __init__(
        self, problem: Problem, u: NDArray[np.int8], v: NDArray[np.int8], alpha: NDArray[np.float64]
    ) -> None:
        self.problem = problem
        self.family: Family = FAMILIES[problem.family]
        self.target: Target = target_of(problem)
        self.top = float(top(problem.weights))
        self.levels = np.array(values(problem.weights), dtype=np.float64)
        self.grid = self.levels / self.top
        self.u = u.astype(np.float64) / self.top
        self.v = v.astype(np.float64) / self.top
        self.alpha = alpha
        self.xt = np.ascontiguousarray(problem.x.T)
        self.squares = problem.x**2
        self.refresh()

    def integers(self) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        return np.rint(self.u * self.top).astype(np.int8), np.rint(self.v * self.top).astype(np.int8)

    def refresh(self) -> None:
        self.phi = self.family.features(self.problem, *self.integers())
        self.f = self.phi @ self.alpha
        self.risk = self.target.risk(self.f)

    def local(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weighted slopes and curvatures of the loss at the present outputs."""
        loss, y, weight = self.target.loss, self.target.y, self.target.weight
        bend = np.maximum(loss.curvature(self.f, y), FLATTEST * loss.CURVATURE)
        return weight * loss.gradient(self.f, y), weight * bend

    def accept(self, f: NDArray[np.float64]) -> bool:
        """Take over new outputs if the true loss fell."""
        risk = self.target.risk(f)
        if not risk < self.risk * (1 - 1e-10):
            return False
        self.f, self.risk = f, risk
        return True


def _polish_side(net: _Net, j: int, moving: NDArray[np.float64], still: NDArray[np.float64]) -> bool:
    """Improve one vector of neuron j in place; the other one stays."""
    x = net.problem.x
    q = net.alpha[j] * (x @ still[j])
    slope, bend = net.local()
    h = (x * (bend * q * q)[:, None]).T @ x
    old = moving[j].copy()
    linear = h @ old - (slope * q) @ x
    d = len(old)
    form = np.zeros((d + 1, d + 1))
    form[:d, :d] = -0.25 * (h + h.T)
    form[:d, d] = form[d, :d] = 0.5 * linear
    start = np.append(np.rint(old * net.top), net.top)
    found, _ = climb_grid(dyadic(form), start[None], net.levels, affine=True, pairs=True)
    new = found[0, :d] / net.top
    if np.array_equal(new, old) or not net.accept(net.f + q * (x @ (new - old))):
        return False
    moving[j] = new
    return True


def _polish_side_lightly(net: _Net, j: int, moving: NDArray[np.float64], still: NDArray[np.float64]) -> bool:
    """As ``_polish_side`` by single moves in O(n d) each: for many inputs, where the form is too large."""
    x = net.problem.x
    q = net.alpha[j] * (x @ still[j])
    moved = False
    for _ in range(LIGHT_ROUNDS):
        slope, bend = net.local()
        first, second = (slope * q) @ x, (bend * q * q) @ net.squares
        step = net.grid[None, :] - moving[j][:, None]
        change = step * (first[:, None] + 0.5 * step * second[:, None])
        level = np.argmin(change, axis=1)
        gain = change[np.arange(len(level)), level]
        again = False
        for k in np.argsort(gain, kind="stable")[:LIGHT_TRIED]:
            if gain[k] < 0 and net.accept(net.f + step[k, level[k]] * (q * x[:, k])):
                moving[j, k] = net.grid[level[k]]
                again = moved = True
        if not again:
            break
    return moved


def _polish_one_vector(net: _Net, j: int) -> bool:
    """Make the best tried single change of neuron j in place, again and again."""
    a, b, _ = net.problem.activation or (1.0, 0.0, 0.0)
    x = net.problem.x
    moved = False
    for _ in range(2 * x.shape[1]):
        t = x @ net.u[j]
        slope, bend = net.local()
        change = judge(net.xt, slope, bend, t, net.u[j], net.grid, net.alpha[j], a, b)
        for flat in np.argsort(change, axis=None, kind="stable")[:TRIED]:
            k, g = np.unravel_index(flat, change.shape)
            if change[k, g] >= 0:
                return moved
            m = (net.grid[g] - net.u[j, k]) * x[:, k]
            if net.accept(net.f + net.alpha[j] * m * (a * (2 * t + m) + b)):
                net.u[j, k] = net.v[j, k] = net.grid[g]
                moved = True
                break
        else:
            return moved
    return moved


def merge(
    problem: Problem, u: NDArray[np.int8], v: NDArray[np.int8], alpha: NDArray[np.float64]
) -> tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.float64]]:
    """Canonical neurons, equal ones added up, those with alpha = 0 dropped."""
    u, v, sign = canonical(problem, u, v)
    total: dict[bytes, float] = {}
    first: dict[bytes, int] = {}
    for j, name in enumerate(keys(u, v)):
        first.setdefault(name, j)
        total[name] = total.get(name, 0.0) + float(sign[j] * alpha[j])
    kept = [name for name in first if total[name] != 0.0]
    index = [first[name] for name in kept]
    return u[index], v[index], np.array([total[name] for name in kept], dtype=np.float64)


def polish(
    problem: Problem,
    u: NDArray[np.int8],
    v: NDArray[np.int8],
    alpha: NDArray[np.float64],
    sweeps: int = 4,
    refitted: bool = True,
) -> tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.float64]]:
    """Change weights while the objective falls.

    Args:
        problem: what is trained; its grid is the one searched.
        u: (m, d) int8 of that grid.
        v: (m, d) int8.
        alpha: (m,) float64.
        sweeps: at most this many passes over the neurons.
        refitted: refit alpha after every sweep; if not, alpha stays as it is.

    Returns:
        u, v, alpha; the objective is not above that of the network given. If ``refitted``,
        equal neurons have been merged and unused ones dropped.
    """
    net = _Net(problem, u, v, alpha)
    value = net.risk + problem.penalty * float(np.abs(net.alpha).sum())
    for _ in range(sweeps if problem.d <= LARGE else 1):
        moved = False
        for j in falling(np.abs(net.alpha)):
            if net.family.VECTORS == 2:
                side = _polish_side if problem.d <= LARGE else _polish_side_lightly
                moved |= side(net, j, net.u, net.v)
                moved |= side(net, j, net.v, net.u)
            else:
                moved |= _polish_one_vector(net, j)
        if refitted:
            u, v, alpha = merge(problem, *net.integers(), net.alpha)
            fit = refit(net.target, net.family.features(problem, u, v), alpha)
            used = fit.alpha != 0
            net = _Net(problem, u[used], v[used], fit.alpha[used])
        else:
            net.refresh()
        now = net.risk + problem.penalty * float(np.abs(net.alpha).sum())
        if not moved or now > value * (1 - WORTH):
            break
        value = now
    return (*net.integers(), net.alpha)
