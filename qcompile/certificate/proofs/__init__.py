"""Proofs, one file each: a rigorous upper bound on the price of every atom.

    price(problem, dual, arrays) -> Price
    scale(arrays, factor) -> arrays         the same proof for factor * dual, 0 < factor

Whatever the proof, weak duality does the rest: if |<G(l), S>| <= beta d for every atom S of
the family, then -sum_i w_i loss*(l_i, y_i) is a lower bound on the training objective of
every network of the family, of any width. A proof reads the problem, the dual vector and its
own ``arrays`` (the certificate's), trusts none of them, and shares no code with any solver.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qcompile.certificate.price import Price
from qcompile.problem.problem import Problem
from qcompile.registry import Registry


@runtime_checkable
class Proof(Protocol):
    """A rigorous upper bound on |<G, S>| over all atoms S, from the arrays of a certificate."""

    def price(self, problem: Problem, dual: NDArray[np.float64], arrays: Mapping[str, NDArray[Any]]) -> Price:
        """The bound, rounding included.

        Raises:
            ModelError: the arrays are missing, do not fit, or are for another family.
        """

    def scale(self, arrays: Mapping[str, NDArray[Any]], factor: float) -> dict[str, NDArray[Any]]:
        """The arrays that prove the price of ``factor`` times the dual vector."""


PROOFS: Registry[Proof] = Registry("qcompile.certificate.proofs", "proofs", Proof)
