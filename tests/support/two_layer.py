"""Random two-layer programs in the form that the kernels take."""

import numpy as np

from qcompile.kernels.contract import TwoLayer
from qcompile.model.encoder import Encoder


def form(d, m, bits, grid=(-1, 1)):
    rng = np.random.default_rng(d)
    encoder = Encoder("u", bits, [0] * d, range(d), np.full(d, -3.0), np.full(d, 2.0**bits / 6), np.zeros(d))
    u, v = (rng.choice(grid, (m, d)).astype(np.int64) for _ in range(2))
    bound, one = (d * 255) ** 2, np.ones(m, np.int64)
    return TwoLayer(
        encoder,
        u,
        one,
        0 * one,
        v,
        one,
        0 * one,
        (1, 0, 0),
        one[None],
        one[:1],
        0 * one[:1],
        d * 255,
        bound,
        m * bound,
    )
