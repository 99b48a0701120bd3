"""Lowering keeps the meaning of a network, exactly."""

import numpy as np
import pytest
from support.networks import FORMS, random_network, random_rows

from qcompile.errors import CompileError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.model.network import Network, decide, forward

WEIGHTS = ("binary", "ternary", "2bit", "3bit", "4bit")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("bits", (1, 2, 4, 8))
def test_the_interpreter_equals_the_network(form: str, weights: str, bits: int) -> None:
    for seed, classes in enumerate((1, 2, 10)):
        network = random_network(seed, form=form, weights=weights, bits=bits, columns=classes)
        x = random_rows(seed, network.encoder, 200)
        out = interpret(lower(network), x)
        scores = forward(network, x)
        np.testing.assert_array_equal(out["scores"], scores)
        np.testing.assert_array_equal(out["label"][:, 0], decide(network, scores))
        np.testing.assert_array_equal(out["values"], scores * network.scale + network.offset)


def test_regression_has_values_and_no_label() -> None:
    network = random_network(3, task="regression")
    program = lower(network, "house prices")
    assert set(program.outputs) == {"scores", "values"}
    assert program.metadata["task"] == "regression"
    assert program.name == "house prices"


def test_a_network_without_neurons_scores_zero() -> None:
    network = random_network(4, m=0, columns=3)
    out = interpret(lower(network), random_rows(4, network.encoder, 5))
    assert not out["scores"].any()


def test_a_score_beyond_int64_is_refused_and_named() -> None:
    network = random_network(5, bits=8, d=65, m=3)
    huge = Network(
        network.encoder, network.u, network.v, network.alpha * 0 + 2**62, 1.0, classes=network.classes
    )
    with pytest.raises(CompileError, match=r"%scores may reach .* leaves 64-bit"):
        lower(huge)
