"""Networks on images are compared on rows that fit time and memory, and their products are counted."""

import numpy as np

from qcompile.backends.compile import compile_program
from qcompile.cost.estimate import estimate
from qcompile.ir.fit import fit_types
from qcompile.ir.ops import Argmax, Conv, Input, MaxPool, Reshape, Threshold
from qcompile.ir.probe import affordable
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.run.runner import runner
from qcompile.targets.schema import load_target
from qcompile.verify.equality import outcome
from qcompile.verify.equality import test_bench as bench


def network(filters: int) -> Program:
    """Two convolutions and a pool on an image of 12 by 12."""
    rng = np.random.default_rng(filters)
    ops = (
        Input("x", ValueType("u", 8, 3, (12, 12))),
        Conv("c", ValueType("i", 64, filters, (10, 10)), "x", rng.choice((-1, 1), (filters, 3, 3, 3))),
        Threshold("t", ValueType("u", 2, filters, (10, 10)), "c", [[-99, 0, 99]] * filters, [1] * filters),
        MaxPool("m", ValueType("u", 2, filters, (5, 5)), "t", (2, 2), (2, 2)),
        Conv("d", ValueType("i", 64, 4, (3, 3)), "m", rng.integers(-7, 8, (4, 3, 3, filters))),
        Reshape("s", ValueType("i", 64, 36), "d"),
        Argmax("label", ValueType("i", 64, 1), "s"),
    )
    return fit_types(Program("images", ops, {"scores": "s", "label": "label"}))


def test_every_runtime_equals_the_interpreter_on_the_bench() -> None:
    program = network(16)
    compiled, x = compile_program(program), bench(program, 30, 0)
    for backend, name in (("numba_cpu", "host"), ("onnx_graph", "onnxruntime"), ("onnx_graph", "reference")):
        found = outcome(name, program, runner(compiled.artifacts[backend], name), x)
        assert found.equal, found.detail


def test_a_network_of_many_products_is_compared_on_fewer_rows() -> None:
    program = network(4096)
    few = affordable(program, 1000)
    assert few < 100
    assert len(bench(program, 1000, 0)) <= few + affordable(program, 1 << 20)


def test_a_convolution_costs_its_products() -> None:
    small, large = (estimate(network(n), load_target("cortex-m4")) for n in (16, 32))
    figures = {
        n: {r.operation: r.expected for r in report.select("instructions")}
        for n, report in ((16, small), (32, large))
    }
    assert 0 < figures[16]["c"] < figures[32]["c"]
    (macs,) = small.select("macs")
    assert macs.expected == 100 * 16 * 27 + 9 * 4 * 9 * 16
