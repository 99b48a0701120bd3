"""Every family and grid from a table to code: certified, its integers the objective, the same bits."""

import numpy as np
import pytest

from qcompile import registry
from qcompile.backends import numba_cpu
from qcompile.backends.c99 import build as c99
from qcompile.backends.onnx import build as onnx_graph
from qcompile.certificate.make import check
from qcompile.data.load import load
from qcompile.errors import UnsupportedError
from qcompile.ir.lower import lower
from qcompile.model.grid import top
from qcompile.model.network import forward
from qcompile.passes.pipeline import optimise
from qcompile.problem.objective import objective
from qcompile.run import host, native_c, onnxruntime
from qcompile.targets.schema import load_target
from qcompile.train.choices import Choices
from qcompile.train.table import train
from qcompile.verify.equivalence import compare

CASES = [
    ("bilinear", "binary", None),
    ("bilinear", "ternary", None),
    ("bilinear", "2bit", None),
    ("bilinear", "3bit", None),
    ("bilinear", "4bit", None),
    ("quadratic", "binary", None),
    ("quadratic", "ternary", None),
    ("quadratic", "4bit", None),
    ("polynomial", "binary", (0.5, -0.25, 1.0)),
    ("polynomial", "ternary", (-1.0, 0.5, 0.0)),
    ("polynomial", "3bit", (0.09, 0.5, 0.47)),
]


QUICK = {("bilinear", "ternary"), ("quadratic", "ternary"), ("polynomial", "3bit")}


def marked(case):
    return pytest.param(*case, marks=() if case[:2] in QUICK else pytest.mark.slow)


@pytest.mark.parametrize(("family", "weights", "activation"), [marked(case) for case in CASES])
def test_a_table_becomes_the_same_function_on_every_backend(family, weights, activation):
    table = load("sklearn:iris")
    choices = Choices(
        encoder="uniform", bits=2, beta=0.01, neurons=6, family=family, weights=weights, activation=activation
    )
    trained = train(table, choices)
    network = trained.network
    unit = registry.load("qcompile.problem.families", family)
    for c, (problem, certificate, value) in enumerate(
        zip(trained.problems, trained.certificates, trained.objectives, strict=True)
    ):
        assert check(problem, certificate).valid and certificate.bound <= value
        alpha = network.alpha[:, c] * network.scale * unit.integer_form(problem).divisor
        assert objective(problem, network.u, network.v, alpha) == pytest.approx(value, rel=1e-9)
        assert np.abs(network.u).max() <= top(weights)
    lowered = lower(network, "model")
    program = optimise(lowered, load_target("host"))[0]
    np.testing.assert_array_equal(host_scores(program, table.x), forward(network, table.x))
    rows = table.x[::3]
    assert compare(program, onnxruntime.open_artifact(onnx_graph.build(lowered, load_target("host"))), rows)
    try:
        runner = native_c.open_artifact(c99.build(program, load_target("host")))
    except UnsupportedError as missing:
        pytest.skip(str(missing))
    assert compare(program, runner, rows)


def host_scores(program, x):
    return host.open_artifact(numba_cpu.build(program, load_target("host"))).scores(x)
