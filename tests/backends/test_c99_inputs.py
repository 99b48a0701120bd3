"""The header says what to feed, and a slim row of what the model reads gives the same scores."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.networks import random_network, random_rows
from support.programs import random_steps

from qcompile.backends.artifact import Artifact
from qcompile.backends.c99.build import build
from qcompile.backends.c99.inputs import inputs_of
from qcompile.backends.c99.plan.reads import features_read
from qcompile.backends.c99.render import render
from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.ops import Argmax, Dot, Encode, Input
from qcompile.ir.program import Program
from qcompile.ir.types import F32, ValueType
from qcompile.model.network import Network
from qcompile.model.schema import Column, Schema
from qcompile.passes.pipeline import optimise
from qcompile.run.emulate.toolchain import STRICT, compile_files, host_compilers, write_files
from qcompile.run.native_c import driver_words, score_type
from qcompile.targets.schema import load_target

GCC = next((c for c in host_compilers() if c.name == "gcc"), None)
needs_gcc = pytest.mark.skipif(GCC is None, reason="gcc is not installed")
COLUMNS = (
    Column("age", "numeric", unit="years"),
    Column("colour */", "categorical", ("blue", "red \\", "*/ int x;")),
    Column("door open", "boolean"),
    Column("Age!", "numeric", offset=4e8),
    Column("start.hour", "numeric", source="start", part="hour", order="dmy"),
)

RANGES = [[18.0, 90.5], [0.0, 2.0], None, [-1.0, 7.0], "*/"]


def sparse(seed: int) -> Network:
    """Ternary weights, so that some features have only zeros behind them."""
    return random_network(seed, weights="ternary", d=8, m=2, columns=3, features=7)


def steps(seed: int) -> Program:
    """Counted steps, of which every second code has no weight."""
    encoder, wide = random_steps(seed, 6, 6), lambda n: ValueType("i", 64, n)
    weight = np.random.default_rng(seed).integers(1, 4, (3, encoder.width))
    weight[:, ::2] = 0
    ops = (
        Input("x", ValueType(*F32, encoder.features)),
        Encode("c", ValueType("u", encoder.bits, encoder.width), "x", encoder),
        Dot("s", wide(3), "c", weight),
        Argmax("label", wide(1), "s"),
    )
    return fit_types(Program("steps", ops, {"scores": "s", "label": "label"}, classes=("a", "b", "c")))


def slim_scores(artifact: Artifact, x: np.ndarray, folder: Path) -> np.ndarray:
    """Scores of slim rows by the compiled library."""
    write_files(artifact.files, folder)
    prefix = artifact.provenance["prefix"]
    words = driver_words(artifact) | {"call": f"{prefix}_scores_slim", "length": f"{prefix.upper()}_SLIM"}
    (folder / "qc_driver.c").write_text(render("driver.c", **words))
    sources = [folder / artifact.entry, folder / "qc_driver.c"]
    flags = (*STRICT, "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-I", str(folder))
    compile_files(GCC, sources, folder / "slim.so", flags)
    rows, program = np.ascontiguousarray(x), artifact.program
    scores = np.zeros((len(x), program[program.outputs["scores"]].type.length), score_type(artifact))
    library = ctypes.CDLL(str(folder / "slim.so"))
    library.qc_rows(ctypes.c_void_p(rows.ctypes.data), ctypes.c_void_p(scores.ctypes.data), len(x))
    return scores.astype(np.int64)


@pytest.mark.parametrize("seed", range(12))
def test_features_that_are_not_read_change_no_output(seed: int) -> None:
    program = lower(sparse(seed))
    unread = sorted(set(range(7)) - set(features_read(program).tolist()))
    x = random_rows(seed, sparse(seed).encoder, 60)
    other = x.copy()
    other[:, unread] = random_rows(seed + 99, sparse(seed).encoder, 60)[:, unread]
    for name, value in interpret(program, x).items():
        np.testing.assert_array_equal(value, interpret(program, other)[name])


def test_some_of_these_networks_read_fewer_features_and_none_reads_a_constant() -> None:
    counts = {len(features_read(lower(sparse(seed)))) for seed in range(12)}
    assert len(counts) > 1 and min(counts) > 0 and max(counts) < 7


@needs_gcc
@pytest.mark.parametrize("target", [None, "cortex-m4"], ids=["integer keys", "floats"])
@pytest.mark.parametrize("seed", range(4))
def test_slim_rows_have_the_scores_of_whole_rows(seed: int, target: str | None, tmp_path: Path) -> None:
    core = load_target(target) if target else None
    program, _ = optimise(lower(sparse(seed)), core)
    x = random_rows(seed, sparse(seed).encoder, 200)
    read = features_read(program)
    assert 0 < len(read) < x.shape[1]
    scores = slim_scores(build(program, core), x[:, read], tmp_path)
    np.testing.assert_array_equal(scores, interpret(program, x)["scores"])


@needs_gcc
def test_slim_rows_serve_counted_steps_too(tmp_path: Path) -> None:
    program = steps(5)
    x = np.random.default_rng(0).normal(0, 2, (200, program.input.type.length)).astype(np.float32)
    x[::7] = np.nan
    read = features_read(program)
    assert 0 < len(read) < x.shape[1]
    scores = slim_scores(build(program, load_target("cortex-m4")), x[:, read], tmp_path)
    np.testing.assert_array_equal(scores, interpret(program, x)["scores"])


def described() -> Program:
    schema = Schema(COLUMNS, "y", "classification", ("class 0", "class 1", "class 2"))
    network = replace(
        random_network(3, d=12, m=3, columns=3),
        columns=schema.names,
        provenance={
            "schema": schema.to_json(),
            "ranges": [[18.0, 90.5], [0.0, 2.0], None, [-1.0, 7.0], "*/"],
        },
    )
    return lower(network, "door")


def test_elements_have_names_units_and_codes_each_once() -> None:
    inputs = inputs_of(described())
    assert [(e.name, e.what) for e in inputs.features] == [
        ("FEATURE_AGE", "age, in years, 18 to 90.5 in training"),
        ("FEATURE_COLOUR", "colour *_, a code of its category"),
        ("FEATURE_DOOR_OPEN", "door open, 0 or 1"),
        ("FEATURE_AGE_2", "Age!, -1 to 7 in training, less 400000000"),
        ("FEATURE_START_HOUR", "start.hour, hour of start; not read"),
    ]
    assert [(e.name, e.value) for e in inputs.codes] == [
        ("CODE_COLOUR_BLUE", 0),
        ("CODE_COLOUR_RED", 1),
        ("CODE_COLOUR_INT_X", 2),
    ]


def test_a_damaged_schema_costs_the_comments_only() -> None:
    program = described()
    damaged = {"schema": {"columns": [{"name": 3}]}}
    plain = replace(program, metadata={**program.metadata, "provenance": damaged})
    names = ["age", "colour *_", "door open", "Age!", "start.hour; not read"]
    assert [e.what for e in inputs_of(plain).features] == names
    assert not inputs_of(plain).codes


@needs_gcc
@pytest.mark.parametrize("words", [("gcc", "-std=c99"), ("g++", "-x", "c++", "-std=c++11")], ids=["C", "C++"])
def test_the_enumerators_fill_a_row_without_a_warning(words, tmp_path: Path) -> None:
    write_files(build(described()).files, tmp_path)
    (tmp_path / "use.c").write_text(
        '#include "door.h"\nextern void fill(float *row);\nvoid fill(float *row)\n{\n'
        "    row[DOOR_FEATURE_AGE] = 41.5f;\n    row[DOOR_FEATURE_COLOUR] = (float)DOOR_CODE_COLOUR_RED;\n}\n"
    )
    strict = [f for f in STRICT if not f.startswith("-std")]
    command = [*words, *strict, "-fsyntax-only", "use.c"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
