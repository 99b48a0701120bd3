"""Column generation: the l1 optimum over ALL atoms, reached with a few hundred of them.

    repeat   refit alpha over the atoms in hand                      (refit.py)
             search atoms whose price exceeds beta d, add many       (pricing.py)
    until    the prices found by a deep search imply a gap below the tolerance
    then     prune back to the width asked, polish, swap             (prune.py, polish.py, swap.py)

Fully corrective: every round is optimal over its atoms, so the objective never rises
and an atom in hand never prices above beta d again; no atom enters twice.
"""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.families import FAMILIES, Family
from qcompile.problem.objective import objective
from qcompile.problem.problem import Problem
from qcompile.relax.solution import Progress, Solution
from qcompile.search.atoms import Atoms
from qcompile.search.canonical import canonical, keys
from qcompile.search.dyadic import falling
from qcompile.search.krivine import sample
from qcompile.search.pricing import Priced, price
from qcompile.search.prune import Net, to_width
from qcompile.search.refit import Fit, Target, refit, target_of
from qcompile.search.settings import RoundingSettings
from qcompile.search.swap import swap

# Random starts per round, and of the deep search that must agree before the end is believed.
STARTS = 48
QUICK_STARTS = 32
DEEP_STARTS = 1500
DEEP_PAIRS = 40
# A start costs about d^2 operations per sweep, a pair sweep d^3: budgets of the deep search at large d.
START_BUDGET = 20_000_000
PAIR_BUDGET = 10_000_000
ROUNDS = 2000
# Widest network whose neurons are swapped after pruning.
SWAPPED = 64
# This relative gap is enough where the optimum is far wider than the limit and will be pruned.
WIDE = ((1.5, 5e-4), (2.0, 2e-3), (3.0, 1e-2))
# So many times too wide, rounds that bring less than SLOW over LOOK_BACK rounds end the search.
FAR = 3.0
SLOW = 0.004
LOOK_BACK = 5
# So many atoms with alpha = 0 stay in hand for the next refit (or half as many as are in use).
IDLE = 32
# Share of the largest price's excess to which alpha is refitted.
ROUGH = 0.1


class _Pool:
    """The atoms in hand, with their values over the samples; no two are the same function."""

    def __init__(self, problem: Problem, family: Family) -> None:
        self.problem = problem
        self.family = family
        self.u = np.empty((0, problem.d), dtype=np.int8)
        self.v = np.empty((0, problem.d), dtype=np.int8)
        self.phi = np.empty((problem.n, 0))
        self.alpha = np.empty(0)
        self.names: set[bytes] = set()
        # The squared loss has one Gram matrix for good; it grows with the pool.
        self.gram = np.empty((0, 0)) if target_of(problem).quadratic else None

    def add(self, u: NDArray[np.int8], v: NDArray[np.int8]) -> int:
        """Add canonical atoms that are not there yet; return how many were new."""
        first: dict[bytes, int] = {}
        for i, name in enumerate(keys(u, v)):
            if name not in self.names:
                first.setdefault(name, i)
        if not first:
            return 0
        fresh = list(first.values())
        u, v = u[fresh], v[fresh]
        self.names.update(first)
        self.u = np.vstack([self.u, u])
        self.v = np.vstack([self.v, v])
        phi = self.family.features(self.problem, u, v)
        if self.gram is not None:
            weighted = phi * self.problem.weight[:, None]
            corner = weighted.T @ phi
            side = self.phi.T @ weighted
            self.gram = np.block([[self.gram, side], [side.T, 0.5 * (corner + corner.T)]])
        self.phi = np.hstack([self.phi, phi])
        self.alpha = np.concatenate([self.alpha, np.zeros(len(u))])
        return len(u)

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Drop the other atoms."""
        self.u, self.v, self.alpha = self.u[which], self.v[which], self.alpha[which]
        self.phi = self.phi[:, which]
        if self.gram is not None:
            self.gram = np.ascontiguousarray(self.gram[np.ix_(which, which)])
        self.names = set(keys(self.u, self.v))

    def shrink(self, fit: Fit) -> None:
        """Drop idle atoms, all but the few of highest price."""
        price = np.abs(self.phi.T @ (self.problem.weight * fit.dual))
        busy = self.alpha != 0
        price[busy] = np.inf
        room = int(busy.sum()) + max(IDLE, int(busy.sum()) // 2)
        which = np.zeros(len(price), dtype=bool)
        which[falling(price)[:room]] = True
        self.keep(which)


def _first_atoms(pool: _Pool, start: Solution | Atoms, rng: np.random.Generator, seed: int) -> None:
    """A neighbour's atoms; or what a solution suggests: Krivine samples and what prices at its dual."""
    problem = pool.problem
    if isinstance(start, Atoms):
        u, v, _ = canonical(problem, start.u, start.v)
        pool.add(u, v)
        return
    count = 2 * problem.d
    if pool.family.VECTORS == 2:
        drawn = sample(problem, start, count, seed)
        u, v, _ = canonical(problem, drawn.u, drawn.v)
        pool.add(u, v)
    # A and B, unlike their factors, are the same whatever the signs of eigenvectors.
    draws = rng.standard_normal((2, len(start.positive), count // 2))
    directions = [w @ (w.T @ z) for w, z in zip((start.positive, start.negative), draws, strict=True)]
    warm = np.hstack(directions).T[:, : problem.d]
    found = price(problem, start.dual, rng, STARTS, count, 0, warm)
    pool.add(found.u, found.v)


def _search(pool: _Pool, fit: Fit, rng: np.random.Generator, deep: bool) -> Priced:
    """Price new atoms; the deep search is the one whose silence is believed."""
    problem = pool.problem
    busy = int(np.count_nonzero(pool.alpha))
    heavy = falling(np.abs(pool.alpha))[:STARTS]
    warm = np.vstack([pool.u[heavy], pool.v[heavy]]).astype(np.float64)
    most = max(STARTS, min(DEEP_STARTS, START_BUDGET // problem.d**2))
    if deep:
        pairs = min(DEEP_PAIRS, PAIR_BUDGET // problem.d**3)
        return price(problem, fit.dual, rng, most, max(16, busy), pairs, warm)
    return price(problem, fit.dual, rng, min(max(STARTS, 2 * busy), most), max(16, busy), 0, warm)


def _quick_search(pool: _Pool, fit: Fit, rng: np.random.Generator) -> Priced:
    """Few starts, alternation alone: mostly good atoms, at the price of a few matrix products."""
    busy = int(np.count_nonzero(pool.alpha))
    heavy = falling(np.abs(pool.alpha))[:QUICK_STARTS]
    warm = pool.u[heavy].astype(np.float64)
    return price(pool.problem, fit.dual, rng, QUICK_STARTS, max(16, busy), 0, warm, flips=False)


def _converged(fit: Fit, target: Target, best: float, tolerance: float) -> bool:
    """No atom found prices above 1 + tolerance, or the dual bound that the prices imply is close."""
    if best <= (1 + tolerance) * target.penalty:
        return True
    return fit.objective - target.dual_value(fit.dual, best) <= tolerance * fit.objective


def _slow(history: list[Progress]) -> bool:
    """The last rounds brought little."""
    if len(history) <= LOOK_BACK:
        return False
    before, now = history[-1 - LOOK_BACK].objective, history[-1].objective
    return before - now < SLOW * before


def generate(problem: Problem, settings: RoundingSettings, start: Solution | Atoms | None = None) -> Atoms:
    """Find a network of at most ``settings.neurons`` neurons with the lowest objective.

    Args:
        problem: of any family and loss.
        settings: width, accuracy, time.
        start: a solution of the relaxation, whose Krivine samples are the first atoms, or the atoms
            of a neighbouring problem (same inputs, other beta). Optional.

    Returns:
        Atoms without duplicates and with alpha != 0; m = 0 if no neuron is worth its price.
    """
    began = time.monotonic()
    rng = np.random.default_rng(settings.seed)
    family = FAMILIES[problem.family]
    target = target_of(problem)
    pool = _Pool(problem, family)
    if start is not None:
        _first_atoms(pool, start, rng, settings.seed)
    look = _quick_search if settings.quick else partial(_search, deep=False)
    history: list[Progress] = []
    accuracy = settings.accuracy
    for iteration in range(ROUNDS):
        fit = refit(target, pool.phi, pool.alpha, accuracy, pool.gram)
        pool.alpha = fit.alpha
        record = Progress(time.monotonic() - began, iteration, fit.objective, 0.0)
        history.append(record)
        if settings.on_progress is not None:
            settings.on_progress(record)
        excess = np.count_nonzero(fit.alpha) / settings.neurons
        tolerance = max([settings.tolerance] + [enough for width, enough in WIDE if excess > width])
        if excess > FAR and _slow(history):
            found = look(pool, fit, rng)
            break
        found = look(pool, fit, rng)
        ends = _converged(fit, target, found.best, tolerance)
        if ends and accuracy > settings.accuracy:
            accuracy = settings.accuracy
            continue
        if ends:
            if settings.quick:
                break
            found = _search(pool, fit, rng, deep=True)
            if _converged(fit, target, found.best, tolerance):
                break
        if settings.max_seconds is not None and time.monotonic() - began > settings.max_seconds:
            break
        pool.shrink(fit)
        above = found.value > (1 + 0.1 * settings.tolerance) * problem.penalty
        if not pool.add(found.u[above], found.v[above]):
            if accuracy == settings.accuracy:
                break
            accuracy = settings.accuracy  # only what is in hand pays: its alpha is not there yet
            continue
        # Alpha need not be more accurate than the prices that are still to be paid for.
        accuracy = max(settings.accuracy, ROUGH * (found.best / problem.penalty - 1))
    if accuracy > settings.accuracy:  # ended by a limit, not by the prices
        pool.alpha = refit(target, pool.phi, pool.alpha, settings.accuracy, pool.gram).alpha
    pool.keep(pool.alpha != 0)
    net: Net = (pool.u, pool.v, pool.alpha)
    best = found.best
    if len(pool.alpha) > settings.neurons:
        net = _narrowed(problem, net, settings, began)
        best = _price_of(problem, net, rng)
    return Atoms(*net, objective(problem, *net), best / problem.penalty, tuple(history))


def _narrowed(problem: Problem, net: Net, settings: RoundingSettings, began: float) -> Net:
    """Prune to the width asked; swap neurons where there are few, unless time is up."""
    net = to_width(problem, net, settings.neurons)
    late = settings.max_seconds is not None and time.monotonic() - began > settings.max_seconds
    if settings.neurons <= SWAPPED and not late:
        net = swap(problem, net, settings.neurons, settings.seed)
    return net


def _price_of(problem: Problem, net: Net, rng: np.random.Generator) -> float:
    """Best price found at a given network: above beta d, as a narrow network is not optimal."""
    family = FAMILIES[problem.family]
    u, v, alpha = net
    dual = target_of(problem).loss.gradient(family.features(problem, u, v) @ alpha, problem.y)
    return price(problem, dual, rng, 4 * STARTS, 1).best
