"""The best constant score: what a network without neurons answers.

The relaxation has no intercept, so the zero network is what training proves optimal where no neuron
is worth its price. Deployed, it answers the constant that minimises the loss: one integer per score
column on a common scale.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from qcompile.problem.losses import LOSSES
from qcompile.problem.problem import Problem
from qcompile.search.dyadic import rounded

# Largest constant sought where there is no least loss: all targets of a margin loss are equal.
LARGEST = 16.0
# The largest integer, so that constants that differ by a row in a million stay apart.
TOP = 1 << 20
# Relative to the targets' size, constants closer to zero are zero.
NOTHING = 1e-6


def best_constants(problems: Sequence[Problem]) -> tuple[NDArray[np.int64], float]:
    """Integers k (C,) and a step s > 0 such that s k_c minimises sum_i w_i loss(., y_ic).

    Args:
        problems: one per score column.

    >>> from qcompile.problem.problem import pose
    >>> k, step = best_constants([pose([[1]] * 4, 1, [1.0, 1.0, 1.0, -1.0], 9.0, loss="logistic")])
    >>> k.tolist(), round(step, 4)  # log 3
    ([1], 1.0986)
    """
    found = np.array([_best(p) for p in problems])
    most = float(np.abs(found).max())
    if most == 0.0:
        return np.zeros(len(found), dtype=np.int64), 1.0
    if len(found) == 1:
        return np.sign(found).astype(np.int64), most
    return np.rint(found * (TOP / most)).astype(np.int64), most / TOP


def _best(problem: Problem) -> float:
    loss, y, weight = LOSSES[problem.loss], problem.y, problem.weight
    size = float(np.abs(y).max())
    if size == 0.0:
        return 0.0

    def risk(c: float) -> float:
        return float(weight @ loss.value(np.full(len(y), c), y))

    bound = LARGEST * size
    made = minimize_scalar(risk, bounds=(-bound, bound), method="bounded", options={"xatol": 1e-9 * size})
    # The minimiser of smooth losses is known to half the digits of the value.
    best = rounded(float(made.x), 20)
    return best if abs(best) > NOTHING * size and risk(best) < risk(0.0) else 0.0
