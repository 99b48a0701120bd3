"""Logistic loss: phi(f) = log(1 + exp(-y f)), labels y in {-1, +1}.

With p = -y l, the conjugate is the negative entropy p log p + (1 - p) log(1 - p) on
0 <= p <= 1, attained at p = 1 / (1 + exp(y f)): the probability given to the wrong label.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import UNIT_ROUNDOFF

TASKS = ("classification",)
CURVATURE = 0.25
QUADRATIC = False
STEEP = True


def _wrong(margin: NDArray[Any]) -> NDArray[np.float64]:
    """1 / (1 + exp(margin)) without overflow."""
    small = np.exp(-np.abs(margin))
    return np.asarray(np.where(margin >= 0, small, 1.0) / (1.0 + small))


def value(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) loss of each sample.

    >>> np.round(value(np.array([0.0, 800.0]), np.array([1.0, -1.0])), 6).tolist()
    [0.693147, 800.0]
    """
    return np.asarray(np.logaddexp(0.0, -np.multiply(y, f)))


def gradient(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) derivative with respect to f."""
    return np.asarray(-y * _wrong(np.multiply(y, f)))


def curvature(f: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) second derivative, at most ``CURVATURE``."""
    margin = np.multiply(y, f)
    return _wrong(margin) * _wrong(-margin)


def conjugate(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) sup over f of l f - value(f, y); +inf where -y l is outside [0, 1]."""
    p = -np.multiply(y, l)
    inside = (p >= 0.0) & (p <= 1.0)
    p = np.where(inside, p, 0.5)
    entropy = p * np.log(np.where(p > 0, p, 1.0)) + (1.0 - p) * np.log1p(-np.where(p < 1, p, 0.0))
    return np.asarray(np.where(inside, entropy, np.inf))


def conjugate_error(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) bound on |computed - exact| of ``conjugate``.

    p and 1 - p carry at most one rounding; numpy's log and log1p are within 4 units in the
    last place (its own test suite demands it), that is 8 roundings; the products and the sum
    add one each. Sixteen cover them with room for second-order terms.
    """
    p = np.clip(-np.multiply(y, l), 0.0, 1.0)
    logs = np.abs(p * np.log(np.where(p > 0, p, 1.0)))
    logs += np.abs((1.0 - p) * np.log1p(-np.where(p < 1, p, 0.0)))
    return np.asarray(16 * UNIT_ROUNDOFF * (logs + p))


def conjugate_slope(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) derivative of the conjugate inside its domain: the f whose gradient is l."""
    p = -np.multiply(y, l)
    return np.asarray(-y * (np.log(p) - np.log1p(-p)))


def conjugate_curvature(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) second derivative of the conjugate inside its domain."""
    p = -np.multiply(y, l)
    return np.asarray(1.0 / (p * (1.0 - p)))


def limits(y: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the domain of the conjugate, (n,) each: [-1, 0] for y = 1, [0, 1] for y = -1."""
    positive = np.asarray(y) > 0
    return np.where(positive, -1.0, 0.0), np.where(positive, 0.0, 1.0)


def probability(f: NDArray[Any]) -> NDArray[np.float64]:
    """Probability that the label is +1.

    >>> probability(np.array([0.0])).tolist()
    [0.5]
    """
    return _wrong(-np.asarray(f))


def cvxpy_atom(f: Any, y: NDArray[Any]) -> Any:
    """(n,) cvxpy expression of the loss."""
    import cvxpy as cp

    return cp.logistic(-cp.multiply(y, f))
