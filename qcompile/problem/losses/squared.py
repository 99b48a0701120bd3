"""Squared loss: phi(f) = (f - y)^2 / 2, for regression and for +-1 labels.

Conjugate: phi*(l) = l^2 / 2 + l y on all of R, attained at l = f - y.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import UNIT_ROUNDOFF

__all__ = [
    "CURVATURE",
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

TASKS = ("classification", "regression")
CURVATURE = 1.0
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
    """Ends of the domain of the conjugate, (n,) each, infinite where it has none."""
    end = np.full(np.shape(y), np.inf)
    return -end, end


def domain(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """The dual vector l, clipped to the closed domain of the conjugate."""
    return np.asarray(np.clip(l, *limits(y)))


def cvxpy_atom(f: Any, y: NDArray[Any]) -> Any:
    """(n,) cvxpy expression of the loss."""
    import cvxpy as cp

    return 0.5 * cp.square(f - y)
