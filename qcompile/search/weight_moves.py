"""Weight moves of a neuron with one vector: which single weight change lowers the loss most.

A neuron adds alpha sigma(t_i), sigma(t) = a t^2 + b t + c, t = w'x. Changing w_k by s changes
it by alpha (sigma(t_i + s x_ik) - sigma(t_i)) =: e_i exactly; the loss changes by about
sum_i w_i (l_i e_i + h_i e_i^2 / 2). All changes of all entries are judged in one pass.
"""

from __future__ import annotations

import numpy as np

from qcompile.jit import njit

LANES = 64


@njit(cache=True, nogil=True)
def judge(xt, slope, bend, t, w, grid, alpha, a, b):  # type: ignore[no-untyped-def]
    """Modelled change of the loss for every entry and level.

    Args:
        xt: (d, n) float64, samples in columns.
        slope: (n,) w_i l_i.
        bend: (n,) w_i h_i.
        t: (n,) w'x_i.
        w: (d,) the weights.
        grid: (levels,) allowed values.
        alpha: the neuron's second-layer weight.
        a: coefficient of t^2.
        b: coefficient of t.

    Returns:
        (d, levels) float64, 0 where the level is the present one.
    """
    d, n = xt.shape
    change = np.zeros((d, len(grid)))
    parts = np.empty(LANES)  # partial sums side by side: vectorised without a freedom of order
    for k in range(d):
        row = xt[k]
        for g in range(len(grid)):
            s = grid[g] - w[k]
            if s == 0.0:
                continue
            parts[:] = 0.0
            for start in range(0, n, LANES):
                for lane in range(min(LANES, n - start)):
                    i = start + lane
                    m = s * row[i]
                    e = alpha * m * (a * (2.0 * t[i] + m) + b)
                    parts[lane] += e * (slope[i] + 0.5 * bend[i] * e)
            for lane in range(LANES):
                change[k, g] += parts[lane]
    return change
