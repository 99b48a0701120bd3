"""Certificates: make them from a dual vector and a proof, check them, write and read them.

A certificate says: no network of this family, of any width, has a training objective below
``bound`` on these rows. It says nothing about test accuracy, nor about other kinds of model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.certificate.certificate import Certificate
from qcompile.certificate.check import Verdict, check, dual_value
from qcompile.certificate.file import load, pack, save
from qcompile.certificate.proofs import PROOFS
from qcompile.errors import SolveError
from qcompile.problem.losses import LOSSES, in_domain
from qcompile.problem.problem import Problem

__all__ = ["Certificate", "Verdict", "check", "load", "pack", "prove", "save"]

# A claim leaves three times the rounding margin of this machine, so that a checker whose
# arithmetic rounds differently, and is off by up to one margin either way, still confirms it.
MARGINS = 3.0


def prove(
    problem: Problem, dual: NDArray[np.float64], kind: str, arrays: Mapping[str, NDArray[Any]]
) -> Certificate:
    """The best certificate along the ray of ``dual``, with a proof of the given kind.

    If no atom has a price above c at l, none has a price above t c at t l; so t is chosen to
    maximise -sum_i w_i loss*(t l_i, y_i), a concave function, as far as t c <= beta d.

    Args:
        problem: the training problem.
        dual: (n,) in the domain of the conjugate.
        kind: name of a proof in solve/proofs.
        arrays: of that proof.

    Raises:
        SolveError: not even a shrunk dual vector satisfies the checker (the arrays are not finite).
    """
    loss = LOSSES[problem.loss]
    proof = PROOFS[kind]

    def value(t: float) -> float:
        return -float(problem.weight @ loss.conjugate(t * dual, problem.y))

    price = proof.price(problem, dual, arrays)
    ideal = value(_best_scale(value, problem.penalty / max(price.value, 1e-300)))
    limit = problem.penalty / max(price.value + MARGINS * price.margin, 1e-300)
    t = _best_scale(value, limit * (1 - 1e-14))
    for shrink in (0.0, 1e-13, 1e-11, 1e-9, 1e-6, 1e-3):
        factor = t * (1 - shrink)
        scaled = in_domain(loss, factor * dual, problem.y)
        proved, margin = dual_value(problem, scaled)
        bound = proved - (MARGINS - 1) * margin
        made = Certificate(
            bound, kind, scaled, proof.scale(arrays, factor), max(0.0, ideal - bound), problem.digest
        )
        verdict = check(problem, made)
        if verdict.valid:
            return made
    raise SolveError(f"no certificate of the kind {kind!r} can be made here: {verdict.reason}")


def _best_scale(value: Callable[[float], float], limit: float) -> float:
    """Argmax of a concave function over [0, limit] by golden section, the end point included."""
    low, high = 0.0, min(limit, 1e6)
    ends = (high, 1.0) if high >= 1.0 else (high,)
    ratio = (5**0.5 - 1) / 2
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if value(left) >= value(right):  # also where the right one has left the domain (-inf)
            high = right
        else:
            low = left
    best: float = max((0.5 * (low + high), *ends), key=value)
    return best
