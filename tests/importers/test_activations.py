"""Activation functions between quantizers: thresholds where they are monotone, tables where they are not."""

from pathlib import Path

import numpy as np
import pytest
from support.dialects import rows
from support.qdq_graphs import MICROSOFT, Graph, executed, imported

from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Table

MONOTONE = {
    "Tanh": {},
    "Sigmoid": {},
    "LeakyRelu": {"alpha": 0.1},
    "Elu": {"alpha": 0.7},
    "Selu": {},
    "Softplus": {},
    "Softsign": {},
    "HardSigmoid": {},
    "Erf": {},
    "Celu": {"alpha": 1.5},
}
BENT = {"Gelu": {}, "HardSwish": {}, "Mish": {}}


def between(operator: str, domain: str = "", **attributes) -> Graph:
    g = Graph(seed=len(operator))
    hidden = g.qdq(g.dense(g.qdq("x"), 12, 9))
    value = g.qdq(g.node(operator, [hidden], domain, **attributes), 2.0**-6, 3)
    g.result = g.dense(value, 9, 4)
    return g


@pytest.mark.parametrize("operator", [*MONOTONE, *BENT])
def test_a_function_between_quantizers_equals_onnx_runtime(operator: str, tmp_path: Path) -> None:
    g = between(operator, **{**MONOTONE, **BENT}[operator])
    model = g.model(g.result, 12, 4)
    program = imported(model, tmp_path)
    x = rows(400, 12)
    np.testing.assert_array_equal(interpret(program, x)["values"].astype(np.float32), executed(model, x))
    assert any(isinstance(op, Table) for op in program.ops) == (operator in BENT)


@pytest.mark.parametrize("operator", ("Gelu", "QuickGelu", "FastGelu"))
def test_functions_of_the_runtime_are_known(operator: str, tmp_path: Path) -> None:
    g = between(operator, MICROSOFT)
    model = g.model(g.result, 12, 4, microsoft=True)
    x = rows(400, 12)
    found = interpret(imported(model, tmp_path), x)["values"]
    np.testing.assert_array_equal(found.astype(np.float32), executed(model, x))


def test_a_slope_per_channel_that_may_be_negative(tmp_path: Path) -> None:
    g = Graph(seed=3)
    slope = g.constant([0.5, -0.25, 0.0, 2.0, -1.0], "slope")
    value = g.node("PRelu", [g.qdq(g.dense(g.qdq("x"), 12, 5)), slope])
    model = g.model(g.dense(g.qdq(value), 5, 3), 12, 3)
    x = rows(400, 12)
    found = interpret(imported(model, tmp_path), x)["values"]
    np.testing.assert_array_equal(found.astype(np.float32), executed(model, x))


@pytest.mark.parametrize("quantized", (False, True))
def test_a_product_with_a_function_of_the_same_integers_is_a_table(quantized: bool, tmp_path: Path) -> None:
    g = Graph(seed=4)  # SiLU as exporters write it, with or without a quantizer behind the sigmoid
    hidden = g.qdq(g.dense(g.qdq("x"), 12, 6))
    gate = g.node("Sigmoid", [hidden])
    value = g.node("Mul", [hidden, g.qdq(gate, 2.0**-8, -128) if quantized else gate])
    model = g.model(g.dense(g.qdq(value), 6, 3), 12, 3)
    program = imported(model, tmp_path)
    x = rows(400, 12)
    np.testing.assert_array_equal(interpret(program, x)["values"].astype(np.float32), executed(model, x))
    assert sum(isinstance(op, Table) for op in program.ops) == 1
