"""The zero network, where it is optimal: no gradient to follow, or a penalty that no neuron earns.

At f = 0 the slopes l_i = loss'(0, y_i) are a dual vector of their own; if some diagonal proves that no
atom prices above beta d there, the zero network's objective is its bound. Methods that move from point
to point have no direction to leave it in, so this is asked first.
"""

from __future__ import annotations

import time

import numpy as np

from qcompile.problem.families import FAMILIES
from qcompile.problem.losses import LOSSES, in_domain
from qcompile.problem.problem import Problem
from qcompile.relax.dual_point import dual_point
from qcompile.relax.solution import Progress, Settings, Solution, Status

# Relative gap at which the zero network is the optimum, not near it.
EQUAL = 1e-9


def zero_optimum(problem: Problem, settings: Settings, method: str) -> Solution | None:
    """The zero network as a solution if it is optimal, else None.

    Args:
        problem: of any family and loss.
        settings: its ``on_progress`` is told.
        method: who asks; it is named in the solution.

    >>> from qcompile.problem.problem import pose
    >>> zero_optimum(pose([[1, 1], [1, -1]], 1, [0.0, 0.0], 0.1), Settings(), "dual_barrier").objective
    0.0
    """
    began = time.monotonic()
    loss, relaxation = LOSSES[problem.loss], FAMILIES[problem.family].relaxation(problem)
    size = relaxation.factors.shape[1]
    none = np.zeros((size, 1))
    objective = float(problem.weight @ loss.value(np.zeros(problem.n), problem.y))
    slope = in_domain(loss, loss.gradient(np.zeros(problem.n), problem.y), problem.y)
    if (problem.weight * slope).any():
        found = dual_point(problem, relaxation, loss, slope, [none, none], 0.0, 1)
        dual, multiplier, bound = found.dual, found.multiplier, found.value
    else:
        dual, bound = slope, -float(problem.weight @ loss.conjugate(slope, problem.y))
        multiplier = np.zeros((1 if relaxation.shared else 2, size))
    if objective - bound > EQUAL * abs(objective):
        return None
    record = Progress(time.monotonic() - began, 0, objective, bound)
    if settings.on_progress is not None:
        settings.on_progress(record)
    return Solution(
        none, none, 0.0, dual, multiplier, objective, Status.SOLVED, method, 0, record.seconds, (record,)
    )
