"""The float32 graph that profiles are compared with computes the same function."""

from __future__ import annotations

import numpy as np
import pytest

from qcompile.cost.float_twin import open_twin
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network, forward


@pytest.mark.parametrize("form", ["bilinear", "polynomial"])
@pytest.mark.parametrize("columns", [1, 3])
def test_the_float_graph_equals_the_integers_while_float32_holds_them(form: str, columns: int) -> None:
    rng = np.random.default_rng(columns)
    encoder = Encoder(
        "mixed",
        2,
        [0, 0, 1, 2, 3, 4],
        [0, 1, 0, 1, 1, 0],
        [0, 0, 0.5, 1, 0, 0],
        [3, 3, 1, 1, 1, 1],
        [0.3, 0.6],
    )
    u, v = rng.choice([-1, 1], (2, 7, 6))
    activation = (1, 0, 0) if form == "bilinear" else (1, -2, 3)
    network = Network(
        encoder, u, v if form == "bilinear" else u, rng.integers(-50, 51, (7, columns)), 1.0, form=form,
        activation=activation, classes=tuple("abc")[: max(2, columns)],
    )  # fmt: skip
    x = rng.random((200, 2)).astype(np.float32)
    x[:3, 1] = np.nan
    # |score| <= 7 * 50 * (18^2 + 36 + 3) < 2^24: every partial sum is an integer that float32 holds
    np.testing.assert_array_equal(open_twin(network).scores(x), forward(network, x).astype(np.float32))
