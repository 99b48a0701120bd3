"""Bounds beyond the SDP: ``prove`` at a level, ``close_gap`` until network and bound meet.

A dual vector l proves a bound once the price of every atom is known to be at most c: t l with
t c <= beta d is then feasible, whatever proved c. l comes from a network over all atoms that pay
(``optimum``, usually wider than the one deployed): its largest price is beta d, and t is near 1.

    fast    the certificate of the SDP, as given
    tight   the relaxation with odd-set inequalities (tighten.py), first at that l, then over l, the
            inequalities and a growing tree of cases together (move.py), until 2 % are proved; where
            every sign vector can be tried in seconds, that instead: it is both faster and sharper
    exact   every sign vector is tried and atoms that pay are added until none is left; where that
            takes too long, the same with more cases, then a tree of cases at the network's own l
            (branch.py), as far as time allows
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from qcompile.bound.all_signs import distinct_inputs, price_all
from qcompile.bound.branch import Tree, finish, grow, stored, whole
from qcompile.bound.free_dual import free
from qcompile.bound.move import move
from qcompile.bound.node import root
from qcompile.bound.tighten import Effort, tighten
from qcompile.certificate import make as certificates
from qcompile.certificate.make import Certificate
from qcompile.certificate.proofs.enumeration import LIMIT
from qcompile.errors import UnsupportedError, did_you_mean
from qcompile.problem.families import FAMILIES
from qcompile.problem.losses import LOSSES, in_domain
from qcompile.problem.objective import objective
from qcompile.problem.problem import Problem
from qcompile.relax.solution import Progress
from qcompile.search.atoms import Atoms
from qcompile.search.columns import generate
from qcompile.search.settings import RoundingSettings

LEVELS = ("fast", "tight", "exact")
# Inputs up to which trying every sign vector takes seconds.
QUICK = 34
# Inputs up to which it takes about a second, so that it is worth doing unasked.
UNASKED = 31
# Relative gap at which an exact proof ends, and the part of it left to rounding and refit.
GAP = 1e-3
# Seconds that a tree of cases, or a tight bound, may take if the caller sets no limit.
SECONDS = 120.0
WIDE = 100_000
# The odd sets that matter are found at a fixed l, then l moves with them.
FIXED = Effort(rounds=8, cuts=600)
# "tight" splits cases while the gap is above AIM and there are fewer than CASES; "exact" goes on.
AIM = 0.02
CASES = 24
MOST = 64
# Part of the time for moving l; the rest is for finishing the leaves.
PART = 0.7
ROUNDS = 100


def affordable(problem: Problem) -> str:
    """The level worth its time unasked: "exact" where every sign vector is tried in about a second.

    Args:
        problem: of any family.
    """
    few = FAMILIES[problem.family].FREE_PAIRS and distinct_inputs(problem) <= UNASKED
    return "exact" if few else "fast"


def prove(
    problem: Problem,
    atoms: Atoms,
    certificate: Certificate,
    level: str,
    max_seconds: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Certificate:
    """The best certificate that a level of effort gives; never worse than the one given.

    Args:
        problem: bilinear, unless the level is "fast".
        atoms: a network for it: where the search for the optimum starts.
        certificate: of the SDP.
        level: "fast", "tight" or "exact".
        max_seconds: wall-clock limit of tight and tree bounds (an enumeration is not interrupted).
        on_progress: called once per round with the bound so far and the objective it is to meet.

    Raises:
        UnsupportedError: unknown level, or a family without these proofs.
    """
    if level not in LEVELS:
        raise UnsupportedError(
            f"{level!r} is not one of the proof levels: {', '.join(LEVELS)}.{did_you_mean(level, LEVELS)}"
        )
    if level == "fast":
        return certificate
    _require_bilinear(problem, level)
    began = time.monotonic()
    inputs = distinct_inputs(problem)
    best = optimum(problem, atoms)
    if inputs <= (LIMIT if level == "exact" else QUICK):
        _, proved = _enumerated(problem, best)
        return _better(certificate, proved)
    deadline = began + (SECONDS if max_seconds is None else max_seconds)
    return _better(certificate, _relaxed(problem, best, level, deadline, on_progress))


def close_gap(problem: Problem, atoms: Atoms, settings: RoundingSettings) -> tuple[Atoms, Certificate]:
    """Exact pricing and refit in turn, until no atom pays: a network and its bound, at most 0.1 % apart.

    Args:
        problem: bilinear, with few enough distinct inputs to try every sign vector.
        atoms: where to start.
        settings: width of the network returned; a width below the optimum's leaves a gap.

    Returns:
        The network and the certificate.

    Raises:
        UnsupportedError: another family, or too many inputs.
    """
    _require_bilinear(problem, "exact")
    inputs = distinct_inputs(problem)
    if inputs > LIMIT:
        raise UnsupportedError(
            f"{inputs} distinct inputs are too many to try every sign vector, the limit is {LIMIT}; "
            "use prove with the level 'tight', or fewer inputs."
        )
    best, certificate = _enumerated(problem, optimum(problem, atoms))
    if len(best.alpha) > settings.neurons:
        best = generate(problem, settings, best)
    return best, certificate


def optimum(problem: Problem, atoms: Atoms) -> Atoms:
    """A network of any width, optimal as far as the search of ``pricing`` can tell."""
    return generate(problem, RoundingSettings(neurons=WIDE, tolerance=1e-5), atoms)


def _enumerated(problem: Problem, atoms: Atoms) -> tuple[Atoms, Certificate]:
    """Add atoms of the largest price until the bound that they prove is within half of GAP."""
    for _ in range(ROUNDS):
        dual = _dual(problem, atoms)
        price, u, v = price_all(problem, dual, (1 - GAP) * problem.penalty)
        lost = max(0.0, price / problem.penalty - 1.0) * problem.penalty * float(np.abs(atoms.alpha).sum())
        if lost <= 0.1 * GAP * atoms.objective or not len(u):
            break
        more = Atoms(
            np.vstack([atoms.u, u]),
            np.vstack([atoms.v, v]),
            np.concatenate([atoms.alpha, np.zeros(len(u))]),
            atoms.objective,
            price / problem.penalty,
        )
        improved = optimum(problem, more)
        if improved.objective >= atoms.objective * (1 - 1e-9):
            break
        atoms = improved
    return atoms, certificates.prove(problem, dual, "enumeration", {})


def _relaxed(
    problem: Problem,
    atoms: Atoms,
    level: str,
    deadline: float,
    on_progress: Callable[[Progress], None] | None = None,
) -> Certificate:
    """Odd sets at the dual vector of a network, then at the dual vector that suits them and the cases best.

    At the level "exact" there are more cases, and then a tree of them at the network's own dual
    vector follows, because only there can the bound reach the optimum.
    """
    family = FAMILIES[problem.family]
    outputs = family.features(problem, atoms.u, atoms.v) @ atoms.alpha
    radius = float(np.abs(atoms.alpha).sum())
    reached = objective(problem, atoms.u, atoms.v, atoms.alpha)
    began = time.monotonic()
    losses: list[float] = []

    def watch(loss: float) -> None:
        losses.append(loss)
        if on_progress is not None:
            on_progress(Progress(time.monotonic() - began, len(losses), reached, -min(losses)))

    moving = free(problem, radius)
    g = moving.matrix(outputs)
    # Relative losses of the bound are the price's, times the penalty's share of the objective.
    goal = 1.0 + 0.5 * GAP / max(problem.penalty * radius / reached, 1e-3)
    node = tighten(g, root(g), goal, FIXED, deadline)
    found = _odd_sets(problem, moving.dual(outputs), whole(node))
    watch(-found.bound)
    if found.gap(reached) <= GAP:
        return found
    exact = level == "exact"
    now = time.monotonic()
    tree, moved = move(
        moving,
        node,
        outputs,
        -(1 - 0.5 * GAP) * reached,
        -(1 - (0.5 * GAP if exact else AIM)) * reached,
        MOST if exact else CASES,
        now + PART * (deadline - now),
        watch,
    )
    tree = finish(
        moving.matrix(moved), tree, 0.0, deadline, lambda price: watch(moving.loss_of(moved, price))
    )
    found = _better(found, _odd_sets(problem, moving.dual(moved), tree))
    if exact and found.gap(reached) > GAP and time.monotonic() < deadline:
        tree = grow(g, whole(tighten(g, node, goal, deadline=deadline)), goal, deadline)
        found = _better(found, _odd_sets(problem, moving.dual(outputs), tree))
    return found


def _odd_sets(problem: Problem, dual: NDArray[np.float64], tree: Tree) -> Certificate:
    return certificates.prove(problem, dual, "odd_sets", stored(tree, problem.penalty))


def _dual(problem: Problem, atoms: Atoms) -> NDArray[np.float64]:
    family = FAMILIES[problem.family]
    loss = LOSSES[problem.loss]
    f = family.features(problem, atoms.u, atoms.v) @ atoms.alpha
    return np.asarray(in_domain(loss, loss.gradient(f, problem.y), problem.y))


def _better(one: Certificate, other: Certificate) -> Certificate:
    return other if other.bound > one.bound else one


def _require_bilinear(problem: Problem, level: str) -> None:
    if not FAMILIES[problem.family].FREE_PAIRS:
        raise UnsupportedError(
            f"the proof level {level!r} is for the bilinear family, not {problem.family}; "
            "use 'fast' for this family."
        )
