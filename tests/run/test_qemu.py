"""QEMU runs what Unicorn does not know, and agrees with it instruction by instruction where both run."""

import importlib.util
import shutil
from dataclasses import replace

import numpy as np
import pytest
from support.networks import random_network, random_rows

from qcompile.backends.c99.build import build
from qcompile.cost.counted import counted
from qcompile.errors import UnsupportedError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.model.network import Network
from qcompile.run import qemu, unicorn
from qcompile.targets.schema import load_target

NEEDED = ("ziglang", "unicorn", "capstone", "elftools")
MISSING = [m for m in NEEDED if not importlib.util.find_spec(m)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing: pip install 'qcompile[edge]'")
PROGRAMS = {"rv32imc_zbb": "qemu-riscv32", "cortex-m55": "qemu-system-arm"}


def network(k: int) -> Network:
    weights, bits = ("binary", "ternary", "2bit")[k], (1, 4, 8)[k]
    return random_network(k, "bilinear", weights, bits, columns=3, d=70, m=6, features=40)


def rows_for(n: Network, count: int) -> np.ndarray:
    return random_rows(1, n.encoder, count)


SLOW = [pytest.param(k, marks=pytest.mark.slow) for k in (1, 2)]


@pytest.mark.parametrize("k", [0, *SLOW])
@pytest.mark.parametrize("target", PROGRAMS)
def test_scores_equal_the_interpreter_and_costs_are_counted(target: str, k: int) -> None:
    if not shutil.which(PROGRAMS[target]):
        pytest.skip(f"{PROGRAMS[target]} is not installed")
    goal, net = load_target(target), network(k)
    program, x = lower(net), rows_for(net, 50)
    artifact = build(program, goal)
    runner = qemu.open_artifact(artifact, goal)
    reference = interpret(program, x)
    np.testing.assert_array_equal(runner.scores(x), reference["scores"])
    np.testing.assert_array_equal(runner.predict(x), reference["label"][:, 0])
    report = counted(artifact, goal, x[0])
    (total,) = report.select("instructions", operation="total")
    assert total.origin == "measured" and "qemu" in total.source.lower() and "clang" in total.source
    parts = [r.expected for r in report.select("instructions") if r.operation != "total"]
    assert sum(parts) == total.expected > 500
    assert 16 <= report.select("stack")[0].expected <= 2000


@pytest.mark.parametrize("k", [0, *SLOW])
def test_counts_equal_those_of_unicorn(k: int) -> None:
    if not shutil.which("qemu-riscv32"):
        pytest.skip("qemu-riscv32 is not installed")
    goal, net = load_target("rv32imac"), network(k)
    artifact, row = build(lower(net), goal), rows_for(net, 1)[0]
    here = unicorn.open_artifact(artifact, goal).count(row)
    there = qemu.open_artifact(artifact, replace(goal, runner="qemu", machine_cpu="rv32")).count(row)
    assert there.instructions_by_operation == here.instructions_by_operation
    assert there.classes == here.classes and there.mix == here.mix


def test_what_is_missing_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = build(lower(network(0)), load_target("cortex-m55"))
    with pytest.raises(UnsupportedError, match="is run by unicorn, not by qemu"):
        qemu.open_artifact(artifact, load_target("cortex-m4"))
    with pytest.raises(UnsupportedError, match="asks qemu for machine 'thumb', cpu 'z80'"):
        qemu.open_artifact(artifact, replace(load_target("cortex-m55"), machine_cpu="z80"))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UnsupportedError, match="apt install qemu-system-arm"):
        qemu.open_artifact(artifact)
