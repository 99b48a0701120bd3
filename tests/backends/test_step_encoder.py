"""Codes that count steps: the same in every back-end, at, just below and just above every step."""

import numpy as np
import pytest
from support.programs import random_steps

from qcompile.backends import numba_cpu
from qcompile.backends.c99 import build as c99
from qcompile.backends.onnx import build as onnx_graph
from qcompile.backends.onnx.step_encoder import _line
from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Dot, Encode, Input
from qcompile.ir.probe import seeded_rows
from qcompile.ir.program import Program
from qcompile.ir.text import dump, parse
from qcompile.ir.types import F32, ValueType
from qcompile.model.step_encoder import StepEncoder, codes
from qcompile.run import host, native_c, onnxruntime, reference
from qcompile.run.emulate.toolchain import host_compilers


def program(encoder: StepEncoder) -> Program:
    rng = np.random.default_rng(1)
    weight = rng.integers(-3, 4, (5, encoder.width))
    wide = ValueType("i", 64, 5)
    ops = (
        Input("x", ValueType(*F32, encoder.features)),
        Encode("c", ValueType("u", encoder.bits, encoder.width), "x", encoder),
        Dot("s", wide, "c", weight),
    )
    return fit_types(Program("p", ops, {"scores": "s"}))


def rows_of(p: Program) -> np.ndarray:
    rows = seeded_rows(p, 300, 1)
    return np.concatenate([rows, np.full((1, rows.shape[1]), np.nan, np.float32)])


@pytest.mark.parametrize("seed", range(24))
def test_every_back_end_counts_the_same_steps(seed: int) -> None:
    p = program(random_steps(seed, 6, 6 if seed % 2 else 9))
    x = rows_of(p)
    expected = interpret(p, x)["scores"]
    np.testing.assert_array_equal(host.open_artifact(numba_cpu.build(p)).scores(x), expected)
    graph = onnx_graph.build(p)
    np.testing.assert_array_equal(onnxruntime.open_artifact(graph).scores(x), expected)
    if seed < 6:
        np.testing.assert_array_equal(reference.open_artifact(graph).scores(x), expected)
    assert dump(parse(dump(p))) == dump(p)


@pytest.mark.skipif(not host_compilers(), reason="no C compiler is installed")
@pytest.mark.parametrize("seed", range(4))
def test_compiled_c_counts_the_same_steps(seed: int) -> None:
    p = program(random_steps(seed, 6, 6 if seed % 2 else 9))
    x = rows_of(p)
    found = native_c.open_artifact(c99.build(p)).scores(x)
    np.testing.assert_array_equal(found, interpret(p, x)["scores"])


def test_a_code_is_the_number_of_steps_reached() -> None:
    for seed in range(20):
        e = random_steps(seed, 4, 4)
        x = rows_of(program(e))
        filled = np.where(np.isnan(x), e.fill, x)[:, e.feature]
        expected = (filled[:, :, None] >= e.steps).sum(axis=2)
        np.testing.assert_array_equal(codes(e, x), expected)


def test_evenly_spaced_steps_are_guessed_and_others_counted() -> None:
    even = np.float32(0.1) * (np.arange(255, dtype=np.float32) - 127)
    assert _line(even) is not None
    assert _line(even**3) is None and _line(even + np.float32(1e9)) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": [[2.0, 1.0]]}, "must ascend"),
        ({"steps": [[np.nan]]}, "not be NaN"),
        ({"steps": np.zeros((1, 256))}, "allowed are"),
        ({"steps": np.zeros((3, 2))}, "allowed are"),
        ({"feature": [0, 5]}, "feature must lie"),
        ({"fill": [0.0, np.inf]}, "fill must be finite"),
    ],
)
def test_an_impossible_encoder_is_refused(change: dict, message: str) -> None:
    given = {"name": "imported", "feature": [0, 1], "steps": [[0.0, 1.0]], "fill": [0.0, 0.0], **change}
    with pytest.raises(ValueError, match=message):
        StepEncoder(**given)
