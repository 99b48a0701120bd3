"""Squared hinge: phi(f) = max(0, 1 - y f)^2 / 2, labels y in {-1, +1}.

Conjugate: phi*(l) = l^2 / 2 + l y on y l <= 0, attained at l = -y max(0, 1 - y f);
the same parabola as the squared loss on half of the line.
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

TASKS = ("classification",)
CURVATURE = 1.0
QUADRATIC = False
STEEP = False
probability = None


def value(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) loss of each sample.

    >>> value(np.array([-1.0, 2.0]), np.array([1.0, 1.0])).tolist()
    [2.0, 0.0]
    """
    return np.asarray(0.5 * np.square(np.maximum(0.0, 1.0 - np.multiply(y, f))))


def gradient(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) derivative with respect to f."""
    return np.asarray(-y * np.maximum(0.0, 1.0 - np.multiply(y, f)))


def curvature(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) second derivative (0 on the flat side), at most ``CURVATURE``."""
    return np.asarray(np.multiply(y, f) < 1.0, dtype=np.float64)


def conjugate(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) sup over f of l f - value(f, y); +inf where y l > 0."""
    slope = np.multiply(l, y)
    return np.asarray(np.where(slope <= 0.0, 0.5 * np.square(l) + slope, np.inf))


def limits(y: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the domain of the conjugate, (n,) each: [-inf, 0] for y = 1, [0, inf] for y = -1."""
    positive = np.asarray(y) > 0
    return np.where(positive, -np.inf, 0.0), np.where(positive, 0.0, np.inf)


def cvxpy_atom(f: Any, y: NDArray[Any]) -> Any:
    """(n,) cvxpy expression of the loss."""
    import cvxpy as cp

    return 0.5 * cp.square(cp.pos(1 - cp.multiply(y, f)))
