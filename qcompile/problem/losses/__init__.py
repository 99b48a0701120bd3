"""Losses, one file each: value, gradient, conjugate, curvature, cvxpy atom.

A file of this folder is a ``Loss``. To add one, write the file: training, certificates, the command
line and the tests find it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qcompile.registry import Registry

Floats = NDArray[np.float64]


@runtime_checkable
class Loss(Protocol):
    """What a loss defines, elementwise over samples: phi the loss, f the outputs, y the targets.

    Margin losses take y in {-1, +1}. Fenchel: phi(f) + phi*(l) >= l f, equal at l = gradient(f)
    (docs/theory.md#losses-and-conjugates).

    Attributes:
        TASKS: those it serves, of "classification" and "regression".
        CURVATURE: upper bound of phi''.
        QUADRATIC: phi is a parabola, so that a refit is one linear system.
        STEEP: the slope of phi* is infinite at the ends of its domain.
        probability: P(y = +1) of outputs (n,), or None where the loss gives none.
    """

    TASKS: tuple[str, ...]
    CURVATURE: float
    QUADRATIC: bool
    STEEP: bool
    probability: Callable[[NDArray[Any]], Floats] | None

    def value(self, f: NDArray[Any], y: NDArray[Any]) -> Floats:
        """(n,) phi(f)."""

    def gradient(self, f: NDArray[Any], y: NDArray[Any]) -> Floats:
        """(n,) phi'(f)."""

    def curvature(self, f: NDArray[Any], y: NDArray[Any]) -> Floats:
        """(n,) phi''(f), at most ``CURVATURE``."""

    def conjugate(self, l: NDArray[Any], y: NDArray[Any]) -> Floats:
        """(n,) phi*(l) = sup over f of l f - phi(f); +inf outside its domain."""

    def conjugate_error(self, l: NDArray[Any], y: NDArray[Any]) -> Floats:
        """(n,) bound on the rounding error of ``conjugate``."""

    def conjugate_slope(self, l: NDArray[Any], y: NDArray[Any]) -> Floats:
        """(n,) derivative of phi* inside its domain: the f whose gradient is l."""

    def conjugate_curvature(self, l: NDArray[Any], y: NDArray[Any]) -> Floats:
        """(n,) second derivative of phi* inside its domain."""

    def limits(self, y: NDArray[Any]) -> tuple[Floats, Floats]:
        """Ends of the domain of phi*, (n,) each; infinite where it has none."""

    def cvxpy_atom(self, f: Any, y: NDArray[Any]) -> Any:
        """(n,) the same loss as a cvxpy expression."""


LOSSES: Registry[Loss] = Registry("qcompile.problem.losses", "losses", Loss)


def in_domain(loss: Loss, l: NDArray[Any], y: NDArray[Any]) -> Floats:
    """(n,) the dual vector l clipped into the closed domain of the conjugate."""
    return np.asarray(np.clip(l, *loss.limits(y)))
