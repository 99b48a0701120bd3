"""Branches: slices of the input, layers joined or added, of one scale or of several."""

from pathlib import Path

import numpy as np
import pytest
from support.dialects import rows
from support.qdq_graphs import MICROSOFT, Graph, executed, imported

from qcompile.errors import UnsupportedError
from qcompile.ir.interpret import interpret
from qcompile.ir.ops import Encode


def same(g: Graph, value: str, inputs: int, outputs: int, folder: Path, microsoft: bool = False):
    model = g.model(value, inputs, outputs, microsoft=microsoft)
    program = imported(model, folder)
    x = rows(500, inputs)
    np.testing.assert_array_equal(interpret(program, x)["values"].astype(np.float32), executed(model, x))
    return program


def sliced(g: Graph, value: str, first: int, end: int) -> str:
    ends = [g.constant([k], "at", np.int64) for k in (first, end, 1)]
    return g.node("Slice", [value, *ends])


def test_a_slice_of_the_input_is_quantized_alone(tmp_path: Path) -> None:
    g = Graph(seed=1)
    value = g.dense(g.qdq(sliced(g, "x", 3, 9)), 6, 4)
    program = same(g, value, 12, 4, tmp_path)
    (encode,) = (op for op in program.ops if isinstance(op, Encode))
    assert encode.type.length == 6


def test_two_towers_of_different_scales_meet(tmp_path: Path) -> None:
    g = Graph(seed=2)
    towers = [
        g.qdq(g.dense(g.qdq(sliced(g, "x", first, first + 6), scale), 6, 5), 4 * scale)
        for first, scale in ((0, 2.0**-4), (6, 2.0**-5))
    ]
    joined = g.qdq(g.node("Concat", towers, axis=1), 2.0**-3, 5)
    same(g, g.dense(joined, 10, 4), 12, 4, tmp_path)


@pytest.mark.parametrize("scale", (2.0**-4, 2.0**-3, 0.3))
def test_joined_layers_of_two_scales_need_no_common_quantizer(scale: float, tmp_path: Path) -> None:
    g = Graph(seed=3)
    value = g.qdq("x")
    parts = [g.qdq(g.dense(value, 12, 5), s) for s in (2.0**-4, scale)]
    model = g.model(g.dense(g.node("Concat", parts, axis=1), 10, 4), 12, 4)
    x = rows(500, 12)
    found, expected = interpret(imported(model, tmp_path), x)["values"], executed(model, x)
    if scale == 0.3:  # products and sums of 10 terms below 2^6 round in float32
        np.testing.assert_allclose(found, expected, rtol=0, atol=20 * 2.0**-24 * 2**6)
    else:
        np.testing.assert_array_equal(found.astype(np.float32), expected)


@pytest.mark.parametrize("scales", ((2.0**-4, 2.0**-4), (2.0**-4, 2.0**-6), (0.0612371, 0.0431777)))
def test_a_residual_sum_equals_float32_on_all_pairs(scales: tuple[float, float], tmp_path: Path) -> None:
    g = Graph(seed=4)
    value = g.qdq("x", scales[0], 7)
    branch = g.qdq(g.dense(value, 12, 12), scales[1], -9)
    total = g.qdq(g.node("Relu", [g.node("Add", [branch, value])]), 0.09, -128)
    program = same(g, total, 12, 12, tmp_path)
    assert not program.metadata["provenance"]["notes"]


def test_equal_sums_that_float32_rounds_differently_are_told(tmp_path: Path) -> None:
    g = Graph(seed=4)
    value = g.qdq("x", 0.061)  # 61 : 43 thousandths, and steps of 90: many sums are ties
    total = g.qdq(g.node("Add", [g.qdq(g.dense(value, 12, 12), 0.043), value]), 0.09)
    model = g.model(total, 12, 12)
    program = imported(model, tmp_path)
    assert (
        "pairs of integers have equal sums that float32 rounds differently"
        in (program.metadata["provenance"]["notes"][0])
    )
    x = rows(500, 12)
    found, expected = interpret(program, x)["values"], executed(model, x)
    assert (
        np.abs(found - expected).max() < 1.5 * 0.09 and (found.astype(np.float32) != expected).mean() < 0.01
    )


def test_a_sum_of_two_unquantized_layers_of_different_scales(tmp_path: Path) -> None:
    g = Graph(seed=5)
    parts = []
    for scale in (2.0**-7, 3 * 2.0**-9):
        parts.append(g.node("MatMul", [g.qdq("x"), g.weight(12, 6, scale=scale)]))
    same(g, g.qdq(g.node("Add", parts), 2.0**-2), 12, 6, tmp_path)


def test_quantizers_of_the_runtime_s_own_domain(tmp_path: Path) -> None:
    g = Graph(seed=6)
    value = g.qdq("x", 2.0**-4, 100, np.uint8, MICROSOFT)
    value = g.qdq(g.dense(value, 12, 7), 2.0**-4, 128, np.uint8, MICROSOFT)
    same(g, g.dense(value, 7, 3), 12, 3, tmp_path, microsoft=True)


def test_layers_of_different_shapes_are_not_joined(tmp_path: Path) -> None:
    g = Graph(seed=7)
    value = g.qdq("x")
    image = g.node("Reshape", [value, g.constant([0, 3, 2, 2], "shape", np.int64)])
    joined = g.node("Concat", [image, value], axis=1)
    with pytest.raises(UnsupportedError, match=r"Concat \(node 'Concat\d+'\).*dimension"):
        imported(g.model(joined, 12, 24), tmp_path)
