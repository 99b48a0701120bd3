"""The ternary form of a bilinear network: equal scores on every row, in every backend."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from support.networks import random_network, random_rows

from qcompile.errors import UnsupportedError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.ternary_form import ternary_form
from qcompile.model.network import forward
from qcompile.passes.pipeline import optimise


@pytest.mark.parametrize("seed", range(8))
def test_scores_are_equal_on_every_row(seed):
    network = random_network(seed, form="bilinear", weights="binary", columns=1 + seed % 3, d=3 + 5 * seed)
    ternary = ternary_form(network)
    x = random_rows(seed, network.encoder, 64)
    np.testing.assert_array_equal(forward(ternary, x), forward(network, x))
    program = optimise(lower(ternary))[0]
    np.testing.assert_array_equal(interpret(program, x)["scores"], forward(network, x))


def test_half_of_the_weights_are_zero_and_no_square_is_there_twice():
    d = 3
    signs = np.array(list(itertools.product((-1, 1), repeat=d)), dtype=np.int8)
    pairs = np.array(list(itertools.product(range(len(signs)), repeat=2)))
    base = random_network(0, form="bilinear", weights="binary", columns=1, d=d)
    network = replace(
        base, u=signs[pairs[:, 0]], v=signs[pairs[:, 1]], alpha=np.arange(1, len(pairs) + 1)[:, None]
    )
    ternary = ternary_form(network)
    x = random_rows(1, network.encoder, 50)
    np.testing.assert_array_equal(forward(ternary, x), forward(network, x))
    assert len(np.unique(ternary.u, axis=0)) == ternary.neurons <= (3**d - 1) // 2
    one = ternary_form(replace(network, u=network.u[7:8], v=network.v[7:8], alpha=network.alpha[7:8]))
    assert np.abs(one.u).sum() == d


def test_another_grid_is_refused():
    with pytest.raises(UnsupportedError, match="bilinear networks with binary weights"):
        ternary_form(random_network(0, form="bilinear", weights="2bit", columns=1, d=4))
