"""One name per neuron: weight vectors that are the same function up to sign get the same form.

Bilinear, (u'x)(v'x): (u, v), (v, u) and (-u, -v) are equal, (-u, v) is the negative.
One vector, even, (u'x)^2 or a t^2 + c: u and -u are equal. One vector else: only u itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.problem.families import FAMILIES
from qcompile.problem.problem import Problem


def _leading_sign(w: NDArray[np.int8]) -> NDArray[np.int8]:
    """Sign of the first non-zero entry of each row (1 for a row of zeros)."""
    first = w[np.arange(len(w)), np.argmax(w != 0, axis=1)]
    return np.where(first < 0, -1, 1).astype(np.int8)


def canonical(
    problem: Problem, u: NDArray[Any], v: NDArray[Any]
) -> tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.int8]]:
    """Canonical (u, v) and the sign with which the given neuron is a multiple of it.

    Args:
        problem: its family decides which symmetries hold.
        u: (m, d) integers.
        v: (m, d) integers, equal to u where a neuron has one vector.

    Returns:
        u, v (m, d) int8 and sign (m,) int8: given atom = sign * canonical atom.
    """
    u = np.array(u, dtype=np.int8, order="C")
    v = np.array(v, dtype=np.int8, order="C")
    sign = np.ones(len(u), dtype=np.int8)
    if not len(u):
        return u, v, sign
    family = FAMILIES[problem.family]
    if family.VECTORS == 1:
        if family.even(problem):
            u *= _leading_sign(u)[:, None]
        return u, u.copy(), sign
    su, sv = _leading_sign(u), _leading_sign(v)
    u *= su[:, None]
    v *= sv[:, None]
    rows = np.arange(len(u))
    first = np.argmax(u != v, axis=1)
    # The order of the rows as bytes, so that it agrees with ``keys``.
    later = u.view(np.uint8)[rows, first] > v.view(np.uint8)[rows, first]
    u[later], v[later] = v[later], u[later]
    return u, v, su * sv


def keys(u: NDArray[np.int8], v: NDArray[np.int8]) -> list[bytes]:
    """A hashable name per canonical neuron."""
    width = u.shape[1] + v.shape[1]
    both = np.hstack([u, v]).tobytes()
    return [both[i * width : (i + 1) * width] for i in range(len(u))]
