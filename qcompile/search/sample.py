"""Column generation on a sample of many rows, ended by a refit on all of them.

Which atoms matter shows on some thousand rows; only alpha profits from the others. The objective and
the network's alpha are those of all rows, and so is whatever is proved about them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qcompile.problem.families import FAMILIES
from qcompile.problem.objective import objective
from qcompile.problem.problem import Problem
from qcompile.relax.solution import Solution
from qcompile.search.atoms import Atoms
from qcompile.search.columns import generate
from qcompile.search.pricing import price
from qcompile.search.refit import refit, target_of
from qcompile.search.settings import RoundingSettings

ROWS = 12_000  # drawn; up to twice as many are all read
STARTS = 64


def generate_from_sample(problem: Problem, settings: RoundingSettings, start: Solution) -> Atoms:
    """``generate``, with the atoms found on ``ROWS`` draws of rows where there are more than twice as many.

    Args:
        problem: of any family and loss.
        settings: as in ``generate``; the seed chooses the rows, too.
        start: a solution of the relaxation of the whole problem.

    Returns:
        Atoms with alpha fitted to every row, and their objective over every row.
    """
    if problem.n <= 2 * ROWS:
        return generate(problem, settings, start)
    rng = np.random.default_rng(settings.seed)
    drawn = rng.multinomial(ROWS, problem.weight / problem.weight.sum())  # rows are merged: some weigh more
    rows = np.flatnonzero(drawn)
    part = replace(problem, q=problem.q[rows], y=problem.y[rows], weight=drawn[rows] / ROWS)
    found = generate(part, settings, replace(start, dual=start.dual[rows]))
    phi = FAMILIES[problem.family].features(problem, found.u, found.v)
    fit = refit(target_of(problem), phi, found.alpha, settings.accuracy)
    kept = fit.alpha != 0
    net = found.u[kept], found.v[kept], fit.alpha[kept]
    best = price(problem, fit.dual, rng, STARTS, 1).best
    return Atoms(*net, objective(problem, *net), best / problem.penalty, found.history)
