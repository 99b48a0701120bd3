"""The two-layer form of an optimised network is the network."""

import numpy as np
import pytest
from support.networks import FORMS, random_deep, random_network, random_rows

from qcompile.ir.interpret import interpret_all
from qcompile.ir.lower import lower
from qcompile.ir.two_layer import two_layer
from qcompile.kernels.contract import two_layer_reference
from qcompile.model.network import forward
from qcompile.passes.pipeline import optimise


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weights", ("binary", "ternary", "3bit"))
@pytest.mark.parametrize("d", (2, 9, 65))
def test_the_form_of_an_optimised_network_has_its_scores(form: str, weights: str, d: int) -> None:
    network = random_network(d, form=form, weights=weights, d=d, columns=1 + d % 3, bits=1 + d % 8)
    program, _ = optimise(lower(network))
    found = two_layer(program)
    assert found is not None
    x = random_rows(d, network.encoder, 200)
    np.testing.assert_array_equal(two_layer_reference(found, x), forward(network, x))
    assert found.weights in ("binary", "ternary", "integer")
    values = interpret_all(program, x)
    assert np.abs(values["h"]).max() <= found.h_bound
    assert np.abs(values["scores"]).max() <= found.score_bound


def test_other_programs_are_not_two_layer_networks() -> None:
    assert two_layer(random_deep(1)) is None
    assert two_layer(optimise(random_deep(1))[0]) is None
    assert two_layer(lower(random_network(1))) is None  # odd levels between encoder and dot
