"""-ffast-math: refused where missing cells are recognised by a comparison of floats, harmless elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.networks import random_network

from qcompile.backends.c99.build import build
from qcompile.errors import CompileError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.passes.pipeline import optimise
from qcompile.run.emulate.toolchain import host_compilers
from qcompile.run.native_c import open_artifact
from qcompile.targets.schema import load_target

FLOATS = load_target("cortex-m4")  # it has a float unit, so floats are compared as floats
FAST = ("-O2", "-ffast-math")
COMPILERS = [c for c in host_compilers() if c.name in ("gcc", "clang")]
pytestmark = pytest.mark.skipif(not COMPILERS, reason="neither gcc nor clang is installed")


def network(seed: int) -> Network:
    return random_network(seed, bits=4, d=12, m=5, columns=3)


def threshold(seed: int) -> Network:
    """One comparison per feature."""
    base = random_network(seed, bits=1, d=11, m=5, columns=3)
    at = np.random.default_rng(seed).normal(size=10).round(1)
    encoder = Encoder("threshold", 1, [1] * 10 + [4], [*range(10), 0], [*at, 0], [1.0] * 11, np.zeros(10))
    return replace(base, encoder=encoder, columns=())


def rows(features: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2, (400, features)).astype(np.float32)


@pytest.mark.parametrize("flags", [FAST, ("-O2", "-ffinite-math-only")])
@pytest.mark.parametrize("command", COMPILERS, ids=lambda c: c.name)
def test_fast_math_is_an_error_that_says_what_to_do(command, flags) -> None:
    with pytest.raises(CompileError, match="leave it out, or define QC_INPUTS_ARE_FINITE"):
        open_artifact(build(lower(network(1)), FLOATS), command, flags)


@pytest.mark.parametrize("command", COMPILERS, ids=lambda c: c.name)
def test_the_macro_lets_it_compile_and_finite_rows_stay_exact(command) -> None:
    program = lower(network(1))
    x = rows(program.input.type.length)
    core = open_artifact(build(program, FLOATS), command, (*FAST, "-DQC_INPUTS_ARE_FINITE"))
    np.testing.assert_array_equal(core.scores(x), interpret(program, x)["scores"])


@pytest.mark.parametrize("command", COMPILERS, ids=lambda c: c.name)
def test_an_encoder_in_integers_is_exact_under_fast_math_and_with_missing_cells(command) -> None:
    target = load_target("cortex-m0plus")  # no float unit: floats are compared by integer keys
    program, _ = optimise(lower(threshold(2)), target)
    artifact = build(program, target)
    x = rows(program.input.type.length)
    x[np.random.default_rng(1).random(x.shape) < 0.2] = np.nan
    core = open_artifact(artifact, command, FAST)
    np.testing.assert_array_equal(core.scores(x), interpret(program, x)["scores"])
