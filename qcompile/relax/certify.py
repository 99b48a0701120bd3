"""From a solution to its certificate: the dual vector and the multiplier are handed to the prover."""

from __future__ import annotations

from qcompile.certificate.certificate import Certificate
from qcompile.certificate.make import prove
from qcompile.problem.losses import LOSSES, in_domain
from qcompile.problem.problem import Problem
from qcompile.relax.multiplier import best_multiplier
from qcompile.relax.solution import Solution


def certify(problem: Problem, solution: Solution) -> Certificate:
    """The SDP certificate that a solution gives, whatever its quality: the number is always valid.

    The dual vector is the solution's, clipped into the domain of the conjugate.

    >>> import numpy as np
    >>> from qcompile.problem.problem import pose
    >>> from qcompile.certificate.check import check
    >>> from qcompile.relax.solution import Status
    >>> p = pose([[1, 1], [1, -1]], 1, [2.0, 0.0], 0.25)
    >>> none = np.zeros((2, 1))
    >>> s = Solution(none, none, 0.0, -p.y, None, 1.0, Status.STALLED, "by hand", 0, 0.0)
    >>> c = certify(p, s)
    >>> round(c.bound, 6), check(p, c).valid
    (0.234375, True)
    """
    loss = LOSSES[problem.loss]
    dual = in_domain(loss, solution.dual, problem.y)
    return prove(problem, dual, "sdp", {"multiplier": best_multiplier(problem, solution, dual)})
