"""Huber loss: (f - y)^2 / 2 where |f - y| <= DELTA, else DELTA |f - y| - DELTA^2 / 2.

DELTA = 1 in units of the target: one standard deviation when the target is standardised,
which regression training does. Conjugate: phi*(l) = l^2 / 2 + l y on |l| <= DELTA.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.losses._parabola import conjugate_curvature, conjugate_error, conjugate_slope

__all__ = [
    "CURVATURE",
    "DELTA",
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

TASKS = ("regression",)
CURVATURE = 1.0
DELTA = 1.0
QUADRATIC = False
STEEP = False
probability = None


def value(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) loss of each sample.

    >>> value(np.array([0.5, 3.0]), np.array([0.0, 0.0])).tolist()
    [0.125, 2.5]
    """
    e = np.abs(np.subtract(f, y))
    near = np.minimum(e, DELTA)
    return np.asarray(near * (e - 0.5 * near))


def gradient(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) derivative with respect to f."""
    return np.asarray(np.clip(np.subtract(f, y), -DELTA, DELTA))


def curvature(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) second derivative (0 on the linear parts), at most ``CURVATURE``."""
    return np.asarray(np.abs(np.subtract(f, y)) <= DELTA, dtype=np.float64)


def conjugate(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) sup over f of l f - value(f, y); +inf where |l| > DELTA."""
    return np.asarray(np.where(np.abs(l) <= DELTA, 0.5 * np.square(l) + np.multiply(l, y), np.inf))


def limits(y: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the domain of the conjugate, (n,) each."""
    end = np.full(np.shape(y), DELTA)
    return -end, end


def cvxpy_atom(f: Any, y: NDArray[Any]) -> Any:
    """(n,) cvxpy expression of the loss."""
    import cvxpy as cp

    return 0.5 * cp.huber(f - y, DELTA)
