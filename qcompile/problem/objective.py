"""The training objective of a finite network: the number that every bound is compared with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.families import FAMILIES
from qcompile.problem.losses import LOSSES
from qcompile.problem.problem import Problem


def objective(problem: Problem, u: NDArray[Any], v: NDArray[Any], alpha: NDArray[Any]) -> float:
    """sum_i w_i loss(f(x_i), y_i) + beta d sum_j |alpha_j|.

    Args:
        problem: the training problem.
        u: (m, d) integers of the weight grid.
        v: (m, d) integers of the weight grid (equal to u where a neuron has one vector).
        alpha: (m,) real.

    >>> from qcompile.problem.problem import pose
    >>> p = pose([[1, 1], [1, -1]], 1, [2.0, 0.0], 0.25)
    >>> objective(p, [[1, 1]], [[1, 1]], [0.5])  # f = 2, 0: no loss, 0.25 * 2 * 0.5
    0.25
    """
    family = FAMILIES[problem.family]
    alpha = np.asarray(alpha, dtype=np.float64)
    f = family.features(problem, u, v) @ alpha
    return objective_of_outputs(problem, f, float(np.abs(alpha).sum()))


def objective_of_outputs(problem: Problem, f: NDArray[Any], radius: float) -> float:
    """sum_i w_i loss(f_i, y_i) + beta d * radius, for outputs f (n,) however they were made."""
    loss = LOSSES[problem.loss]
    return float(problem.weight @ loss.value(f, problem.y) + problem.penalty * radius)
