"""Every pass keeps the meaning: its own before/after, random networks, deep threshold networks."""

import inspect
import re
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from support.networks import FORMS, random_deep, random_network, random_rows

from qcompile import registry
from qcompile.errors import CompileError
from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.ops import Dot
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.ir.text import dump, parse
from qcompile.ir.verify import verify
from qcompile.model.network import Network, forward
from qcompile.passes import pipeline

PASSES = pipeline.ordered(None)


def _same(one: Program, other: Program, seed: int = 0) -> None:
    rows = np.concatenate([seeded_rows(one, 100, seed), worst_case_rows(one)])
    expected, found = interpret(one, rows), interpret(other, rows)
    assert expected.keys() == found.keys()
    for role in expected:
        np.testing.assert_array_equal(found[role], expected[role])


@pytest.mark.parametrize("name", PASSES)
def test_the_docstring_of_a_pass_is_true(name: str) -> None:
    module = registry.load("qcompile.passes", name)
    doc = inspect.getdoc(module)
    blocks = re.search(r"^Before:\n(.*?)^After:\n(.*)", doc, re.S | re.M)
    assert blocks, f"{name} has no Before: and After: in its docstring"
    before, after = (parse("qcompile-ir 1\n" + textwrap.dedent(block)) for block in blocks.groups())
    assert dump(module.run(before)) == dump(after)
    assert dump(before) != dump(after)
    _same(before, after)


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weights", ("binary", "ternary", "2bit"))
def test_a_pass_alone_keeps_the_meaning_and_repeats_to_nothing(name: str, form: str, weights: str) -> None:
    run = registry.load("qcompile.passes", name).run
    for seed in range(3):
        program = lower(random_network(seed, form=form, weights=weights, columns=1 + seed, d=3 + seed))
        once = run(program)
        verify(once)
        _same(program, once, seed)
        assert dump(run(once)) == dump(once)


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("seed", range(6))
def test_a_pass_alone_keeps_deep_threshold_networks(name: str, seed: int) -> None:
    program = random_deep(seed)
    once = registry.load("qcompile.passes", name).run(program)
    verify(once)
    _same(program, once, seed)


@pytest.mark.parametrize("seed", range(8))
def test_the_pipeline_keeps_deep_threshold_networks(seed: int) -> None:
    program = random_deep(seed)
    best, records = pipeline.optimise(program)
    _same(program, best, seed)
    assert [r.name for r in records] == list(pipeline.ordered())


def test_every_affine_before_a_dot_or_threshold_is_gone() -> None:
    best, _ = pipeline.optimise(random_deep(0))
    kinds = [type(op).__name__ for op in best.ops]
    assert "Affine" not in kinds[: kinds.index("Argmax") - 2]


def test_twins_up_to_sign_and_order_become_one_neuron() -> None:
    network = random_network(1, d=9, m=3)
    u, v = network.u, network.v
    twins = Network(
        network.encoder,
        np.concatenate([u, v, -u, u]),
        np.concatenate([v, u, -v, -v]),
        np.concatenate([network.alpha] * 4) + 500,
        network.scale,
        classes=network.classes,
    )
    best, _ = pipeline.optimise(lower(twins))
    x = random_rows(1, network.encoder, 300)
    np.testing.assert_array_equal(interpret(best, x)["scores"], forward(twins, x))
    assert max(op.weight.shape[0] for op in best.ops if isinstance(op, Dot)) <= 3


def test_the_lifted_constant_becomes_a_shift() -> None:
    network = random_network(2, d=12)
    best, _ = pipeline.optimise(lower(network))
    assert best["codes"].type.length == 11


def test_a_network_of_zeros_still_runs() -> None:
    network = random_network(3)
    dead = Network(network.encoder, network.u, network.v, network.alpha * 0, 1.0, classes=network.classes)
    best, _ = pipeline.optimise(lower(dead))
    assert not interpret(best, random_rows(0, network.encoder, 20))["scores"].any()


def test_a_pass_that_lies_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    liar = registry.load("qcompile.passes", "drop_dead")

    def run(program: Program, target: object = None) -> Program:
        wrong = [
            replace(op, weight=-op.weight) if op.result == "scores" and isinstance(op, Dot) else op
            for op in program.ops
        ]
        return fit_types(program.with_ops(tuple(wrong)))

    monkeypatch.setattr(liar, "run", run)
    with pytest.raises(CompileError, match="pass drop_dead changed the meaning of "):
        pipeline.optimise(lower(random_network(4, form="polynomial")))
