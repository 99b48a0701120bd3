"""A penalty that no neuron earns: the zero network is proved optimal, and is a model like any other."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from qcompile.api import export_model, info, open_network, predict, write_model
from qcompile.backends.c99 import build as c99
from qcompile.backends.onnx.build import OPTIONS
from qcompile.certificate.check import check
from qcompile.data.load import load
from qcompile.errors import UnsupportedError
from qcompile.ir.lower import lower
from qcompile.ir.ternary_form import ternary_form
from qcompile.model.network import Network, decide, forward
from qcompile.model_file.read import read_network
from qcompile.numerals import number
from qcompile.passes.pipeline import optimise
from qcompile.problem.families import FAMILIES
from qcompile.problem.losses import LOSSES
from qcompile.problem.problem import pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.relax.methods import METHODS
from qcompile.run import native_c
from qcompile.targets.schema import load_target
from qcompile.train.choices import Choices
from qcompile.train.recheck import objectives
from qcompile.train.table import train
from qcompile.verify.equivalence import compare

ACTIVATION = {"polynomial": (0.5, 0.5, 0.25)}
COMPILER = any(map(shutil.which, ("cc", "gcc", "clang")))
# Class shares 1/2, 1/3, 1/6: the most frequent one is neither first nor last by name.
CYCLE = ("b", "b", "b", "c", "c", "a")


def table(folder: Path, classes: int | None, rows: int = 96) -> Path:
    rng = np.random.default_rng(rows)
    names = CYCLE if classes == 3 else ("b", "b", "b", "c")
    wanted = [names[i % len(names)] if classes else f"{(i % 7) ** 2 + 0.5}" for i in range(rows)]
    lines = [f"{x:.4f},{y:.4f},{w}" for (x, y), w in zip(rng.normal(size=(rows, 2)), wanted, strict=True)]
    path = folder / "t.csv"
    path.write_text("\n".join(["x,y,label", *lines]) + "\n")
    return path


def zero(folder: Path, family: str, loss: str, classes: int | None):  # type: ignore[no-untyped-def]
    task = "classification" if classes else "regression"
    source = load(str(table(folder, classes)), task=task)
    given = Choices(
        encoder="uniform", bits=2, beta=40.0, family=family, loss=loss, activation=ACTIVATION.get(family)
    )
    return source, train(source, given)


CASES = [
    (family, loss, classes)
    for family in FAMILIES.names()
    for loss in LOSSES.names()
    for classes in (2, 3, None)
    if ("regression" if classes is None else "classification") in LOSSES[loss].TASKS
]


@pytest.mark.parametrize(("family", "loss", "classes"), CASES)
def test_it_answers_the_constant_that_minimises_the_loss(
    tmp_path: Path, family: str, loss: str, classes: int | None
) -> None:
    source, trained = zero(tmp_path, family, loss, classes)
    network = trained.network
    assert network.neurons == 0
    for problem, certificate, value in zip(
        trained.problems, trained.certificates, trained.objectives, strict=True
    ):
        assert check(problem, certificate).valid
        assert 0 <= value - certificate.bound <= 1e-9 * value
    scores = forward(network, source.x)
    assert (scores == scores[0]).all()
    if classes:
        assert {network.classes[k] for k in decide(network, scores)} == {"b"}
    values = scores[0] * network.scale
    unit = LOSSES[loss]
    for c, problem in enumerate(trained.problems):
        spread = np.std(source.y[trained.train_index]) if classes is None else 1.0
        constant = values[c] / spread
        # No other constant does better, beyond the step between two of the integers.
        risks = [
            problem.weight @ unit.value(np.full(problem.n, constant + step), problem.y)
            for step in (0.0, -1e-2, 1e-2, -0.3, 0.3)
        ]
        assert min(risks) >= risks[0] - 1e-9


@pytest.mark.parametrize("classes", [2, 3, None])
def test_it_is_exported_in_every_form_and_read_back_by_every_command(
    tmp_path: Path, classes: int | None
) -> None:
    source, trained = zero(tmp_path, "bilinear", "logistic" if classes else "squared", classes)
    model = write_model(trained.network, tmp_path / "m.onnx")
    for form in OPTIONS:
        if form == "custom" and not COMPILER:
            continue
        path = tmp_path / f"{form}.onnx"
        verified = export_model(model, path, form).record.verified
        assert verified is None or verified.equal, form
        assert equal(read_network(path), trained.network), form
        assert info(path).record.onnx.form == form
    assert len(predict(model, tmp_path / "t.csv").predictions) == len(source.x)


@pytest.mark.parametrize("family", FAMILIES.names())
@pytest.mark.parametrize("classes", [2, 3, None])
def test_kernels_and_c_give_its_scores(tmp_path: Path, family: str, classes: int | None) -> None:
    source, trained = zero(tmp_path, family, "squared", classes)
    networks = [trained.network]
    if family == "bilinear":
        networks.append(ternary_form(trained.network))
    for network in networks:
        wanted = forward(network, source.x)
        np.testing.assert_array_equal(wanted, forward(trained.network, source.x))
        for target in ("host", "onnxruntime"):
            np.testing.assert_array_equal(open_network(network, target).scores(source.x), wanted)
        program = optimise(lower(network), load_target("host"))[0]
        try:
            runner = native_c.open_artifact(c99.build(program, load_target("host")))
        except UnsupportedError as missing:
            pytest.skip(str(missing))
        assert compare(program, runner, source.x)


@pytest.mark.parametrize("method", [m for m in METHODS.names() if m != "cvxpy_sdp"])
@pytest.mark.parametrize("family", FAMILIES.names())
@pytest.mark.parametrize("loss", [name for name in LOSSES.names() if "regression" in LOSSES[name].TASKS])
def test_targets_that_are_all_zero_are_solved_by_the_zero_network(
    method: str, family: str, loss: str
) -> None:
    q = np.random.default_rng(0).choice([-1, 1], (30, 5))
    problem = pose(q, 1, np.zeros(30), 0.05, loss=loss, family=family, activation=ACTIVATION.get(family))
    solution = solve(problem, method)
    certificate = certify(problem, solution)
    assert solution.objective == 0.0 and check(problem, certificate).valid
    assert -1e-270 <= certificate.bound <= 0.0


def equal(one: Network, other: Network) -> bool:
    arrays = all(np.array_equal(getattr(one, n), getattr(other, n)) for n in ("u", "v", "alpha", "bias"))
    plain = ("scale", "offset", "form", "activation", "weights", "task", "classes", "columns")
    encoders = all(
        np.array_equal(getattr(one.encoder, n), getattr(other.encoder, n))
        for n in ("kind", "feature", "shift", "gain", "fill")
    )
    return arrays and encoders and all(getattr(one, n) == getattr(other, n) for n in plain)


def test_its_stated_objective_is_recomputed_and_a_bound_of_zero_is_shown_as_zero(tmp_path: Path) -> None:
    source, trained = zero(tmp_path, "bilinear", "logistic", 2)
    assert objectives(trained.network, source, list(trained.problems)) == list(trained.objectives)
    q = np.random.default_rng(0).choice([-1, 1], (30, 5))
    problem = pose(q, 1, np.zeros(30), 0.05)
    certificate = certify(problem, solve(problem))
    assert certificate.bound < 0.0 and number(certificate.bound, down=True) == "0"
    assert certificate.gap(0.0) == 0.0
