"""Huber loss: (f - y)^2 / 2 where |f - y| <= DELTA, else DELTA |f - y| - DELTA^2 / 2.

DELTA = 1 in units of the target: one standard deviation when the target is standardised,
which regression training does. Conjugate: phi*(l) = l^2 / 2 + l y on |l| <= DELTA.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import UNIT_ROUNDOFF

__all__ = [
    "CURVATURE",
    "DELTA",
    "STEEP",
    "TASKS",
    "conjugate",
    "conjugate_curvature",
    "conjugate_error",
    "conjugate_slope",
    "curvature",
    "cvxpy_atom",
    "domain",
    "gradient",
    "limits",
    "probability",
    "value",
]

TASKS = ("regression",)
CURVATURE = 1.0
DELTA = 1.0
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


def conjugate_error(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) bound on |computed - exact| of ``conjugate``: four roundings of numbers this large."""
    return np.asarray(4 * UNIT_ROUNDOFF * (0.5 * np.square(l) + np.abs(np.multiply(l, y))))


def conjugate_slope(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) derivative of the conjugate inside its domain: the f whose gradient is l."""
    return np.asarray(np.add(l, y))


def conjugate_curvature(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) second derivative of the conjugate inside its domain."""
    return np.ones(np.broadcast(l, y).shape)


def limits(y: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the domain of the conjugate, (n,) each."""
    end = np.full(np.shape(y), DELTA)
    return -end, end


def domain(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """The dual vector l, clipped to the closed domain of the conjugate."""
    return np.asarray(np.clip(l, *limits(y)))


def cvxpy_atom(f: Any, y: NDArray[Any]) -> Any:
    """(n,) cvxpy expression of the loss."""
    import cvxpy as cp

    return 0.5 * cp.huber(f - y, DELTA)
