"""Integer moves: a lower objective over integers k with alpha = s k, for atoms and scale given.

Around the present k the loss is modelled by its second-order expansion (exact for the
squared loss). On the model single and paired changes of k are judged in O(1) from the
kept gradient, made in O(m), until none helps; the result is accepted only if the TRUE
objective fell. Where the model is too bold, its best single changes are tried truly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.jit import njit
from qcompile.search.dyadic import dyadic, rounded
from qcompile.search.refit import Target, gram

ROUNDS = 30
TRIED_TRULY = 12
# Bits of the model's coefficients together: its ties are broken by order, not by rounding errors.
MODEL = 40


@njit(cache=True, nogil=True)
def _apply(h, g, k, j, t):  # type: ignore[no-untyped-def]
    k[j] += t
    for i in range(len(k)):
        g[i] += t * h[j, i]


@njit(cache=True, nogil=True)
def _descend(h, g, k, lam, top, limit):  # type: ignore[no-untyped-def]
    """Minimise g't + t'Ht/2 + lam |k + t|_1 over integer changes t, in place, by single and paired moves."""
    m = len(k)
    floor = 1e-12 * lam
    for _ in range(limit):
        best = -floor
        bj = -1
        bt = 0.0
        for j in range(m):
            if h[j, j] <= 0.0:
                continue
            for side in (-1.0, 1.0):
                t = np.rint(-(g[j] + side * lam) / h[j, j])
                for extra in (-1.0, 0.0, 1.0):
                    n = min(max(k[j] + t + extra, -top), top)
                    step = n - k[j]
                    gain = step * (g[j] + 0.5 * step * h[j, j]) + lam * (abs(n) - abs(k[j]))
                    if gain < best:
                        best = gain
                        bj = j
                        bt = step
        if bj >= 0:
            _apply(h, g, k, bj, bt)
            continue
        pj = -1
        pi = -1
        pa = 0.0
        pb = 0.0
        for j in range(m):
            for a in (-1.0, 1.0):
                if abs(k[j] + a) > top:
                    continue
                one = a * (g[j] + 0.5 * a * h[j, j]) + lam * (abs(k[j] + a) - abs(k[j]))
                for i in range(j):
                    for b in (-1.0, 1.0):
                        if abs(k[i] + b) > top:
                            continue
                        gain = one + b * (g[i] + a * h[j, i] + 0.5 * b * h[i, i])
                        gain += lam * (abs(k[i] + b) - abs(k[i]))
                        if gain < best:
                            best = gain
                            pj, pi, pa, pb = j, i, a, b
        if pj < 0:
            return
        _apply(h, g, k, pj, pa)
        _apply(h, g, k, pi, pb)


def objective_of(target: Target, phi: NDArray[np.float64], alpha: NDArray[np.float64]) -> float:
    """risk(Phi alpha) + lambda |alpha|_1."""
    return target.risk(phi @ alpha) + target.penalty * float(np.abs(alpha).sum())


def _best_true_move(
    target: Target, phi: NDArray[np.float64], k: NDArray[np.float64], s: float, top: int,
    g: NDArray[np.float64], diagonal: NDArray[np.float64], value: float,
) -> tuple[NDArray[np.float64], float]:  # fmt: skip
    """The best single change by one unit, among those that the model ranks first."""
    lam = target.penalty * s
    moves = []
    for t in (-1.0, 1.0):
        new = k + t
        gain = t * g + 0.5 * diagonal + lam * (np.abs(new) - np.abs(k))
        moves += [(float(gain[j]), j, t) for j in np.nonzero(np.abs(new) <= top)[0]]
    best, best_value = k, value
    f = phi @ (s * k)
    size = np.abs(k).sum()
    for _, j, t in sorted(moves)[:TRIED_TRULY]:
        v = target.risk(f + (s * t) * phi[:, j]) + lam * float(size - abs(k[j]) + abs(k[j] + t))
        if v < best_value * (1 - 1e-12):
            best = k.copy()
            best[j] += t
            best_value = v
    return best, best_value


def improve(
    target: Target, phi: NDArray[np.float64], k: NDArray[np.float64], s: float, top: int
) -> tuple[NDArray[np.float64], float]:
    """Lower the true objective by integer changes of k until no tried change helps.

    Args:
        target: loss, targets, weights, penalty.
        phi: (n, m) atom values.
        k: (m,) float64 holding integers of -top..top.
        s: the scale; alpha = s k.
        top: largest allowed |k|.

    Returns:
        k and its true objective, never above that of the k given.
    """
    value = objective_of(target, phi, s * k)
    if not len(k):
        return k, value
    for _ in range(ROUNDS):
        f = phi @ (s * k)
        h = dyadic(gram(phi, target.weight * target.loss.curvature(f, target.y)) * (s * s), MODEL)
        g = dyadic(s * (phi.T @ (target.weight * target.loss.gradient(f, target.y))), MODEL)
        new = k.copy()
        _descend(h, g.copy(), new, rounded(target.penalty * s), float(top), 4 * len(k) + 20)
        new_value = objective_of(target, phi, s * new)
        if not new_value < value * (1 - 1e-12):
            new, new_value = _best_true_move(target, phi, k, s, top, g, np.diag(h), value)
            if not new_value < value * (1 - 1e-12):
                break
        k, value = new, new_value
    return k, value
