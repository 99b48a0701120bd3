"""Programs whose C and ONNX are golden files: small, seeded, never trained, so the same on every machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx

from qcompile.importers.qonnx import read_program
from qcompile.ir.fit import fit_types
from qcompile.ir.lower import lower
from qcompile.ir.ops import Affine, Argmax, Dot, Encode, Input, Poly, Threshold
from qcompile.ir.program import Program
from qcompile.ir.ternary_form import ternary_form
from qcompile.ir.types import F32, ValueType
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from support.dialects import Recipe, qonnx_model
from support.networks import random_deep, random_network
from support.programs import random_steps


@dataclass(frozen=True)
class Case:
    """What is compiled to C, and how."""

    program: Callable[[], Program]
    target: str | None = None
    layout: str = "plain"
    kernel: str = "auto"


def drawn(name: str, seed: int, **settings) -> Callable[[], Program]:
    return lambda: lower(random_network(seed, **settings), name)


def quadratic(seed: int) -> Network:
    """The square of one vector per neuron."""
    return replace(random_network(seed, "polynomial", "ternary", d=9, m=4), activation=(1, 0, 0))


def thermometer(seed: int) -> Network:
    """Three features with four thresholds each, for a regression."""
    base = random_network(seed, weights="2bit", bits=1, d=13, m=4, task="regression")
    at = np.sort(np.random.default_rng(seed).normal(size=(3, 4)).round(1), axis=1).ravel()
    feature = [*np.repeat(range(3), 4), 0]
    encoder = Encoder("thermometer", 1, [1] * 12 + [4], feature, [*at, 0], [1.0] * 13, [0.5, -0.25, 2.0])
    return replace(base, encoder=encoder, columns=("age", "weight, kg", "größe"))


def threshold(seed: int, features: int = 40) -> Network:
    """One bit per feature: more than a word of inputs, for the bitwise kernels."""
    base = random_network(seed, bits=1, d=features + 1, m=5, columns=3)
    at = np.random.default_rng(seed).normal(size=features).round(1)
    width = features + 1
    kind, feature = [1] * features + [4], [*range(features), 0]
    encoder = Encoder("threshold", 1, kind, feature, [*at, 0], [1.0] * width, np.zeros(features))
    return replace(base, encoder=encoder, columns=())


def steps() -> Program:
    """Codes that count steps, as importers make them, then a quadratic and a threshold layer."""
    rng, encoder = np.random.default_rng(5), random_steps(5, 6, 6)
    wide = lambda n: ValueType("i", 64, n)  # noqa: E731
    ops = (
        Input("x", ValueType(*F32, encoder.features)),
        Encode("c", ValueType("u", encoder.bits, encoder.width), "x", encoder),
        Dot("d", wide(5), "c", rng.integers(-3, 4, (5, encoder.width))),
        Poly("p", wide(5), "d", (1, -2, 3)),
        Threshold("t", wide(5), "p", np.sort(rng.integers(-9, 99, (5, 3)), axis=1), rng.choice([-1, 1], 5)),
        Dot("s", wide(3), "t", rng.integers(-5, 6, (3, 5))),
        Argmax("label", wide(1), "s"),
    )
    return fit_types(
        Program("counted steps", ops, {"scores": "s", "label": "label"}, classes=("a", "b", "c"))
    )


def whole() -> Program:
    """Integer rows and no encoder."""
    rng = np.random.default_rng(6)
    wide = lambda n: ValueType("i", 64, n)  # noqa: E731
    ops = (
        Input("x", ValueType("u", 4, 12)),
        Dot("t", wide(5), "x", rng.choice([-1, 1], (5, 12))),
        Affine("b", wide(5), "t", rng.integers(1, 4, 5), rng.integers(-9, 10, 5)),
        Threshold("a", wide(5), "b", np.sort(rng.integers(-20, 21, (5, 3)), axis=1), np.ones(5)),
        Dot("s", wide(3), "a", rng.integers(-5, 6, (3, 5))),
        Argmax("label", wide(1), "s"),
    )
    return fit_types(Program("whole numbers", ops, {"scores": "s", "label": "label"}, ("a", "b", "c")))


def imported(recipe: Recipe) -> Callable[[], Program]:
    """A QONNX file through the importer."""

    def read() -> Program:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "dense.onnx"
            onnx.save(qonnx_model(recipe, 1), str(path))
            return read_program(path)

    return read


DENSE = Recipe(4, 4, (6, 5, 3), bias=True, batch_norm=True, relu=True, seed=7)
BIPOLAR = Recipe(1, 1, (20, 9, 4), batch_norm=True, seed=8)
BYTES = Recipe(8, 8, (5, 4, 3), bias=True, seed=9)

CASES = {
    "binary-portable": Case(drawn("binary", 1, d=8, m=3)),
    "binary-1bit-lut": Case(drawn("tables", 2, bits=1, d=9, m=3), "cortex-m0plus", kernel="lut"),
    "ternary-arduino": Case(
        drawn("Door sensor", 3, weights="ternary", bits=2, columns=3, d=9, m=4), "cortex-m0plus", "arduino"
    ),
    "2bit-zephyr": Case(drawn("vibration", 4, weights="2bit", bits=8, d=8, m=3), "cortex-m4", "zephyr"),
    "3bit-m55": Case(drawn("wide", 5, weights="3bit", bits=3, columns=4, d=9, m=3), "cortex-m55"),
    "4bit-rv32": Case(drawn("int", 6, weights="4bit", columns=3, d=8, m=3), "rv32imac"),
    "quadratic-wasm": Case(lambda: lower(quadratic(7), "squares"), "wasm32"),
    "polynomial-neon": Case(
        drawn("poly", 8, form="polynomial", weights="ternary", columns=3, d=21, m=8), "cortex-a53"
    ),
    "polynomial-regression-zbb": Case(
        drawn("price", 9, form="polynomial", bits=2, d=9, m=3, task="regression"), "rv32imc_zbb"
    ),
    "ternary-form-m33": Case(
        lambda: lower(ternary_form(random_network(10, bits=2, d=8, m=3, columns=2)), "two squares"),
        "cortex-m33",
    ),
    "thermometer-m4": Case(lambda: lower(thermometer(11), "growth"), "cortex-m4"),
    "threshold-neon": Case(lambda: lower(threshold(12), "bits"), "cortex-a53"),
    "threshold-xnor-rv64": Case(lambda: lower(threshold(13, 70), "words"), "rv64gc", kernel="xnor"),
    "steps-wasm-simd": Case(steps, "wasm32-simd"),
    "whole-numbers-arduino": Case(whole, "cortex-m3", "arduino"),
    "deep-zephyr": Case(lambda: random_deep(4, layers=2), "cortex-m7", "zephyr"),
    "qonnx-dense-m4": Case(imported(DENSE), "cortex-m4"),
    "qonnx-bipolar-rv32": Case(imported(BIPOLAR), "rv32imc_zbb"),
    "qonnx-bytes-portable": Case(imported(BYTES)),
}

GRAPHS = {
    "binary": CASES["binary-portable"].program,
    "ternary-classes": drawn("ternary", 3, weights="ternary", bits=2, columns=3, d=9, m=4),
    "polynomial-regression": CASES["polynomial-regression-zbb"].program,
    "4bit": CASES["4bit-rv32"].program,
    "wide-scores": drawn("wide scores", 14, bits=8, d=100, m=2, columns=2),
    "thermometer": CASES["thermometer-m4"].program,
    "steps": steps,
    "deep": CASES["deep-zephyr"].program,
    "qonnx-dense": imported(DENSE),
}
