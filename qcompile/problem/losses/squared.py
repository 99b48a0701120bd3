"""Squared loss: phi(f) = (f - y)^2 / 2, for regression and for +-1 labels.

Conjugate: phi*(l) = l^2 / 2 + l y on all of R, attained at l = f - y.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.losses._parabola import conjugate_curvature, conjugate_error, conjugate_slope

__all__ = [
    "CURVATURE",
    "QUADRATIC",
    "STEEP",
    "TASKS",
    "conjugate",
    "conjugate_curvature",
    "conjugate_error",
    "conjugate_slope",
    "curvature",
    "cvxpy_atom",
    "gradient",
    "limits",
    "probability",
    "value",
]

TASKS = ("classification", "regression")
CURVATURE = 1.0
QUADRATIC = True
STEEP = False
probability = None


def value(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) loss of each sample.

    >>> value(np.array([3.0]), np.array([1.0])).tolist()
    [2.0]
    """
    e = np.subtract(f, y)
    return np.asarray(0.5 * e * e)


def gradient(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) derivative with respect to f."""
    return np.asarray(np.subtract(f, y))


def curvature(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) second derivative, at most ``CURVATURE``."""
    return np.ones(np.broadcast(f, y).shape)


def conjugate(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) sup over f of l f - value(f, y)."""
    return np.asarray(0.5 * np.square(l) + np.multiply(l, y))


def limits(y: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the domain of the conjugate, (n,) each, infinite where it has none."""
    end = np.full(np.shape(y), np.inf)
    return -end, end


def cvxpy_atom(f: Any, y: NDArray[Any]) -> Any:
    """(n,) cvxpy expression of the loss."""
    import cvxpy as cp

    return 0.5 * cp.square(f - y)
