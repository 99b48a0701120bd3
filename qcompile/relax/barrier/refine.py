"""Refinement of a Newton step on the exact operator, by generalised conjugate residuals.

Near the optimum the Newton matrix mixes entries of order 1 / mu with the loss's curvature,
and its Cholesky factorisation (regularised where it must be) loses digits. The operator
itself is never formed: S -> W S W on D x D matrices costs n D^2 and keeps them. The inverse
that a factorisation applies is neither exact nor exactly symmetric, so the method is one that
needs neither: every round minimises the residual over all steps so far.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qcompile.relax.barrier.linearise import Linear
from qcompile.relax.barrier.model import SIGNS, Model

ROUNDS = 12
SMALL = 1e-8  # residual that is small enough, relative to the right-hand side, times the gap
STALE = 1e-2  # progress of a round, relative to the residual, below which it ends


class System(Protocol):
    """A factorised Newton matrix.

    ``REFINED`` says whether ``refined`` may correct what it returns; a system that iterates
    itself, to an accuracy of its own choice, is left alone.
    """

    REFINED: bool

    def solve(
        self, dual: NDArray[np.float64], diagonal: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Steps dl (n,) and dL (k, D) for the right-hand sides."""


def apply(
    model: Model, linear: Linear, dual: NDArray[np.float64], diagonal: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The Newton matrix times (dl, dL), without forming it."""
    h, w = model.moment(dual), model.problem.weight
    total = np.zeros_like(h)
    rows = linear.inverse * diagonal
    for side, one in enumerate(linear.scalings):
        s = SIGNS[side] * h
        s[np.diag_indices(model.size)] += diagonal[side % model.k]
        y = one.g @ (one.g.T @ s @ one.g) @ one.g.T
        total += SIGNS[side] * y
        rows[side % model.k] += np.diag(y)
    out = w * model.forms(total) + linear.curvature * dual
    for update in linear.updates:
        along = update.tau * (update.lean * float(w @ dual) + float(update.share @ diagonal[update.side]))
        out += along * update.lean * w
        rows[update.side] += along * update.share
    return out, rows


def refined(
    model: Model, linear: Linear, system: System, dual: NDArray[np.float64], diagonal: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solve for the right-hand sides (n,) and (k, D); at most ROUNDS corrections."""
    if not system.REFINED:
        return system.solve(dual, diagonal)
    n, shape = len(dual), diagonal.shape
    right = np.concatenate([dual, diagonal.ravel()])

    def solve(r: NDArray[np.float64]) -> NDArray[np.float64]:
        dl, dd = system.solve(r[:n], r[n:].reshape(shape))
        return np.concatenate([dl, dd.ravel()])

    def times(x: NDArray[np.float64]) -> NDArray[np.float64]:
        out, rows = apply(model, linear, x[:n], x[n:].reshape(shape))
        return np.concatenate([out, rows.ravel()])

    x, r = np.zeros_like(right), right
    enough = SMALL * min(1.0, linear.gap) * float(np.linalg.norm(right))
    steps: list[NDArray[np.float64]] = []
    images: list[NDArray[np.float64]] = []
    for _ in range(ROUNDS):
        step = solve(r)
        image = times(step)
        for before, seen in zip(steps, images, strict=True):
            share = float(image @ seen)
            step, image = step - share * before, image - share * seen
        length = float(np.linalg.norm(image))
        if not 0.0 < length < np.inf:
            break
        step, image = step / length, image / length
        share = float(r @ image)
        x, r = x + share * step, r - share * image
        steps.append(step)
        images.append(image)
        if float(np.linalg.norm(r)) <= enough or abs(share) <= STALE * float(np.linalg.norm(r)):
            break
    return x[:n], x[n:].reshape(shape)
