"""Compiled C on emulated cores and in WebAssembly equals the interpreter; counts are exact."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from support.networks import random_network, random_rows

from qcompile.backends.c99.build import build
from qcompile.cost.counted import counted
from qcompile.cost.estimate import estimate
from qcompile.errors import UnsupportedError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.registry import names
from qcompile.run import unicorn, wasm
from qcompile.run.emulate.image import build_image
from qcompile.run.emulate.mix import classify
from qcompile.targets.schema import load_target

NEEDED = ("ziglang", "unicorn", "capstone", "elftools", "wasmtime")
MISSING = [m for m in NEEDED if not importlib.util.find_spec(m)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing: pip install 'qcompile[edge]'")
SERVED = [t for t in names("qcompile.targets", ".toml") if load_target(t).runner in ("unicorn", "wasm")]


def network(k: int, d: int = 40, m: int = 5) -> Network:
    """Ten networks: binary, ternary, 2- and 4-bit weights; 1-, 4- and 8-bit inputs; 1 to 10 classes."""
    weights, bits = ("binary", "ternary", "2bit", "4bit")[k % 4], (1, 4, 8)[k % 3]
    return random_network(k, "bilinear", weights, bits, k % 10 + 1, d, m, features=d // 2)


def rows_for(n: Network, count: int) -> np.ndarray:
    return random_rows(1, n.encoder, count)


def runner_for(artifact, target):
    return (unicorn if target.runner == "unicorn" else wasm).open_artifact(artifact, target)


def agree(target_name: str, k: int, rows: int) -> None:
    target, net = load_target(target_name), network(k)
    program, x = lower(net), rows_for(net, rows)
    runner = runner_for(build(program, target), target)
    reference = interpret(program, x)
    np.testing.assert_array_equal(runner.scores(x), reference["scores"])
    np.testing.assert_array_equal(runner.predict(x), reference["label"][:, 0])


@pytest.mark.parametrize("k", range(3))
@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0plus", "wasm32"])
def test_three_targets_agree_bit_for_bit(target: str, k: int) -> None:
    agree(target, k, 20)


@pytest.mark.slow
@pytest.mark.parametrize("k", range(10))
@pytest.mark.parametrize("target", SERVED)
def test_every_served_target_agrees_on_200_rows_for_ten_networks(target: str, k: int) -> None:
    agree(target, k, 200)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["xnor", "lut", "int8"])
@pytest.mark.parametrize("target", SERVED)
def test_every_kernel_is_exact_on_every_served_target(target: str, kernel: str) -> None:
    goal, net = load_target(target), network(4, d=201, m=7)
    program, x = lower(net), rows_for(net, 20)
    runner = runner_for(build(program, goal, kernel=kernel), goal)
    np.testing.assert_array_equal(runner.scores(x), interpret(program, x)["scores"])


@pytest.mark.parametrize("target", ["cortex-m0plus", "cortex-m4", "cortex-a53", "rv32imac"])
def test_block_counts_equal_counting_every_instruction(target: str) -> None:
    import unicorn as uc

    goal, net = load_target(target), network(0)
    runner = unicorn.open_artifact(build(lower(net), goal), goal)
    row = rows_for(net, 1)[0]
    trace = runner.count(row)
    machine, single = unicorn._Machine(runner), [0]
    machine.uc.hook_add(uc.UC_HOOK_CODE, lambda *_: single.__setitem__(0, single[0] + 1))
    machine.run(row)
    # Thumb-2 skips instructions inside IT blocks: they are issued (and cost a cycle), but this hook
    # does not see them. Without IT blocks the counts are equal.
    predicated = 4 * trace.mix.get("it", 0) + sum(4 * v for k, v in trace.mix.items() if k.startswith("it"))
    assert single[0] <= trace.instructions <= single[0] + predicated
    assert sum(trace.mix.values()) == trace.instructions == sum(trace.instructions_by_operation.values())
    assert runner.count(row) == trace
    assert 16 <= trace.stack_bytes <= 2000


def test_the_counted_report_has_every_quantity_and_adds_up() -> None:
    target, net = load_target("cortex-m4"), network(0)
    report = counted(build(lower(net), target), target, rows_for(net, 1)[0])
    for quantity in ("instructions", "cycles", "latency", "energy", "flash", "ram", "stack"):
        assert report.select(quantity, operation="total"), quantity
    (total,) = report.select("cycles", operation="total")
    parts = [r for r in report.select("cycles") if r.operation != "total"]
    assert {"encode", "tu+tv"} <= {r.operation for r in parts}
    assert sum(r.expected for r in parts) == pytest.approx(total.expected, rel=1e-9)
    in_wasm = counted(build(lower(net), load_target("wasm32")), load_target("wasm32"), rows_for(net, 1)[0])
    assert in_wasm.select("instructions")[0].expected > 100


BARS = {"cortex-m4": 0.30, "cortex-m0plus": 0.50, "cortex-a53": 0.045}


@pytest.mark.parametrize("target", BARS)
def test_instructions_per_mac_stay_below_the_bar(target: str) -> None:
    """d = 784, m = 512, 1-bit inputs, the whole call from raw floats to scores."""
    rng, d, m = np.random.default_rng(0), 784, 512
    encoder = Encoder(
        "threshold", 1, [1] * (d - 1) + [4], [*range(d - 1), 0], np.full(d, 0.5), np.ones(d), np.zeros(d - 1)
    )
    u, v = rng.choice([-1, 1], (2, m, d))
    net = Network(encoder, u, v, rng.integers(-127, 128, (m, 1)), 1.0, task="regression")
    program, goal = lower(net), load_target(target)
    runner = unicorn.open_artifact(build(program, goal), goal)
    x = rng.random((1, d - 1)).astype(np.float32)
    np.testing.assert_array_equal(runner.scores(x), interpret(program, x)["scores"])
    assert runner.count(x[0]).instructions / (2 * d * m) <= BARS[target]


def test_the_table_kernel_beats_the_int8_loop_at_4_and_8_bits() -> None:
    goal, rng, d, m = load_target("cortex-m4"), np.random.default_rng(0), 256, 128
    for bits in (4, 8):
        kinds, features = [0] * (d - 1) + [4], [*range(d - 1), 0]
        encoder = Encoder("uniform", bits, kinds, features, *np.ones((2, d)), np.zeros(d - 1))
        u, v = rng.choice([-1, 1], (2, m, d))
        program = lower(Network(encoder, u, v, np.ones((m, 1)), 1.0, task="regression"))
        row = rng.random(d - 1)
        counts = [
            unicorn.open_artifact(build(program, goal, kernel=k), goal).count(row).instructions
            for k in ("auto", "int8")
        ]
        assert counts[0] < counts[1]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cortex-m55", "rv32imc_zbb"])
def test_targets_that_no_emulator_here_runs_still_compile_and_link(target: str) -> None:
    goal = load_target(target)
    image = build_image(build(lower(network(0)), goal), goal)
    assert image.sections[".text"] > 200 and "model_scores" in image.symbols
    assert goal.compiler is not None and goal.compiler.cpu in image.build


FACTOR = {"instructions": 2.0, "latency": 2.0, "ram": 2.0, "flash": 2.5}


SLOW = [pytest.param(t, marks=pytest.mark.slow) for t in ("cortex-m0plus", "rv32imac", "cortex-a53")]


@pytest.mark.parametrize("target", ["cortex-m4", *SLOW])
def test_the_estimate_without_a_compiler_is_within_its_stated_factor(target: str) -> None:
    """Instructions, latency and RAM within a factor 2 of what is counted, flash within 2.5."""
    goal = load_target(target)
    for k in range(5):
        rng = np.random.default_rng(k)
        net = network(k, d=int(rng.integers(20, 200)), m=int(rng.integers(8, 80)))
        program = lower(net)
        real = counted(build(program, goal), goal, rows_for(net, 1)[0])
        guess = estimate(program, goal, "c99")
        for quantity, factor in FACTOR.items():
            (a,), (b,) = (r.select(quantity, operation="total") for r in (real, guess))
            assert 1 / factor <= b.expected / a.expected <= factor, (k, quantity, b.expected, a.expected)


def test_a_target_of_another_runner_is_refused_with_a_reason() -> None:
    artifact = build(lower(network(0)), load_target("host"))
    with pytest.raises(UnsupportedError, match="is run by host, not by unicorn"):
        unicorn.open_artifact(artifact)
    with pytest.raises(UnsupportedError, match="not by wasm"):
        wasm.open_artifact(artifact)
    with pytest.raises(UnsupportedError, match=r"no \[compiler\] table"):
        build_image(artifact, load_target("host"))
    with pytest.raises(UnsupportedError, match="counted by spike"):
        counted(artifact, replace(load_target("rv32imac"), runner="spike"), np.zeros(20))


@pytest.mark.parametrize(
    ("mnemonic", "operands", "kind"),
    [
        ("ldrb", "r0, [r1]", "load"), ("lbu", "a0, 0(a1)", "load"), ("strh", "r0, [r1]", "store"),
        ("c.sw", "a0, 0(a1)", "store"), ("sub", "r0, r1", "alu"),
        ("smull", "r0, r1, r2, r3", "mul_long"),
        ("mul", "a0, a1, a2", "mul"), ("udiv", "r0, r1, r2", "div"), ("vadd.f32", "s0, s1, s2", "float"),
        ("bl", "#4", "call"), ("c.bnez", "a0, 4", "branch"),
        ("b.ne", "#4", "branch"), ("bic", "r0, r1, r2", "alu"),
        ("eor", "v0.16b, v1.16b, v2.16b", "simd"), ("sb", "a0, 0(a1)", "store"), ("slli", "a0, a0, 1", "alu"),
    ],
)  # fmt: skip
def test_mnemonics_fall_into_their_class(mnemonic: str, operands: str, kind: str) -> None:
    assert classify(mnemonic, operands) == {kind: 1}


def test_every_shipped_core_is_one_that_unicorn_knows() -> None:
    pytest.importorskip("unicorn", reason="emulation needs qcompile[edge]")
    from importlib import import_module

    from qcompile.registry import names
    from qcompile.run.unicorn import _cpu_model
    from qcompile.targets.schema import load_target

    found = [load_target(name) for name in names("qcompile.targets", ".toml")]
    for target in (t for t in found if t.runner == "unicorn" and t.machine_cpu):
        arm64 = target.machine == "aarch64"
        module = import_module(f"unicorn.arm{64 if arm64 else ''}_const")
        assert _cpu_model(module, "UC_CPU_ARM64_" if arm64 else "UC_CPU_ARM_", target) >= 0
