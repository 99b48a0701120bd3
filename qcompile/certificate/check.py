"""The independent checker: a bound recomputed from the data alone.

    1. the certificate belongs to this problem (digest),
    2. its proof bounds the price of every atom by beta d (solve/proofs),
    3. so -sum_i w_i loss*(l_i, y_i) bounds every network's objective from below.

Nothing that a training method computed is trusted, and no code of one is used: the problem's
integers, the dual vector and the proof's arrays are the only inputs, and every rounding error
on the way is bounded and added on the safe side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.certificate.certificate import Certificate
from qcompile.certificate.proofs import PROOFS
from qcompile.certificate.rounding_error import TINY
from qcompile.errors import ModelError
from qcompile.model.arrays import UNIT_ROUNDOFF
from qcompile.problem.losses import LOSSES
from qcompile.problem.problem import Problem


@dataclass(frozen=True)
class Verdict:
    """What the checker found.

    Attributes:
        valid: the certificate's bound is proved.
        bound: the lower bound that the checker itself arrives at; -inf if there is none.
        reason: one sentence.
    """

    valid: bool
    bound: float
    reason: str


def check(problem: Problem, certificate: Certificate) -> Verdict:
    """Recompute the bound of a certificate from the problem's data.

    Args:
        problem: the training problem the certificate is said to belong to.
        certificate: from anywhere.

    Returns:
        A verdict; never raises on a wrong certificate.
    """
    if certificate.digest != problem.digest:
        return _refused(
            "the certificate was made for another problem: its digest "
            f"{certificate.digest[:12]} is not {problem.digest[:12]}; give the data it was trained on"
        )
    dual = certificate.dual
    if dual.shape != (problem.n,) or not np.isfinite(dual).all():
        return _refused(f"the dual vector has shape {dual.shape} or is not finite, expected ({problem.n},)")
    if not math.isfinite(certificate.bound):
        return _refused(f"the claimed bound {certificate.bound} is not a finite number")
    if certificate.kind not in PROOFS.names():
        return _refused(f"there is no proof of the kind {certificate.kind!r} here")
    bound, _ = dual_value(problem, dual)
    if bound == -math.inf:
        return _refused("a dual entry is outside the domain of the loss's conjugate")
    proof = PROOFS[certificate.kind]
    try:
        price = proof.price(problem, dual, certificate.arrays)
    except ModelError as error:
        return _refused(str(error).rstrip("."))
    allowed = math.nextafter(problem.penalty, 0.0)
    if not price.upper <= allowed:
        return _refused(
            f"the proof bounds the price of an atom only by {price.upper!r}, above beta d = {allowed!r}"
        )
    if certificate.bound > bound:
        claim = f"the certificate claims {certificate.bound!r}, but its numbers prove only {bound!r}."
        return Verdict(False, bound, claim)
    return Verdict(True, bound, f"no network of this family has an objective below {certificate.bound!r}.")


def _refused(reason: str) -> Verdict:
    return Verdict(False, -math.inf, reason + ".")


def dual_value(problem: Problem, dual: NDArray[np.float64]) -> tuple[float, float]:
    """A rigorous lower bound on -sum_i w_i loss*(l_i, y_i), and the rounding margin in it.

    Each term carries the loss's own bound and one rounding of the product; fsum rounds once.
    """
    loss = LOSSES[problem.loss]
    conjugate = loss.conjugate(dual, problem.y)
    if not np.isfinite(conjugate).all():
        return -math.inf, 0.0
    value = -math.fsum(problem.weight * conjugate)
    error = loss.conjugate_error(dual, problem.y) + UNIT_ROUNDOFF * np.abs(conjugate)
    margin = math.fsum(problem.weight * error) * (1 + 1e-12) + UNIT_ROUNDOFF * abs(value) + TINY
    return math.nextafter(value - margin, -math.inf), margin
