"""The conjugate l^2 / 2 + l y, which losses share that are (f - y)^2 / 2 where they are not linear."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import UNIT_ROUNDOFF


def conjugate_error(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) bound on |computed - exact| of ``conjugate``: four roundings of numbers this large."""
    return np.asarray(4 * UNIT_ROUNDOFF * (0.5 * np.square(l) + np.abs(np.multiply(l, y))))


def conjugate_slope(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) derivative of the conjugate inside its domain: the f whose gradient is l."""
    return np.asarray(np.add(l, y))


def conjugate_curvature(l: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """(n,) second derivative of the conjugate inside its domain."""
    return np.ones(np.broadcast(l, y).shape)
