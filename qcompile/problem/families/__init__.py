"""Families of networks, one file each: lift, diagonal rule, atoms, pricing.

A file of this folder is a ``Family``. To add one, write the file: training, certificates, code
generation, the command line and the tests find it, and nothing else asks for its name.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.integer_form import IntegerForm
from qcompile.problem.problem import Problem
from qcompile.problem.relaxation import Relaxation
from qcompile.registry import Registry

Floats = NDArray[np.float64]


@runtime_checkable
class Family(Protocol):
    """What a family of neurons defines, with D = d, or d + 1 where it lifts.

    The identity that a certificate rests on: ``prices(problem, gradient(problem, l), u, v)`` is
    ``features(problem, u, v)' (weight * l)`` (docs/theory.md#price-of-an-atom).

    Attributes:
        VECTORS: weight vectors per neuron (1: v must equal u).
        FREE_PAIRS: an atom's price is u'Gv with u and v free corners of a box, so that Krivine
            rounding and the proofs by enumeration and by odd sets apply.
        ACTIVATION: the problem must give the coefficients (a, b, c) of an activation.
    """

    VECTORS: int
    FREE_PAIRS: bool
    ACTIVATION: bool

    def features(self, problem: Problem, u: NDArray[Any], v: NDArray[Any]) -> Floats:
        """(n, m) values of integer atoms, in training units."""

    def pattern(self, problem: Problem) -> Floats:
        """(D, D) factors: G = pattern * moments of [x; 1], entrywise."""

    def gradient(self, problem: Problem, l: NDArray[Any]) -> Floats:
        """(D, D) that price matrix G."""

    def prices(self, problem: Problem, g: NDArray[Any], u: NDArray[Any], v: NDArray[Any]) -> Floats:
        """(m,) <G, atom_j> = sum_i w_i l_i features_ij."""

    def even(self, problem: Problem) -> bool:
        """Whether u and -u are the same neuron; of two vectors, (u, v) and (-u, -v)."""

    def relaxation(self, problem: Problem) -> Relaxation:
        """The SDP, in the form that every training method takes."""

    def integer_form(self, problem: Problem) -> IntegerForm:
        """How the deployed network computes the atoms, in integers."""


FAMILIES: Registry[Family] = Registry("qcompile.problem.families", "families", Family)
